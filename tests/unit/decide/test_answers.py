"""What became of cards: ignored only what was shown, not acted on only what was accepted."""

from __future__ import annotations

import pytest

from cxstream.context.given import Given
from cxstream.context.standing import Response
from cxstream.decide.answers import left_open

CARD = Given("r", "c", "n-1", 0, 10, "nudge")
DEED = Given("r", "c", "a-1", 0, 10, "action")


def heard(*kinds: str, decision: str = "n-1") -> list[Response]:
    return [Response("r", kind, n, f"{decision}{n}", decision) for n, kind in enumerate(kinds)]


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        ([], []),
        (heard("shown"), [("r", "ignored")]),
        (heard("shown", "dismissed"), []),
        (heard("shown", "later"), []),
        (heard("shown", "ignored"), []),
        (heard("shown", "accepted"), [("r", "accepted_not_acted")]),
        (heard("shown", "accepted", "acted"), []),
        (heard("shown", "accepted", "overridden"), []),
        (heard("accepted") + heard("confirmed", decision="a-1"), []),
        (heard("accepted") + heard("failed", decision="a-1"), [("r", "accepted_not_acted")]),
    ],
)
def test_what_is_left_open(responses: list[Response], expected: list[tuple[str, str]]) -> None:
    assert list(left_open([CARD, DEED], responses, "c")) == expected
    assert list(left_open([CARD, DEED], responses, "another")) == []
