"""From a fragment in Kafka to pixels: both pages in a real Chromium, by keyboard, in light and dark.

The pictures in docs/ are made here: `CXSTREAM_KEEP_PICTURES=1 pytest tests/integration/test_pages.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from brokers import ROOT, Broker
from browser import chromium
from floor import TENANT, Floor, told
from live_records import T0, nudge, signal
from msgspec.json import encode
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from cxstream.demo.story import Story, bundled
from cxstream.desk import news
from cxstream.desk.floor import Floor as DeskFloor
from cxstream.desk.tokens import Viewer
from cxstream.events import Control, ControlKind, Fragment, Role, Speaker, Stage, record_id
from cxstream.understand.lexicon import LexiconScorer

PICTURES = ROOT / "docs" / "pictures"
KIM = Viewer("s-kim", "supervisor", TENANT, ("*",), ("team_lead", "supervisor"))
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def stories() -> dict[str, Story]:
    """The bundled stories by the number in their names."""
    return {story.name[:2]: story for story in bundled()}


@pytest.fixture(scope="module")
def floor(embedded_broker: Broker, stories: dict[str, Story]) -> Iterator[Floor]:
    """A floor on which five conversations are going on."""
    with Floor(embedded_broker, "pages.", LexiconScorer()) as running:
        for number, until in (
            ("01", None),
            ("02", "manager"),
            ("03", None),
            ("06", None),
            ("22", "which"),
        ):
            running.send(told(stories[number], until))
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    with chromium() as running:
        yield running


class Seen:
    """A page and whatever its console complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))


@pytest.fixture
def opened(browser: Browser) -> Iterator[Any]:
    """Opens a page: `opened(link, scheme="dark", width=1280)`; its console must stay clean."""
    pages: list[Seen] = []

    def open_page(
        link: str, *, scheme: str = "light", width: int = 1280, height: int = 800
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE_MS)
        seen = Seen(context.new_page())
        pages.append(seen)
        seen.page.goto(link)
        return seen.page

    yield open_page
    for seen in pages:
        seen.page.context.close()
        assert seen.complaints == []


