"""A BERT of a few hundred weights, for what is tuned in tests."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import BertConfig, BertModel


def save_tiny_bert(place: Path, tokens: int) -> Path:
    """Write one with so many tokens to a folder, the same each time; the folder."""
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=tokens,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
    )
    BertModel(config).save_pretrained(place)
    return place
