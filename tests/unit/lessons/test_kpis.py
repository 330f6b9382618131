"""Supervisors' figures: each as docs/kpis.md defines it, counted once, and on a real scrape."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from lesson_signals import DAY_MS, HOUR_MS, START_MS, Heard, after, decided, signal

from cxstream.context.customer import Customer
from cxstream.lessons.kpis import Ended, Judged
from cxstream.lessons.loop import LearningLoop
from cxstream.observe.metrics import Metrics
from cxstream.observe.serving import serve

DOCS = Path(__file__).resolve().parents[3] / "docs" / "kpis.md"


def loop() -> tuple[LearningLoop, Heard, Customer]:
    heard = Heard()
    return LearningLoop(heard, control_share=0), heard, Customer("anna")


def test_a_conversation_that_ended_is_counted_once() -> None:
    learning, heard, state = loop()
    after(learning, state, signal())
    assert heard.figures == []
    end = signal(
        START_MS + HOUR_MS,
        ended=True,
        age_s=420,
        repeats=2,
        holds=1,
        transfers=1,
        has_agent=True,
        annoyed=0.3,
        level=0.1,
    )
    after(learning, state, end)
    after(learning, state, signal(START_MS + HOUR_MS + 1, ended=True))
    [figures] = heard.figures
    assert isinstance(figures, Ended)
    assert figures._replace(predicted=0) == Ended(
        "voice", "agent", 420, 5, True, False, False, 0, True
    )
    assert figures.predicted == pytest.approx(0.7)


def test_who_handled_it_and_what_a_bot_contained() -> None:
    for facts, by, contained in (
        ({"has_bot": True}, "bot", True),
        ({"has_bot": True, "transfers": 1}, "bot", False),
        ({"has_bot": True, "has_agent": True}, "both", False),
        ({"has_agent": True}, "agent", False),
        ({}, "nobody", False),
    ):
        learning, heard, state = loop()
        after(learning, state, signal(ended=True, **facts))
        [figures] = heard.figures
        assert isinstance(figures, Ended)
        assert (figures.handled_by, figures.contained) == (by, contained), facts


def test_an_escalation_counts_for_its_conversation() -> None:
    learning, heard, state = loop()
    after(learning, state, signal(), decided("duty", kind="escalation", priority=90))
    after(learning, state, signal(START_MS + 1, ended=True))
    after(learning, state, signal(START_MS + 2, conversation="c-2", intents=(), ended=True))
    assert [f.escalated for f in heard.figures if isinstance(f, Ended)] == [True, False]


def test_who_comes_back_makes_two_figures_and_more_effort() -> None:
    learning, heard, state = loop()
    after(learning, state, signal(ended=True))
    after(learning, state, signal(START_MS + DAY_MS, conversation="c-2", ended=True))
    first, back, second = heard.figures
    assert isinstance(first, Ended) and (first.repeat, first.effort) == (False, 0)
    assert isinstance(second, Ended) or isinstance(back, Ended)
    repeats = [f for f in heard.figures if isinstance(f, Ended) and f.repeat]
    assert [f.effort for f in repeats] == [3]
    assert Judged("voice", "came_back", True) in heard.figures


def test_first_contact_resolution_is_known_after_a_week_and_said_once() -> None:
    learning, heard, state = loop()
    after(learning, state, signal(ended=True))
    after(
        learning,
        state,
        signal(START_MS + 1, conversation="c-2", intents=("x",), unresolved=("x",), ended=True),
    )
    learning.settle(state, START_MS + 7 * DAY_MS - 1)
    assert not [f for f in heard.figures if isinstance(f, Judged)]
    for _ in range(2):
        learning.settle(state, START_MS + 8 * DAY_MS)
    assert [f for f in heard.figures if isinstance(f, Judged)] == [
        Judged("voice", "resolved", True),
        Judged("voice", "unresolved", True),
    ]


def test_a_conversation_about_nothing_is_no_contact_to_be_resolved() -> None:
    learning, heard, state = loop()
    after(learning, state, signal(intents=(), ended=True))
    learning.settle(state, START_MS + 8 * DAY_MS)
    assert not [f for f in heard.figures if isinstance(f, Judged)]


def test_every_figure_is_scraped_and_defined_in_the_docs() -> None:
    metrics = Metrics()
    learning, state = LearningLoop(metrics, control_share=0), Customer("anna")
    after(learning, state, signal(ended=True, has_bot=True, age_s=60, annoyed=0.25))
    after(learning, state, signal(START_MS + DAY_MS, conversation="c-2", ended=True))
    port = serve(metrics.registry, "127.0.0.1", 0)
    page = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    for line in (
        'cxstream_closed_conversations_total{channel="voice",escalated="false",handled_by="bot",'
        'transferred="false"} 1.0',
        'cxstream_contained_conversations_total{channel="voice"} 1.0',
        'cxstream_repeat_contacts_total{channel="voice"} 1.0',
        'cxstream_handling_seconds_bucket{channel="voice",le="60.0"} 2.0',
        'cxstream_customer_effort_points_sum{channel="voice"} 3.0',
        'cxstream_contacts_judged_total{channel="voice",first="true",result="came_back"} 1.0',
        'cxstream_predicted_satisfaction_ratio_sum{channel="voice"} 1.75',
        'cxstream_predicted_satisfaction_squared_error_count{channel="voice"} 2.0',
    ):
        assert line in page
        assert line.split("{")[0].removesuffix("_bucket").removesuffix("_sum").removesuffix(
            "_count"
        ) in DOCS.read_text("utf-8")
