"""The encoder against the pipeline a user writes first, side by side on one core, as JSON.

    .venv/bin/python benchmarks/encoder.py [--texts 256] [--rounds 4]

Every variant gets the same texts in turns, round after round, on one thread; what counts is the time of its
own thread on the processor, so that neighbours on the machine disturb less, and the best round of each. The
peak is that of a product of 1024 by 1024 numbers in single precision, measured between the rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from conversations import source, texts

from cxstream.bootstrap import shipped_models
from cxstream.understand.minilm import MiniLm, packaged
from cxstream.understand.normalise import normalise
from cxstream.understand.whole import has_instructions

BATCH = 64
SIDE = 1024


def pipeline() -> Callable[[str], object]:
    """What a user writes first: a transformers pipeline on the same encoder."""
    from transformers import AutoTokenizer, BertModel
    from transformers import pipeline as make

    folder = str(packaged())
    bert = BertModel.from_pretrained(folder, local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    made: Callable[[str], object] = make("feature-extraction", model=bert, tokenizer=tokenizer)
    return made


def in_batches(encoder: MiniLm, said: Sequence[str], size: int) -> None:
    """Encode all, so many at a time."""
    for start in range(0, len(said), size):
        encoder.encode(said[start : start + size])


def one_by_one(asked: Callable[[str], object], said: Sequence[str]) -> None:
    """Ask for each text by itself."""
    for text in said:
        asked(text)


def peak_flops() -> float:
    """Floating-point operations a second of a large product, single precision, one thread."""
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    return 2 * SIDE**3 / min(_seconds(lambda: torch.mm(a, b)) for _ in range(5))


def measure(count: int, rounds: int) -> dict[str, Any]:
    """Run every variant in turns."""
    torch.set_num_threads(1)
    said = [normalise(text) for text in texts(count)]
    layers = shipped_models() / "encoder" / "layers.safetensors"
    exact = MiniLm(tuned=layers)
    whole = MiniLm(tuned=layers, precision="int8")
    asked = pipeline()
    variants: dict[str, Callable[[], None]] = {
        "pipeline": lambda: one_by_one(asked, said),
        "fp32 alone": lambda: in_batches(exact, said, 1),
        "fp32": lambda: in_batches(exact, said, BATCH),
        "int8 alone": lambda: in_batches(whole, said, 1),
        "int8": lambda: in_batches(whole, said, BATCH),
    }
    took: dict[str, list[float]] = {name: [] for name in variants}
    peaks: list[float] = []
    for _ in range(rounds):
        for name, run in variants.items():
            took[name].append(_seconds(run))
        peaks.append(peak_flops())
    tokens = sum(map(len, exact.tokenise(said)))
    rates = {name: count / min(seconds) for name, seconds in took.items()}
    useful = rates["fp32"] / count * tokens * _flops_a_token(exact)
    return {
        "ratios": {
            "encoder_fp32_vs_pipeline": round(rates["fp32"] / rates["pipeline"], 2),
            "encoder_int8_vs_pipeline": round(rates["int8"] / rates["pipeline"], 2),
            "encoder_fp32_share_of_gemm_peak": round(useful / max(peaks), 3),
        },
        "texts_a_second": {name: round(rate, 1) for name, rate in rates.items()},
        "spread": {
            name: round((max(seconds) - min(seconds)) / statistics.median(seconds), 3)
            for name, seconds in took.items()
        },
        "tokens_a_text": round(tokens / count, 1),
        "peak_gflops": round(max(peaks) / 1e9, 1),
        "vnni": has_instructions(),
        "fused": exact.fused and whole.fused,
        "text": source(),
    }


def _flops_a_token(encoder: MiniLm) -> float:
    """Two operations a weight of the linear layers; attention, norms and the rest are not counted."""
    hidden = encoder.sentence
    return 2.0 * 6 * (4 * hidden * hidden + 2 * hidden * 4 * hidden)


def _seconds(run: Callable[[], object]) -> float:
    began = time.thread_time()
    run()
    return time.thread_time() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=4)
    given = parser.parse_args()
    sys.stdout.write(json.dumps(measure(given.texts, given.rounds)) + "\n")


if __name__ == "__main__":
    main()
