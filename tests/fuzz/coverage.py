"""The decoders under atheris, which follows coverage: `coverage.py [NAME] [-max_total_time=60 ...]`.

By hand, since atheris brings libFuzzer and is not built for every Python (3.11 on Linux x86-64 was tried):

    .venv/bin/pip install atheris
    .venv/bin/python tests/fuzz/coverage.py 'topic transcripts' -max_total_time=60
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "desk"), str(HERE.parent)]


def main() -> None:
    """Feed one decoder until told to stop; whatever it raises beyond its promise ends the run."""
    name, *options = sys.argv[1:] or ["topic transcripts"]
    with atheris.instrument_imports(include=["cxstream"]):
        from decoders import DECODERS
    decoder = next(decoder for decoder in DECODERS if decoder.name == name)
    folder = Path(tempfile.mkdtemp())
    seeds = folder / "seeds"
    seeds.mkdir()
    for number, sample in enumerate(decoder.samples):
        (seeds / str(number)).write_bytes(sample)

    def feed(value: bytes) -> None:
        with contextlib.suppress(*decoder.raises):
            decoder.read(value, folder)

    atheris.Setup([sys.argv[0], *options, str(seeds)], feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
