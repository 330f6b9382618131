"""What a person sees, looked at as text, at the sizes that people have."""

from __future__ import annotations

import re
from functools import cache
from io import StringIO

import pytest
from msgspec.structs import replace
from rich.console import Console

from cxstream.demo.expectations import Verdict
from cxstream.demo.report import percentile
from cxstream.demo.story import bundled
from cxstream.demo.view import PATIENCE, DemoView
from cxstream.events import (
    Action,
    Control,
    ControlKind,
    Emotion,
    Escalation,
    Fragment,
    Intent,
    Nudge,
    Risk,
    Role,
    RuleRef,
    Scores,
    Sentiment,
    SentimentProbabilities,
    Signal,
    Speaker,
    Stage,
    Summary,
    Why,
    from_ms,
)

NOW = from_ms(1_763_629_200_000)
WHY = Why(RuleRef("billing_explain", "default", "1"), "the bill is in dispute")
SIZES = [(80, 24), (140, 45), (60, 15), (220, 60)]


def draw(view: DemoView, width: int = 80, height: int = 24, encoding: str = "utf-8") -> str:
    class Terminal(StringIO):
        pass

    Terminal.encoding = encoding
    console = Console(width=width, height=height, file=Terminal(), record=True)
    console.print(view.render(), end="")
    return console.export_text()


def said(
    text: str, number: int = 1, conversation: str = "demo:a", stage: Stage = Stage.FINAL
) -> Fragment:
    speaker = Speaker(Role.CUSTOMER)
    return Fragment(
        conversation, f"{conversation}-{number}", text, number, stage, speaker, event_time=NOW
    )


def scored(valence: float, number: int = 1, conversation: str = "demo:a") -> Signal:
    scores = Scores(
        Intent("billing_dispute", 0.82, ()),
        Sentiment("negative", valence, SentimentProbabilities(0.8, 0.1, 0.1)),
        Emotion(0.71, 0.5, 0.1, 0.0, 0.0),
        0.03,
        "test",
    )
    return Signal(
        id=f"s{number}",
        kind="utterance",
        conversation_id=conversation,
        channel="voice",
        event_time=NOW,
        seq=number,
        customer_id="c-1",
        fragment_id=f"{conversation}-{number}",
        role=Role.CUSTOMER,
        text="from the signal",
        scores=scores,
        risk=Risk(0.1, 0.2, 0.1),
        conversation={"risk": 0.6},
    )


def nudge(number: int = 1, title: str = "Explain the bill") -> Nudge:
    return Nudge(f"n{number}", "demo:a", "a-1", title, "Shall we go through it?", NOW, NOW, WHY)


@cache
def full_view() -> DemoView:
    records = [r for story in bundled() for r in story.records()]
    view = DemoView(total=len(records))
    for number, record in enumerate(records):
        view.take(record)
        if isinstance(record, Fragment):
            view.take(replace(scored(0.5), id=f"s{number}", fragment_id=record.fragment_id))
            view.take(nudge(number))
    return view


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_screen_fills_the_terminal_and_no_more(width: int, height: int, encoding: str) -> None:
    for view in (DemoView(), full_view()):
        lines = draw(view, width, height, encoding).splitlines()
        assert len(lines) == height
        assert max(len(line) for line in lines) <= width


def test_a_poor_terminal_gets_plain_characters() -> None:
    assert draw(full_view(), encoding="ascii").isascii()
    assert not draw(full_view(), encoding="utf-8").isascii()


@pytest.mark.parametrize(("width", "height"), SIZES[:2])
def test_a_person_sees_the_line_its_tone_and_the_signals(width: int, height: int) -> None:
    view = DemoView(total=4)
    started = ControlKind.STARTED
    view.take(Control("demo:a", started, event_time=NOW, channel="voice", agent_id="a-tom"))
    view.take(said("this bill is wrong"))
    view.take(scored(-0.9))
    screen = draw(view, width, height)
    assert "cust   -- this bill is wrong" in screen
    assert "billing dispute (0.82)" in screen and "-0.90" in screen and "0.60" in screen
    assert "a-tom" in screen and "c-1" in screen and "2/4 records" in screen and "50 %" in screen
    assert "09:00:00" in screen and "▁" in screen


@pytest.mark.parametrize(
    ("valence", "sign"), [(-0.9, "--"), (-0.4, "- "), (0.0, ". "), (0.4, "+ "), (0.9, "++")]
)
def test_the_tone_has_a_sign_not_just_a_colour(valence: float, sign: str) -> None:
    view = DemoView()
    view.take(said("words"))
    view.take(scored(valence))
    assert f"cust   {sign} words" in draw(view)


def test_a_partial_is_marked_and_its_final_replaces_it() -> None:
    view = DemoView()
    view.take(said("this bill", 1, stage=Stage.PARTIAL))
    assert "this bill ..." in draw(view)
    view.take(said("this bill is wrong", 1))
    assert "this bill is wrong" in draw(view)
    view.take(said("this", 1, stage=Stage.PARTIAL))
    assert "this bill is wrong" in draw(view) and "..." not in draw(view)


