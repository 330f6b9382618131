"""A library that repeats itself is written now and then; we are always, and nothing new is left out."""

from __future__ import annotations

import logging

from cxstream.observe.seldom import EVERY_S, KINDS, Seldom

AWAY = "Unable to connect to node %s"


def said(
    at: float, text: str = AWAY, *args: object, name: str = "aiokafka", level: int = logging.ERROR
) -> logging.LogRecord:
    record = logging.LogRecord(name, level, __file__, 1, text, args, None)
    record.created = at
    return record


def test_the_first_is_written_and_the_next_after_a_while_says_how_many_it_stands_for() -> None:
    seldom = Seldom()
    assert seldom.filter(said(100.0, AWAY, 1))
    assert not any(seldom.filter(said(100.0 + n / 100, AWAY, n)) for n in range(500))
    later = said(100.0 + EVERY_S, AWAY, 7)
    assert seldom.filter(later)
    assert later.getMessage() == "Unable to connect to node 7 (and 500 like it)"
    assert not seldom.filter(said(101.0 + EVERY_S, AWAY, 7))


def test_one_that_was_not_repeated_is_written_as_it_is() -> None:
    seldom = Seldom()
    assert seldom.filter(said(100.0, AWAY, 1))
    later = said(200.0, AWAY, "100 %")
    assert seldom.filter(later)
    assert later.getMessage() == "Unable to connect to node 100 %"


def test_what_holds_a_percent_sign_is_written_when_it_comes_again() -> None:
    seldom = Seldom()
    for at in (100.0, 101.0):
        seldom.filter(said(at, AWAY, "100 %s"))
    later = said(200.0, AWAY, "100 %s")
    assert seldom.filter(later)
    assert later.getMessage() == "Unable to connect to node 100 %s (and 1 like it)"


def test_another_text_logger_or_level_is_another_kind() -> None:
    seldom = Seldom()
    assert seldom.filter(said(100.0))
    assert seldom.filter(said(100.0, "Unable to update metadata"))
    assert seldom.filter(said(100.0, name="aiokafka.consumer.fetcher"))
    assert seldom.filter(said(100.0, level=logging.WARNING))


def test_ours_are_all_written() -> None:
    seldom = Seldom()
    assert all(seldom.filter(said(100.0, name="cxstream.engine.letters")) for _ in range(3))
    assert not all(seldom.filter(said(100.0, name="cxstreams")) for _ in range(3))


def test_kinds_are_bounded_and_the_one_longest_unsaid_is_forgotten() -> None:
    seldom = Seldom()
    assert seldom.filter(said(100.0, "first"))
    for number in range(KINDS):
        assert seldom.filter(said(100.0, f"message {number}"))
    assert seldom.filter(said(100.5, "first"))
    assert not seldom.filter(said(100.5, f"message {KINDS - 1}"))
