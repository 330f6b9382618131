"""A story with approvals, from the words to the CRM and the passport: one given, one refused, one nobody gives.

Everything is the product's own but the broker: both hops, the shipped playbook, the ledger, the carrier with
the demo's configuration over HTTP, and the demo CRM in a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from cxstream.context.conversation import Conversation
from cxstream.context.customer import Customer
from cxstream.decide.decider import Decider
from cxstream.decide.load import default_playbook
from cxstream.demo.story import Story, load_story
from cxstream.events import (
    Action,
    Approval,
    Escalation,
    LedgerEvent,
    LedgerRow,
    Nudge,
    Outcome,
    OutcomeKind,
    Output,
    Passport,
    Signal,
    from_ms,
    to_ms,
)
from cxstream.execute.carrying_out import Carrier, Happening
from cxstream.execute.configuration import load_plans
from cxstream.execute.http import HttpTransport
from cxstream.execute.ledger import Kept
from cxstream.lessons.loop import LearningLoop
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.executor_metrics import ExecutorMetrics
from cxstream.observe.metrics import Metrics
from cxstream.pipeline import ConversationHop, CustomerHop, Outbound
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.scorer import readings
from cxstream.understand.trajectory import RuleTrajectory

ROOT = Path(__file__).resolve().parents[2]
STORY = """
title: Charged twice, and a refund that somebody must allow
shows: what a yes, a no and a silence make of one and the same wish
start: 2026-11-23T10:00:00Z
conversations:
  - id: refund
    channel: voice
    customer: c-1
    agent: a-tom
    queue: billing
    lines:
      - agent: billing tom speaking how can i help
      - customer: hi you charged me twice in october and i want my money back please
        label: asks
      - agent: i'm sorry i can see the second payment you will have the refund within five working days
        label: promises
      - customer: okay good
      - transfer: {to: a-lena, queue: contracts}
        label: moves
      - agent: hello this is lena tom has told me all about it
      - ended: completed
  - id: back-again
    channel: chat
    customer: c-1
    agent: a-eve
    starts: 30:00
    lines:
      - customer: hello i was on the phone with you earlier about my refund
        label: back
      - agent: Hello! Let me read what was said.
      - ended: completed
"""


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The demo CRM on a free port, and its database."""
    data = tmp_path_factory.mktemp("crm") / "crm.sqlite"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "deploy/demo-crm/crm.py"), "--data", str(data)]
    environment = {**os.environ, "CRM_TOKEN": "t"}
    process = subprocess.Popen([*command, "--port", str(port)], env=environment)
    try:
        while process.poll() is None:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield f"http://127.0.0.1:{port}", data
    finally:
        process.kill()
        process.wait(30)


class Played:
    """The loop round one customer; what leaves is kept, and actions are carried out at once."""

    def __init__(self, story: Story, url: str, data: Path) -> None:
        self.outs: list[Output] = []
        self.rows: dict[str, Kept] = {}
        self._story = story
        self._data = data
        self._now_ms = 0
        metrics = Metrics()
        self._hop = CustomerHop(
            decider=Decider([default_playbook()]),
            observer=metrics,
            learning=LearningLoop(metrics, control_share=0),
        )
        self._state = Customer(key="c-1")
        self._plans = load_plans(
            ROOT / "deploy/demo-crm/executor.yaml",
            secret_of=lambda name: ("t",),
            environ={"CRM_URL": url},
        )

    def until(self, label: str | None) -> None:
        """What is said up to and with a line (None: to the end)."""
        last_ms = self._story.moments[label].end_ms if label else sys.maxsize
        for signal in _signals(self._story):
            at_ms = to_ms(signal.event_time)
            if self._now_ms < at_ms <= last_ms:
                self._now_ms = at_ms
                self.hear(signal)

    def hear(self, event: Signal | Outcome | Approval) -> None:
        self._now_ms = max(self._now_ms, to_ms(event.event_time))
        self._take(self._hop.decide(self._state, event))

    def pass_time(self, minutes: int) -> None:
        self._now_ms += minutes * 60_000
        self._take(self._hop.unanswered(self._state, self._now_ms))

    def of(self, kind: type, **fields: object) -> list[object]:
        found = (o for o in self.outs if isinstance(o, kind))
        return [o for o in found if all(getattr(o, n) == v for n, v in fields.items())]

    def action(self) -> Action:
        (action,) = self.of(Action, status="proposed")
        assert isinstance(action, Action)
        return action

    def row(self) -> LedgerRow:
        row = self.rows[self.action().id].row
        assert row is not None
        return row

    def passport(self, cause: str) -> Passport:
        passport = self.of(Passport, cause=cause)[-1]
        assert isinstance(passport, Passport)
        return passport

    def says(self, verdict: str, role: str) -> None:
        action = self.action()
        self.hear(
            Approval(
                id=f"{verdict}-{role}",
                decision_id=action.id,
                conversation_id=action.conversation_id,
                verdict=verdict,  # type: ignore[arg-type]
                by="eve",
                event_time=from_ms(self._now_ms + 1),
                roles=(role,),
                tenant=action.tenant,
                customer_id="c-1",
                reason="seen on the bill",
            )
        )

    def answers(self, decision: Action | Nudge, kind: OutcomeKind) -> None:
        self.hear(
            Outcome(
                id=f"{kind}-{decision.id}",
                kind=kind,
                conversation_id=decision.conversation_id,
                event_time=from_ms(self._now_ms + 1),
                decision_id=decision.id,
                tenant=decision.tenant,
                customer_id="c-1",
                agent_id="a-tom",
            )
        )

    def in_crm(self) -> Counter[tuple[str, str]]:
        with closing(sqlite3.connect(self._data)) as db:
            return Counter(
                db.execute(
                    "select kind, status from effects where given like ?",
                    (f"%{self._story.conversation_ids[0]}%",),
                ).fetchall()
            )

    def _take(self, outs: Iterable[Outbound]) -> None:
        for out in outs:
            self.outs.append(out.record)
            if isinstance(out.record, LedgerEvent):
                self._book(out.record)
            elif isinstance(out.record, Action):
                for happening in asyncio.run(self._carry(out.record)):
                    if isinstance(happening, LedgerEvent):
                        self._book(happening)
                    elif isinstance(happening, Outcome):
                        self.hear(happening)

    def _book(self, event: LedgerEvent) -> None:
        self.rows.setdefault(event.ledger_id, Kept()).take(event, self._now_ms)

    async def _carry(self, action: Action) -> list[Happening]:
        async with HttpTransport(ExecutorMetrics()) as transport:
            carrier = Carrier(self._plans, transport, lambda: self._now_ms + 5)
            return [happening async for happening in carrier.carry_out(action)]


