"""The encoder and its heads as they are while they learn, and the numbers that say how they do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel

from cxstream.errors import ModelError
from cxstream.understand.heads import LABELS
from cxstream.understand.labels import MOODS

TAUGHT: Final = LABELS | {"mood": MOODS}
"""The heads that learn with the encoder, and their labels."""

CPUINFO: Final = Path("/proc/cpuinfo")
HALVES: Final = frozenset(("amx_bf16", "avx512_bf16"))


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the encoder is tuned.

    `rounds`: source -> how often each of its texts is seen. `weights`: head -> how much its loss counts.
    `rate` is the highest learning rate, that of the last layer; each layer below has `fade` of the one above.
    `share` is how much of a kept layer is the tuned one; the rest is the layer as it came. `dropped` is the
    share of the words that are left out each time a text is seen. `told` is how much a teacher's answers
    count beside the labels, where there is a teacher (see `learn.teacher`). `counts` is what this run counts in
    the mean of several.
    """

    rounds: Mapping[str, float]
    weights: Mapping[str, float]
    batch: int
    rate: float
    fade: float
    warmup: float
    decay: float
    dropout: float
    hidden: int
    tokens: int
    memory: float
    share: float
    dropped: float
    told: float
    counts: float
    threads: int


class Network(nn.Module):
    """An encoder and its heads, as they are while they learn; `folder` is in the layout of transformers."""

    def __init__(self, folder: Path, fine: Mapping[str, int], plan: Tuning) -> None:
        super().__init__()
        self.body = _encoder(folder)
        for parameter in self.body.embeddings.parameters():
            parameter.requires_grad_(False)
        self.width = int(self.body.config.hidden_size)
        self.padding = int(self.body.config.pad_token_id or 0)
        self.heads = nn.ModuleDict(
            {
                name: nn.Sequential(
                    nn.Linear(2 * self.width + 4, plan.hidden),
                    nn.ReLU(),
                    nn.Dropout(plan.dropout),
                    nn.Linear(plan.hidden, len(labels)),
                )
                for name, labels in TAUGHT.items()
            }
        )
        self.fine = nn.ParameterDict(
            {name: nn.Parameter(torch.randn(count, self.width)) for name, count in fine.items()}
        )
        self.fine_tone = nn.Linear(2 * self.width + 4, fine.get("goemotions", 1))
        self.halved = multiplies_halves()

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors of the texts (means over their tokens) and of their first tokens."""
        halved = self.halved or ids.is_cuda
        with torch.autocast(ids.device.type, dtype=torch.bfloat16, enabled=halved):
            states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        states = states.float()
        share = mask.unsqueeze(2).float()
        mean = (states * share).sum(1) / share.sum(1)
        return functional.normalize(mean, dim=1), functional.normalize(states[:, 0], dim=1)

    def padded(self, texts: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
        """Token ids and mask of some texts, on the device where this network is."""
        longest = max(map(len, texts))
        ids = torch.tensor([ids + [self.padding] * (longest - len(ids)) for ids in texts])
        mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in texts])
        device = self.fine_tone.weight.device
        return ids.to(device), mask.to(device)

    def reading(self, vectors: Tensor, firsts: Tensor, tones: Tensor, dropout: float) -> Tensor:
        """What the heads read: both vectors stretched to a spread of about 1, and the tone, never dropped."""
        read = torch.cat([vectors, firsts], 1) * math.sqrt(self.width)
        return torch.cat([functional.dropout(read, dropout), tones], 1)


def _encoder(folder: Path) -> Any:
    """The encoder in a folder, in float32; ModelError where there is none that transformers can load."""
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        config._attn_implementation = "sdpa" if config.model_type == "bert" else "eager"
        config.attention_probs_dropout_prob = 0.0  # with it attention is not fused; states drop out
        body = AutoModel.from_config(config, add_pooling_layer=False).float()
        weights = load_file(folder / "model.safetensors")
    except (OSError, ValueError, TypeError, KeyError, SafetensorError) as problem:
        raise ModelError(f"the encoder in {folder} cannot be loaded: {problem!r}") from problem
    body.load_state_dict(
        {name.removeprefix("bert."): value.float() for name, value in weights.items()},
        strict=False,  # a pooler, which is not used, may be there
    )
    return body


def device() -> torch.device:
    """Where to train: on a GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def multiplies_halves(cpuinfo: Path = CPUINFO) -> bool:
    """Whether this processor multiplies bfloat16 itself; to imitate it takes ten times as long as float32."""
    try:
        flags = cpuinfo.read_text(encoding="utf-8").split()
    except OSError:
        return False
    return not HALVES.isdisjoint(flags)
