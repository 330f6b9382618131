"""Whatever comes in: cxstream's own errors come out, short ones that name a field and a mend, and soon.

`make fuzz` plays it longer (CXSTREAM_FUZZ examples a decoder). What it finds goes into `test_found.py`.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from decoder import Decoder
from decoders import DECODERS
from examples import NASTY, mangled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxstream.errors import RecordError

EXAMPLES = int(os.environ.get("CXSTREAM_FUZZ", "25"))
WITHIN_S = 2.0
"""Of processor time, for one example: whoever needs longer can be made to need an hour."""
LONGEST_ERROR = 4_000

battery = pytest.mark.parametrize("decoder", DECODERS, ids=lambda d: d.name.replace(" ", "-"))


def feed(decoder: Decoder, value: bytes, folder: Path) -> None:
    """Let it read, and hold it to its promise."""
    began = time.process_time()
    try:
        decoder.read(value, folder)
    except decoder.raises as error:
        assert len(str(error)) <= LONGEST_ERROR, f"an error of {len(str(error))} characters"
        assert str(error), "an error without a word"
        if isinstance(error, RecordError):
            assert error.field and error.mend and error.reason.isidentifier()
    assert time.process_time() - began < WITHIN_S


@battery
def test_takes_what_it_should(decoder: Decoder, tmp_path: Path) -> None:
    """A battery over samples that are refused would find nothing."""
    if decoder.takes:
        decoder.read(decoder.samples[0], tmp_path)
    for sample in decoder.samples:
        feed(decoder, sample, tmp_path)


@battery
def test_refuses_what_is_nasty(decoder: Decoder, tmp_path: Path) -> None:
    for value in NASTY:
        feed(decoder, value, tmp_path)


@battery
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_refuses_what_is_near(decoder: Decoder, tmp_path: Path, data: st.DataObject) -> None:
    feed(decoder, data.draw(mangled(decoder.samples)), tmp_path)