def test_a_signal_that_overtakes_its_fragment_finds_its_line() -> None:
    view = DemoView()
    view.take(scored(-0.9))
    view.take(said("this bill is wrong"))
    assert "cust   -- this bill is wrong" in draw(view)


def test_decisions_come_newest_first_with_words_and_reason() -> None:
    view = DemoView()
    view.take(nudge())
    view.take(Action("x", "demo:a", "block_card", NOW, NOW, WHY, needs_approval=True))
    view.take(Escalation("e", "demo:a", "In dispute", "high", "54 pounds", NOW, WHY))
    screen = draw(view, 140, 45)
    wanted = [
        "! 09:00:00 In dispute (high)",
        "what  54 pounds",
        "* 09:00:00 block card (needs approval)",
        "> 09:00:00 Explain the bill  a to a-1",
        "say   Shall we go through it?",
        "why   billing_explain: the bill is in dispute",
    ]
    places = [screen.index(words) for words in wanted[:5]]
    assert places == sorted(places) and wanted[5] in screen


def test_a_small_screen_shortens_long_reasons() -> None:
    long = replace(nudge(), why=replace(WHY, because="reason " * 40), say="word " * 60)
    view = DemoView()
    view.take(nudge(2, "The one before"))
    view.take(long)
    assert "…" in draw(view) and "The one before" in draw(view)
    assert "…" not in draw(view, 140, 45)


def test_a_decision_taken_twice_counts_once_and_a_withdrawal_not_at_all() -> None:
    view = DemoView()
    view.take(nudge())
    view.take(nudge())
    view.take(replace(nudge(2), status="withdrawn", withdraws="n1"))
    assert view.rules["nudge"] == {"billing_explain": 1}


def test_the_middle_of_the_screen_does_not_flicker_between_conversations() -> None:
    view = DemoView()
    view.take(said("here", 1, "demo:a"))
    for number in range(PATIENCE):
        view.take(said("elsewhere", number, "demo:b"))
    assert view.current is view.conversations["demo:a"]
    view.take(said("elsewhere", 99, "demo:b"))
    assert view.current is view.conversations["demo:b"]


def test_a_conversation_that_ended_gives_way_at_once() -> None:
    view = DemoView()
    view.take(said("here", 1, "demo:a"))
    view.take(Control("demo:a", ControlKind.ENDED, event_time=NOW))
    view.take(said("elsewhere", 1, "demo:b"))
    assert view.current is view.conversations["demo:b"]


def test_a_hold_shows_and_ends() -> None:
    view = DemoView()
    view.take(said("here"))
    view.take(Control("demo:a", ControlKind.HOLD, event_time=NOW))
    assert "on hold" in draw(view)
    view.take(Control("demo:a", ControlKind.RESUME, event_time=NOW))
    assert "on hold" not in draw(view)


def test_nobody_drives_the_terminal_by_what_they_say() -> None:
    view = DemoView()
    view.take(said("\x1b[2Jgone [red]not markup[/red] \x07"))
    view.take(nudge(title="\x1b]0;owned\x07 title"))
    screen = draw(view)
    assert "[2Jgone [red]not markup[/red]" in screen
    assert "\x1b" not in screen and "\x07" not in screen


def test_titles_name_the_conversation_in_the_middle() -> None:
    view = DemoView(titles={"demo:a": "A bill dispute"})
    view.take(said("here"))
    assert "A bill dispute (" in draw(view)


def test_memory_is_bounded_in_a_long_conversation() -> None:
    view = DemoView()
    for number in range(500):
        view.take(said(f"line {number}", number))
    assert len(view.conversations["demo:a"].lines) == 80
    assert "line 499" in draw(view)


def test_the_summary_tells_traffic_decisions_latency_and_expectations() -> None:
    view = DemoView()
    view.take(said("here"))
    view.take(Escalation("e", "demo:a", "r", "high", "s", NOW, WHY))
    ends = ("completed", "resolved", "voice")
    view.take(Summary("s", "demo:a", NOW, NOW, NOW, *ends, (), (), {}, "text"))
    verdicts = [
        Verdict(True, "kept"),
        Verdict(False, "missing: it"),
        Verdict(False, "x", nice=True),
    ]
    console = Console(width=100, file=StringIO(), record=True)
    console.print(view.summary([0.01] * 98 + [0.2, 0.9], {"A story": verdicts}))
    text = console.export_text()
    assert re.search(r"escalations +1 +billing_explain 1", text) and "summaries" in text
    assert "p50 10 ms, p95 10 ms, p99 200 ms" in text
    assert "1/2" in text and "0 of 1 that are nice to have" in text
    assert "A story\n  x missing: it" in text and "(nice) x" in text


@pytest.mark.parametrize(("share", "expected"), [(50, 2.0), (95, 4.0), (0, 1.0), (100, 4.0)])
def test_percentiles_are_by_nearest_rank(share: float, expected: float) -> None:
    assert percentile([3.0, 1.0, 4.0, 2.0], share) == expected
