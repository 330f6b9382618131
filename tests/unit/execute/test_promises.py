"""Promises in words: how many are found, how many that are found are some, and when they are due."""

from __future__ import annotations

import timeit
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
import yaml

from cxstream.events import to_ms
from cxstream.execute.promises import find, had_in, kept_in

LONDON = ZoneInfo("Europe/London")
SAID_MS = to_ms(datetime(2026, 11, 25, 10, 30, tzinfo=LONDON))
PRECISION, RECALL, KIND, DUE = 0.95, 0.90, 0.95, 0.95
"""Floors over our own two hundred sentences; measured values are printed."""


class Written(NamedTuple):
    """A sentence that is a promise, as a person reads it; `due` None where no time is named."""

    text: str
    what: str
    due: datetime | None


def sentences() -> tuple[list[Written], list[str]]:
    given = yaml.safe_load((Path(__file__).parent / "promises.yaml").read_text("utf-8"))
    promises = [
        Written(
            text,
            what,
            None if due == "~" else datetime.strptime(due, "%Y-%m-%d %H:%M").replace(tzinfo=LONDON),
        )
        for text, what, due in given["promises"]
    ]
    return promises, given["traps"]


def test_two_hundred_sentences_half_of_them_traps() -> None:
    promises, traps = sentences()
    assert (len(promises), len(traps)) == (100, 100)
    assert len({p.text for p in promises} | set(traps)) == 200
    missed = [p.text for p in promises if not find(p.text, SAID_MS, LONDON)]
    taken_in = [t for t in traps if find(t, SAID_MS, LONDON)]
    hits = len(promises) - len(missed)
    precision, recall = hits / (hits + len(taken_in)), hits / len(promises)
    of_kind = of_due = 0
    wrong = []
    for promise in promises:
        for found in find(promise.text, SAID_MS, LONDON)[-1:]:
            of_kind += found.what == promise.what
            due_ok = promise.due is None or found.due_ms == to_ms(promise.due)
            of_due += due_ok
            if found.what != promise.what or not due_ok:
                due = datetime.fromtimestamp(found.due_ms / 1000, LONDON)
                wrong.append(f"{promise.text} -> {found.what} {due:%a %Y-%m-%d %H:%M}")
    print(f"promises: precision {precision:.3f}, recall {recall:.3f};", end=" ")
    print(f"of those found, kind {of_kind / hits:.3f}, due time {of_due / hits:.3f}")
    for title, lines in (("missed", missed), ("taken in", taken_in), ("read wrongly", wrong)):
        print(f"{title}:", *lines, sep="\n  ")
    assert precision >= PRECISION and recall >= RECALL
    assert of_kind / hits >= KIND and of_due / hits >= DUE


NOTHING = [
    "Thanks for calling, my name is Tom, how can I help you today?",
    "I can see the bill here, it has two charges on the third of November, one of them is from the old plan.",
    "Could you read me the number on the back of the router, please? It begins with an S.",
]


def test_a_text_without_a_promise_costs_little() -> None:
    """The floor is generous for busy machines; a quiet one takes some 2 microseconds."""
    for text in NOTHING:
        assert find(text, SAID_MS, LONDON) == ()
        best = min(timeit.repeat(lambda t=text: find(t, SAID_MS, LONDON), number=200, repeat=5))  # type: ignore[misc]
        print(f"promises: {best / 200 * 1e6:.1f} us without one")
        assert best / 200 < 200e-6


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ("I'll call you back at 9.", "2026-11-25 21:00"),
        ("I'll call you back at 8:15.", "2026-11-25 20:15"),
        ("I'll call you back by the end of the month.", "2026-11-30 23:59"),
        ("I'll call you back before tomorrow morning.", "2026-11-26 06:00"),
        ("I'll call you back on the 1st.", "2026-12-01 23:59"),
        ("I'll call you back on Wednesday.", "2026-12-02 23:59"),
        ("I'll call you back within half an hour.", "2026-11-25 11:00"),
        ("I'll call you back tomorrow between 9 and 12.", "2026-11-26 12:00"),
        ("I'll call you back on Friday between two and 4 pm.", "2026-11-27 16:00"),
        ("I'll call you back between 10:30 and 11:15 tomorrow.", "2026-11-26 11:15"),
    ],
)
def test_when_it_is_due(words: str, due: str) -> None:
    (found,) = find(words, SAID_MS, LONDON)
    assert datetime.fromtimestamp(found.due_ms / 1000, LONDON).strftime("%Y-%m-%d %H:%M") == due


