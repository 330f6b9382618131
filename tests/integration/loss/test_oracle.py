"""The judge is judged: whatever is lost, doubled, disordered or wrong, the ledger says so."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from ledger import Ledger
from script import Script, Sent, disorder
from shown import Shown

Spoil = Callable[[Ledger], None]


def answer(ledger: Ledger, record: Sent, turns: int) -> None:
    """What a pipeline that works says to one record."""
    kind = "conversation.ended" if record.ends else "utterance"
    signal = {
        "schema": "cx.signal.v1",
        "id": f"signal-{record.conversation}-{record.number}",
        "kind": kind,
        "conversation_id": record.conversation,
        "fragment_id": f"{record.conversation}/{record.number}",
        "conversation": {"customer_turns": turns},
    }
    ledger.note_output("signals", json.dumps(signal).encode(), 1000)
    ledger.note_row("conversations", record.conversation.encode(), row(record.number + 1, turns))


def row(entries: int, turns: int) -> bytes:
    return b"\x01" + msgspec.msgpack.encode({"arc": [entries, "chat", 0, 0, 0, turns]})


def played(rounds: int = 4, *, skip: int = -1) -> Ledger:
    """A ledger of a session in which all went well, but for one record that was never answered."""
    ledger, turns = Ledger(), dict[str, int]()
    script = Script(7, 1_764_000_000_000)
    records = [record for _ in range(rounds) for record in script.next_round()]
    for number, record in enumerate(records):
        ledger.note_sending(record)
        ledger.note_sent(record, partition=0)
        turns[record.conversation] = turns.get(record.conversation, 0) + (not record.ends)
        if number != skip:
            answer(ledger, record, turns[record.conversation])
    return ledger


def signal(conversation: str, number: int, turns: int, **more: object) -> bytes:
    record = {
        "schema": "cx.signal.v1",
        "id": f"signal-{conversation}-{number}",
        "kind": "utterance",
        "conversation_id": conversation,
        "fragment_id": f"{conversation}/{number}",
        "conversation": {"customer_turns": turns},
    }
    return json.dumps({**record, **more}).encode()


def test_all_is_well() -> None:
    verdict = played().verdict()
    assert verdict.well, str(verdict)
    assert verdict.sent == verdict.applied == verdict.outputs["signals"] > 400


def test_a_repetition_with_an_equal_id_and_equal_bytes_is_counted_and_no_fault() -> None:
    ledger = played()
    answer(ledger, next(iter(ledger.sent.values())), 1)
    ledger.rows["conversations"] = played().rows["conversations"]
    verdict = ledger.verdict()
    assert verdict.duplicates == 1


def test_what_is_answered_before_the_broker_says_that_it_has_it_is_answered() -> None:
    """A broker that dies may take its answer with it; the record is there, and workers are quick."""
    ledger, script = Ledger(), Script(7, 1_764_000_000_000)
    records = [record for _ in range(3) for record in script.next_round()]
    turns = dict[str, int]()
    for record in records:
        turns[record.conversation] = turns.get(record.conversation, 0) + (not record.ends)
        ledger.note_sending(record)
        answer(ledger, record, turns[record.conversation])
        ledger.note_sent(record, partition=0)
    assert any(record.ends for record in records)
    assert ledger.verdict().well


def test_a_record_without_an_answer_is_lost() -> None:
    assert played(skip=100).verdict().faults["lost"]


@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        ("unequal duplicates", lambda led: led.note_output("signals", signal("talk-0-0", 0, 1, x=1), 1)),
        ("state went back", lambda led: led.note_row("conversations", b"talk-0-0", row(2, 24))),
        ("state", lambda led: led.note_row("conversations", b"talk-0-0", row(99, 23))),
        ("state", lambda led: led.note_row("conversations", b"talk-0-0", None)),
        ("dead letters", lambda led: led.note_output("dead-letters", b'{"id": "d", "schema": ""}', 1)),
    ],
)  # fmt: skip
def test_what_must_not_be_is_seen(fault: str, spoil: Spoil) -> None:
    ledger = played()
    spoil(ledger)
    assert fault in ledger.verdict().faults


ACTION = {
    "schema": "cx.action.v1",
    "id": "action-1",
    "conversation_id": "talk-0-0",
    "customer_id": "person-0",
    "event_time": "2026-11-25T10:00:00Z",
    "needs_approval": True,
}
ROW = {"id": "action-1", "state": "approved", "steps": [{"id": "step-1"}, {"id": "step-2"}]}
LESSON = {"id": "lesson-1", "rule": "refund", "reward": 1.0}


def put(ledger: Ledger, role: str, record: dict[str, Any], **more: object) -> None:
    ledger.note_output(role, json.dumps({**record, **more}).encode(), 1000)


def looped() -> Ledger:
    """A ledger in which one action was approved, and did what it had to; and one lesson was learnt from."""
    ledger = played()
    ledger.note_output("actions", json.dumps(ACTION).encode(), 1000)
    [approval] = ledger.loop.answers(1, seed=3)
    ledger.note_sent(approval, partition=0)
    assert json.loads(approval.value)["verdict"] == "approved"
    ledger.note_output("signals", approval.value, 1001)
    ledger.note_output("actions", json.dumps(ACTION | {"status": "approved"}).encode(), 1002)
    ledger.note_output("ledger", json.dumps(ROW).encode(), 1003)
    ledger.note_output("lessons", json.dumps(LESSON).encode(), 1004)
    ledger.note_output("learnt", b'{"rule": "refund", "lessons": 1}', 1005)
    return ledger


def test_a_loop_that_closes_is_well() -> None:
    verdict = looped().verdict()
    assert verdict.well, str(verdict)
    assert (verdict.answers, verdict.duplicates) == (1, 0)


class Twice:
    """A desk that shows everything twice."""

    def take(self, role: str, value: bytes) -> None:
        pass

    def twice(self) -> list[str]:
        return ["nudge n-1"]


@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        ("answers lost", lambda led: led.loop.heard_ms.clear()),
        ("approvals without effect", lambda led: put(led, "actions", ACTION, status="refused")),
        ("approvals without effect", lambda led: led.loop._became["action-1"].discard("approved")),
        ("ledger", lambda led: led.loop.standing["ledger"].clear()),
        ("ledger", lambda led: put(led, "ledger", ROW, state="proposed")),
        ("ledger", lambda led: put(led, "ledger", ROW, steps=[{"id": "s"}] * 2)),
        ("learnt", lambda led: led.note_output("learnt", b'{"rule": "refund", "lessons": 2}', 1)),
        ("shown twice", lambda led: setattr(led, "screen", Twice())),
    ],
)  # fmt: skip
def test_what_must_not_be_on_the_way_back_is_seen(fault: str, spoil: Spoil) -> None:
    ledger = looped()
    spoil(ledger)
    assert fault in ledger.verdict().faults


def test_the_desk_that_follows_shows_a_nudge_once() -> None:
    nudge = {
        "schema": "cx.nudge.v1",
        "id": "nudge-1",
        "conversation_id": "talk-0-0",
        "agent_id": "agent-0",
        "title": "Say sorry",
        "say": "I am sorry.",
        "event_time": "2026-11-25T10:00:00Z",
        "expires_at": "2026-11-25T10:01:00Z",
        "why": {"rule": {"id": "r", "playbook": "p", "version": "1"}, "because": "they said so"},
    }
    shown = Shown()
    for _ in range(2):
        shown.take("nudges", json.dumps(nudge).encode())
    assert shown.times["nudge nudge-1"] == 1
    assert not shown.twice()
    shown.times["nudge nudge-1"] += 1
    assert shown.twice() == ["nudge nudge-1"]


def test_an_answer_before_its_turn_is_disorder() -> None:
    ledger = Ledger()
    first, second = (
        r for r in Script(7, 0).next_round() if r.conversation == "talk-0-0" and r.number < 2
    )
    for record in (first, second):
        ledger.note_sending(record)
        ledger.note_sent(record, partition=0)
    answer(ledger, second, 2)
    answer(ledger, first, 2)
    assert ledger.verdict().faults["order"] == ["talk-0-0: 0 after 1"]


def test_a_session_unlike_its_control_is_seen() -> None:
    control, ledger = played(), played()
    assert not ledger.unlike(control)
    ledger.note_output("nudges", b'{"id": "n-1", "status": "withdrawn"}', 1)
    control.note_output("nudges", b'{"id": "n-2", "status": "withdrawn"}', 1)
    ledger.note_row("customers", b"person-1", b"other")
    assert {kind: len(cases) for kind, cases in ledger.unlike(control).items()} == {
        "outputs missing": 1,
        "outputs too many": 1,
        "rows that differ": 1,
    }


def test_the_same_seed_says_the_same() -> None:
    one, two, other = (Script(seed, 0).next_round() for seed in (5, 5, 6))
    assert one == two != other


def test_disorder_loses_nothing_and_changes_the_order() -> None:
    records = Script(5, 0).next_round()
    mixed = disorder(records, random.Random(1))
    assert set(mixed) == set(records)
    assert len(mixed) > len(records)
    assert list(dict.fromkeys(mixed)) != records