def _signals(story: Story) -> Iterator[Signal]:
    hop = ConversationHop(
        redactor=PatternRedactor(), foresight=RuleTrajectory(), observer=Metrics()
    )
    scorer, states = LexiconScorer(), dict[str, Conversation]()
    for record in story.records():
        key, at = record.conversation_id, record.event_time
        assert at is not None
        heard = hop.read(msgspec.json.encode(record), key=key.encode(), arrival_ms=to_ms(at))
        state = states.setdefault(key, Conversation(id=key))
        text = hop.to_score(state, heard)
        reading = readings(scorer, [text])[0] if text else None
        yield from (
            s.record for s in hop.hear(state, heard, reading) if isinstance(s.record, Signal)
        )


@pytest.fixture
def played(crm: tuple[str, Path], request: pytest.FixtureRequest) -> Played:
    """The story as far as the agent's promise; each test has conversations of its own."""
    name = request.node.name.removeprefix("test_")[:24]
    story = load_story(
        STORY.replace("id: refund", f"id: {name}").replace("back-again", f"{name}-2")
    )
    found = Played(story, *crm)
    found.until("promises")
    assert found.row().state == "proposed" and found.action().needs_approval
    assert found.in_crm() == {}, "nothing is done before somebody says yes"
    return found


def test_given(played: Played) -> None:
    played.says("approved", "supervisor")
    assert played.in_crm() == {("refund", "done"): 1}
    row = played.row()
    assert [step.state for step in row.steps] == ["proposed", "approved", "sent", "confirmed"]
    assert row.steps[1].who == "eve" and (row.reference or "").startswith("refund ")
    played.until("moves")
    passport = played.passport("transfer")
    assert ("open refund case", "confirmed") in {(t.what, t.outcome) for t in passport.tried}
    assert passport.promises == (), (
        "the refund that was promised is done: nobody has to promise it again"
    )
    played.says("approved", "supervisor")
    assert played.in_crm() == {("refund", "done"): 1}, "a second yes does nothing"
    played.until(None)
    visit = played.passport("channel_change")
    assert ("open refund case", "confirmed") in {(t.what, t.outcome) for t in visit.tried}


def test_done_first_and_said_then(crm: tuple[str, Path]) -> None:
    """The agent has it allowed at once, and tells the customer afterwards: nobody waits for it any more."""
    played = Played(load_story(STORY.replace("id: refund", "id: first")), *crm)
    played.until("asks")
    played.says("approved", "supervisor")
    played.until("moves")
    assert played.passport("transfer").promises == ()
    promised = [
        kept.row for kept in played.rows.values() if kept.row and kept.row.kind == "promise"
    ]
    assert [(row.state, row.what) for row in promised] == [("confirmed", "refund")]


def test_refused(played: Played) -> None:
    played.says("refused", "supervisor")
    assert played.in_crm() == {}
    assert (played.row().state, played.row().why) == ("withdrawn", "seen on the bill")
    played.until("moves")
    passport = played.passport("transfer")
    assert ("open refund case", "refused") in {(t.what, t.outcome) for t in passport.tried}
    (promise,) = passport.promises
    assert "you will have the refund" in promise.what, "and somebody must tell the customer"


def test_nobody_answers(played: Played) -> None:
    played.until("moves")
    waits = played.passport("transfer")
    assert ("open refund case", "waits for a yes") in {(t.what, t.outcome) for t in waits.tried}
    played.pass_time(61)
    assert played.in_crm() == {} and played.row().state == "expired"
    played.says("approved", "supervisor")
    assert played.in_crm() == {}, "too late is no yes"


def test_taken_back_by_the_agent(played: Played) -> None:
    played.says("approved", "supervisor")
    (card,) = played.of(Nudge, title="Open the refund, name the date")
    assert isinstance(card, Nudge)
    played.answers(card, "accepted")
    played.answers(card, "undone")
    assert played.in_crm() == {("refund", "taken_back"): 1}
    row = played.row()
    assert (row.state, row.why) == ("compensated", "taken back by a-tom")
    assert played.of(Escalation) == []


def test_taken_back_while_it_waits(played: Played) -> None:
    played.answers(played.action(), "undone")
    assert (played.row().state, played.row().steps[-1].who) == ("withdrawn", "a-tom")
    played.says("approved", "supervisor")
    assert played.in_crm() == {}


def test_what_was_dismissed_is_not_taken_back(played: Played) -> None:
    """Who takes back a no has not taken back a yes."""
    played.says("approved", "supervisor")
    (card,) = played.of(Nudge, title="Open the refund, name the date")
    assert isinstance(card, Nudge)
    played.answers(card, "dismissed")
    played.answers(card, "undone")
    assert played.in_crm() == {("refund", "done"): 1}