def test_summer_time_ends_between_the_word_and_the_day() -> None:
    said_ms = to_ms(datetime(2026, 10, 23, 10, 0, tzinfo=LONDON))  # the clocks go back on the 25th
    (found,) = find("I'll call you back on Monday at 10 am.", said_ms, LONDON)
    assert datetime.fromtimestamp(found.due_ms / 1000, LONDON).hour == 10


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Hi, I'm calling you back about your router.", {"call_back"}),
        ("I've just sent you the form.", {"send"}),
        ("Good news, your refund has been processed.", {"refund"}),
        ("Have you sent the form?", set()),
        ("I have a question about the refund.", set()),
    ],
)
def test_what_is_reported_done(text: str, kinds: set[str]) -> None:
    assert kept_in(text) == kinds


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ("Our maintenance man comes round tomorrow between 9 and 12.", "2026-11-26 12:00"),
        ("The engineer is coming on Friday at 2 pm.", "2026-11-27 14:00"),
        ("Okay, so the plumber's coming out this afternoon.", "2026-11-25 18:00"),
        ("Someone is coming by tomorrow morning.", "2026-11-26 12:00"),
        ("A technician visits you on Monday.", "2026-11-30 23:59"),
    ],
)
def test_who_is_coming_is_promised_in_the_present_tense_too(words: str, due: str) -> None:
    (found,) = find(words, SAID_MS, LONDON)
    assert found.what == "technician_visit"
    assert datetime.fromtimestamp(found.due_ms / 1000, LONDON).strftime("%Y-%m-%d %H:%M") == due


@pytest.mark.parametrize(
    "words",
    [
        "The engineer usually comes round between 9 and 12.",
        "If it's still dripping, the plumber comes out tomorrow.",
        "Is the engineer coming tomorrow?",
        "The winter sale is coming on Friday.",
        "The engineer isn't coming tomorrow.",
        "I come in at nine tomorrow.",
        "You said the man is coming tomorrow.",
        "Our engineer comes from Leeds.",
    ],
)
def test_who_comes_and_is_not_promised(words: str) -> None:
    assert find(words, SAID_MS, LONDON) == ()


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("I understand, I'll call you back by Friday.", "i'll call you back by friday."),
        ("and you will have an answer by 6 pm tomorrow", "you will have an answer by 6 pm tomorrow"),
        ("Okay, right, so by Friday I'll call you back.", "by friday i'll call you back."),
        ("i see i'll get somebody to ring you by friday", "i'll get somebody to ring you by friday"),
    ],
)  # fmt: skip
def test_a_promise_is_quoted_from_where_it_begins(words: str, kept: str) -> None:
    assert [found.text for found in find(words, SAID_MS, LONDON)] == [kept]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("he came, now is warm! thank you tess", {"technician_visit"}),
        ("your engineer turned up this morning, all good", {"technician_visit"}),
        ("She rang me back yesterday, thanks", {"call_back"}),
        ("I got the refund on Tuesday", {"refund"}),
        ("the new card arrived today", {"replacement"}),
        ("my parcel came, finally", {"delivery"}),
        ("I've received the email, cheers", {"send"}),
        ("it's all working again", {"fix"}),
        ("he came but he couldn't fix it", set()),
        ("nobody came yesterday", set()),
        ("the refund never arrived", set()),
        ("he said he'd come", set()),
        ("has it arrived?", set()),
        ("I had the money ready", set()),
        ("the wrong parcel came", set()),
        ("when it came I was out", set()),
        ("a man called me about a scam", set()),
        ("I'm still waiting for the letter you sent", set()),
        ("where is the email", set()),
    ],
)
def test_what_customers_say_was_done(text: str, kinds: set[str]) -> None:
    assert had_in(text) == kinds