def keep(page: Page, name: str) -> None:
    """Keep a picture for the docs, where that is asked for."""
    picture = page.screenshot()
    assert len(picture) > 10_000
    if os.environ.get("CXSTREAM_KEEP_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        Path(PICTURES / f"{name}.png").write_bytes(picture)


def outcomes(floor: Floor) -> list[dict[str, Any]]:
    """What desktops said so far."""
    return [json.loads(value) for value in floor.on_topic("outcomes")]


def test_a_fragment_in_kafka_becomes_a_nudge_that_the_agent_accepts_by_keyboard(
    floor: Floor, opened: Any, stories: dict[str, Story]
) -> None:
    page = opened(floor.link("agent", Viewer("a-omar", "agent", TENANT)))
    expect(page.get_by_role("heading", name="No conversation")).to_be_visible()
    floor.send(told(stories["07"], "phone-first"))
    expect(page.get_by_role("heading", name="c-1007")).to_be_visible(timeout=PATIENCE_MS)
    log = page.get_by_role("log", name="What was said")
    expect(log).to_contain_text("I was just on your chat ten minutes ago")
    card = page.locator("article.card.current")
    expect(card.locator("blockquote")).not_to_be_empty()
    # why: what the rule quotes is marked in the words themselves
    expect(card.locator(".because")).not_to_be_empty()
    # what was said before, on another channel
    expect(page.locator("#earlier")).to_contain_text("chat")
    expect(page.locator("#earlier")).to_contain_text("it's raining in again")
    nudge = card.get_attribute("data-nudge")
    assert nudge is not None
    page.keyboard.press("a")
    answered = page.locator(f'article.answered[data-nudge="{nudge}"]')
    expect(answered).to_contain_text("Accepted")
    page.keyboard.press("u")
    expect(page.locator(f'article.card:not(.answered)[data-nudge="{nudge}"]')).to_be_visible()
    page.keyboard.press("d")
    expect(page.locator(f'article.answered[data-nudge="{nudge}"]')).to_contain_text("Dismissed")
    said = [o for o in outcomes(floor) if o.get("decision_id") == nudge]
    kinds = [o["kind"] for o in said if o["kind"] != "shown"]
    assert kinds == ["accepted", "undone", "dismissed"]
    assert {o["agent_id"] for o in said} == {"a-omar"}
    assert said[[o["kind"] for o in said].index("accepted")]["id"] == record_id(
        "outcome", nudge, "accepted", 0
    )


def test_what_an_agent_promises_stands_on_the_page(
    floor: Floor, opened: Any, stories: dict[str, Story]
) -> None:
    story = stories["22"]
    page = opened(floor.link("agent", Viewer("a-ben", "agent", TENANT)))
    expect(page.get_by_role("heading", name="c-1022")).to_be_visible(timeout=PATIENCE_MS)
    promise = Fragment(
        conversation_id=story.conversation_ids[0],
        fragment_id="promise-1",
        text="I will call you back tomorrow before noon.",
        speaker=Speaker(role=Role.AGENT),
        channel="sms",
        tenant=TENANT,
        event_time=datetime.now(UTC),
        agent_id="a-ben",
        customer_id="c-1022",
    )
    floor.send([promise])
    expect(page.locator("#promises")).to_contain_text("call", timeout=PATIENCE_MS)
    expect(page.locator("#promises")).to_contain_text("due")


def test_words_show_while_they_are_said_and_who_said_them_is_put_right(
    floor: Floor, opened: Any
) -> None:
    page = opened(floor.link("agent", Viewer("a-rae", "agent", TENANT)))
    final = Fragment(
        conversation_id="spoken",
        fragment_id="u-1",
        text="Good morning, what can I do for you?",
        speaker=Speaker(role=Role.AGENT),
        channel="voice",
        tenant=TENANT,
        event_time=datetime.now(UTC),
        agent_id="a-rae",
        customer_id="c-rae",
    )
    partial = replace(
        final,
        fragment_id="u-2",
        stage=Stage.PARTIAL,
        revision=1,
        speaker=Speaker(role=Role.CUSTOMER),
        event_time=None,
    )
    floor.send([final])
    expect(page.get_by_role("heading", name="c-rae")).to_be_visible(timeout=PATIENCE_MS)
    unfinished = page.locator("#transcript li.unfinished")
    floor.send([replace(partial, text="my mail is kay@")])
    expect(unfinished).to_contain_text("my mail is", timeout=PATIENCE_MS)
    floor.send([replace(partial, revision=2, text="my mail is kay@example.org and the")])
    expect(unfinished).to_contain_text("my mail is [EMAIL] and the")
    assert unfinished.count() == 1
    assert Axe().run(page).violations_count == 0
    whole = "my mail is kay@example.org and the bill is wrong"
    floor.send([replace(partial, stage=Stage.FINAL, revision=3, text=whole)])
    expect(page.locator("#transcript li.customer:not(.unfinished)")).to_contain_text("is wrong")
    expect(unfinished).to_have_count(0)
    revised = Control(
        conversation_id="spoken",
        type=ControlKind.SPEAKER_REVISED,
        tenant=TENANT,
        event_time=datetime.now(UTC),
        fragment_id="u-2",
        speaker=Speaker(role=Role.AGENT),
    )
    floor.send([revised])
    expect(page.locator("#transcript li.customer")).to_have_count(0)
    expect(page.locator("#transcript li.agent")).to_have_count(2)


def test_the_words_that_count_are_marked(floor: Floor, opened: Any) -> None:
    page = opened(floor.link("agent", Viewer("a-ben", "agent", TENANT)))
    mark = page.locator("#transcript mark.evidence").first
    expect(mark).to_be_visible(timeout=PATIENCE_MS)
    assert mark.text_content() in page.locator("#transcript .customer").first.text_content()


def test_a_line_shows_while_the_page_is_open_and_a_reader_hears_of_a_nudge(
    floor: Floor, opened: Any, stories: dict[str, Story]
) -> None:
    page = opened(floor.link("agent", Viewer("a-sunil", "agent", TENANT)))
    expect(page.get_by_role("heading", name="No conversation")).to_be_visible()
    floor.send(told(stories["11"], "security"))
    expect(page.locator("#announcer")).to_contain_text("Nudge:", timeout=PATIENCE_MS)


def test_a_reader_hears_of_a_nudge_that_was_there_before_its_conversation(
    floor: Floor, opened: Any
) -> None:
    """Nudges and signals are different topics: a nudge may be read first."""
    page = opened(floor.link("agent", Viewer("a-1", "agent", TENANT)))
    expect(page.get_by_role("heading", name="No conversation")).to_be_visible()
    known = DeskFloor()
    told_of = [*news.take(known, nudge(), T0), *news.take(known, signal(), T0)]
    events = [("hello", {"conversations": []}), *((told.kind, told.body) for told in told_of)]
    body = "".join(f"event: {kind}\ndata: {encode(data).decode()}\n\n" for kind, data in events)
    page.route(
        "**/v1/desk/stream", lambda r: r.fulfill(body=body, content_type="text/event-stream")
    )
    page.route("**/v1/nudges/*/answers", lambda r: r.fulfill(json={}))  # the desk does not know it
    page.reload()
    expect(page.locator("#announcer")).to_contain_text("Nudge: Nudge 1", timeout=PATIENCE_MS)


def test_nobody_sees_another_agents_desk(floor: Floor, opened: Any) -> None:
    page = opened(floor.link("agent", Viewer("a-nobody", "agent", TENANT)))
    expect(page.get_by_role("status").first).to_have_text("live")
    expect(page.get_by_role("heading", name="No conversation")).to_be_visible()
    assert page.locator("article.card").count() == 0


def test_the_floor_sorts_by_need_and_says_why(floor: Floor, opened: Any) -> None:
    page = opened(floor.link("floor", KIM))
    first = page.locator("#rows tr").first
    expect(first).to_contain_text("escalated", timeout=PATIENCE_MS)
    expect(page.locator("#escalations article").first).to_be_visible()
    weights = [
        float(text.rstrip("%"))
        for row in page.locator("#rows tr:not(.ended)").all()
        if "escalated" not in (row.text_content() or "")
        for text in [row.locator("td.risk b").text_content() or ""]
    ]
    assert weights == sorted(weights, reverse=True)
    trend = page.locator("#trend svg").get_attribute("aria-label") or ""
    assert "tone over the last hour" in trend


def test_a_supervisor_listens_in_takes_over_and_approves(floor: Floor, opened: Any) -> None:
    page = opened(floor.link("floor", KIM))
    row = page.locator("#rows tr", has_text="c-1002")
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('tr') !== null")
    row.get_by_role("button").click()
    watched = page.get_by_role("log", name="What was said")
    expect(watched).to_contain_text("Get me your manager")
    page.keyboard.press("Escape")
    expect(watched).to_be_hidden()
    card = page.locator("#escalations article", has_text="c-1002").first
    card.get_by_role("button", name="Take over").click()
    expect(page.locator("#escalations article", has_text="Taken by you").first).to_be_visible()
    approval = page.locator("#approvals article", has_text="block card")
    approval.get_by_role("button", name="Approve").click()
    expect(approval).to_have_count(0)
    assert any(o.get("source") == "supervisor" and o["kind"] == "accepted" for o in outcomes(floor))
    given = [json.loads(value) for value in floor.on_topic("approvals")]
    assert [(a["verdict"], a["by"]) for a in given] == [("approved", "s-kim")]


def test_one_click_to_the_journey(floor: Floor, opened: Any) -> None:
    page = opened(floor.link("floor", KIM))
    row = page.locator("#rows tr", has_text="c-1002")
    row.get_by_role("button").click()
    page.locator("#watch").get_by_role("link", name="Journey").click()
    expect(page.get_by_role("heading", name="c-1002")).to_be_visible(timeout=PATIENCE_MS)
    steps = page.locator("#steps")
    for stage in ("heard", "understood", "decided"):
        expect(steps.locator(f"li.{stage}").first).to_be_visible()
    expect(steps).to_contain_text("I've just opened my November bill")
    keep(page, "journey-light")
    for scheme in ("light", "dark"):
        for width in (1280, 800):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_both_pages_are_accessible_and_as_pictured(
    floor: Floor, opened: Any, scheme: str, width: int
) -> None:
    for name, viewer in (
        ("floor", KIM),
        ("agent", Viewer("a-tom", "agent", TENANT)),
    ):
        page = opened(floor.link(name, viewer), scheme=scheme, width=width, height=680)
        there = page.locator("#rows tr" if name == "floor" else "#transcript li").first
        expect(there).to_be_visible(timeout=PATIENCE_MS)
        if name == "floor" and width == 1280:
            page.locator("#rows tr", has_text="c-1002").get_by_role("button").click()
            expect(page.locator("#transcript li").first).to_be_visible()
        page.wait_for_function("document.querySelector('#trend svg, #cards') !== null")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        if width == 1280:
            keep(page, f"{name}-{scheme}")


def test_a_page_without_a_token_shows_nothing(floor: Floor, opened: Any) -> None:
    for name in ("agent", "floor"):
        page = opened(f"http://127.0.0.1:{floor.port}/{name}")
        expect(page.locator("#out")).to_be_visible()
        expect(page.locator("#main")).to_be_hidden()
