"""The words of a summary."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cxstream.context.contact import Contact
from cxstream.events import Signal, from_ms
from cxstream.execute.summary import summarise

START_MS = 1_790_000_000_000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (50, "50 s"),
        (243, "4 min 3 s"),
        (300, "5 min"),
        (14_643, "4 h 4 min"),
        (7_200, "2 h"),
        (183_600, "2 d 3 h"),
    ],
)
def test_how_long_it_took_is_told_as_people_tell_it(seconds: int, words: str) -> None:
    contact = Contact(started_ms=START_MS, channel="email", last_ms=START_MS + seconds * 1000)
    ended = Signal(
        id="s-1",
        kind="conversation.ended",
        conversation_id="c-1",
        channel="email",
        event_time=from_ms(START_MS) + timedelta(seconds=seconds),
        seq=1,
        conversation={"age_s": seconds},
    )
    assert summarise(ended, contact).text.startswith(f"email of {words} about no clear topic;")
