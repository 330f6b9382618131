"""Teachers: bigger encoders, tuned on the same lessons, whose answers the small one learns beside the labels.

A label says that a comment is neutral; a teacher says how nearly it was not, and answers for any words. Two
teachers that differ by their seeds are asked, and their mean is told: where they differ, it is not sure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from cxstream.errors import ModelError
from cxstream.learn.network import Network, device

STEP: Final = 512
"""Texts of like length that are asked about at once."""

Told = dict[str, Tensor]
"""Head -> the raw outputs (n, labels); `fine_tone` has those of GoEmotions' own labels."""


class Teacher:
    """One tuned network and its tokenizer."""

    def __init__(self, network: Network, tokenise: Callable[[Sequence[str]], list[list[int]]]):
        self._network = network.eval().to(device())
        self._tokenise = tokenise

    @torch.no_grad()
    def tell(
        self, texts: Sequence[str], tones: Tensor, report: Callable[[str, float], None]
    ) -> Told:
        """The outputs of every head for normalised texts, in their order, on the network's device."""
        net = self._network
        tones = tones.to(net.fine_tone.weight.device)
        heads = dict(net.heads.items())
        if "goemotions" in net.fine:
            heads["fine_tone"] = net.fine_tone
        ids = self._tokenise(texts)
        order = np.argsort([len(text) for text in ids], kind="stable")
        parts: dict[str, list[Tensor]] = {}
        for start in range(0, len(order), STEP):
            report("asking the teacher", start / len(order))
            rows = order[start : start + STEP]
            vectors, firsts = net(*net.padded([ids[row] for row in rows]))
            read = net.reading(vectors, firsts, tones[rows], 0.0)
            for name, head in heads.items():
                parts.setdefault(name, []).append(head(read))
        back = torch.from_numpy(np.argsort(order, kind="stable"))
        return {name: torch.cat(found)[back.to(found[0].device)] for name, found in parts.items()}


def tokeniser(folder: Path, tokens: int) -> Callable[[Sequence[str]], list[list[int]]]:
    """Token ids, with the special ones, as the encoder in a folder wants them; ModelError where none is."""
    try:
        made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as problem:
        raise ModelError(f"no tokenizer.json in {folder}: {problem}") from problem
    made.no_padding()
    made.enable_truncation(tokens)
    return lambda texts: [found.ids for found in made.encode_batch_fast(list(texts))]


def fingerprint(folder: Path) -> str:
    """SHA-256 of the weights in a folder; ModelError where there are none."""
    try:
        return sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    except OSError as problem:
        raise ModelError(
            f"no encoder in {folder}: model.safetensors is missing; give a folder in the layout of transformers"
        ) from problem


def together(told: Sequence[Told]) -> Told:
    """What several teachers say together; nothing where there is none."""
    names = told[0].keys() if told else ()
    return {name: torch.stack([one[name] for one in told]).mean(0) for name in names}
