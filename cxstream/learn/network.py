"""The encoder and its heads as they are while they learn, and the numbers that say how they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertModel

from cxstream.understand.heads import LABELS

CPUINFO: Final = Path("/proc/cpuinfo")
HALVES: Final = frozenset(("amx_bf16", "avx512_bf16"))


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the encoder is tuned.

    `rounds`: source -> how often each of its texts is seen. `weights`: head -> how much its loss counts.
    `rate` is the highest learning rate, that of the last layer; each layer below has `fade` of the one above.
    `share` is how much of a kept layer is the tuned one; the rest is the layer as it came.
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
    threads: int


class Network(nn.Module):
    """The encoder and its heads, as they are while they learn."""

    def __init__(self, folder: Path, fine: Mapping[str, int], plan: Tuning) -> None:
        super().__init__()
        config = BertConfig.from_json_file(folder / "config.json")
        config._attn_implementation = "sdpa"
        config.attention_probs_dropout_prob = 0.0  # with it attention is not fused; states drop out
        self.bert = BertModel(config, add_pooling_layer=False)
        weights = load_file(folder / "model.safetensors")
        self.bert.load_state_dict(
            {name.removeprefix("bert."): value.float() for name, value in weights.items()},
            strict=False,  # a pooler, which is not used, may be there
        )
        for parameter in self.bert.embeddings.parameters():
            parameter.requires_grad_(False)
        self.width = int(self.bert.config.hidden_size)
        self.halved = multiplies_halves()
        self.heads = nn.ModuleDict(
            {
                name: nn.Sequential(
                    nn.Linear(2 * self.width + 4, plan.hidden),
                    nn.ReLU(),
                    nn.Dropout(plan.dropout),
                    nn.Linear(plan.hidden, len(labels)),
                )
                for name, labels in LABELS.items()
            }
        )
        self.fine = nn.ParameterDict(
            {name: nn.Parameter(torch.randn(count, self.width)) for name, count in fine.items()}
        )
        self.fine_tone = nn.Linear(2 * self.width + 4, fine.get("goemotions", 1))

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors of the texts (means over their tokens) and of their first tokens."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.halved):
            states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        states = states.float()
        share = mask.unsqueeze(2).float()
        mean = (states * share).sum(1) / share.sum(1)
        return functional.normalize(mean, dim=1), functional.normalize(states[:, 0], dim=1)


def multiplies_halves(cpuinfo: Path = CPUINFO) -> bool:
    """Whether this processor multiplies bfloat16 itself; to imitate it takes ten times as long as float32."""
    try:
        flags = cpuinfo.read_text(encoding="utf-8").split()
    except OSError:
        return False
    return not HALVES.isdisjoint(flags)
