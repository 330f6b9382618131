"""A promise from the moment it is said: open, corrected, kept by words or by deeds, late."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cxstream.context.customer import Customer
from cxstream.context.customer_facts import facts
from cxstream.context.standing import Standing
from cxstream.errors import RecordError
from cxstream.events import (
    LedgerEvent,
    LedgerRow,
    Outcome,
    OutcomeKind,
    Preferences,
    Role,
    Signal,
    from_ms,
    to_ms,
)
from cxstream.execute.late import escalation_of
from cxstream.execute.ledger import Kept
from cxstream.execute.promising import Promising

NOON_MS = to_ms(datetime(2026, 11, 25, 12, tzinfo=UTC))  # a Wednesday
LONDON = ZoneInfo("Europe/London")


class Told:
    """A customer, and the ledger that hears what is said to them."""

    def __init__(self, zone: str | None = None) -> None:
        self.customer = Customer("c-1")
        if zone is not None:
            wanted = Preferences(time_zone=zone)
            self.customer.standing = Standing().with_preferences(wanted, NOON_MS)
        self.promising = Promising(LONDON)
        self.rows: dict[str, Kept] = {}

    def says(
        self,
        text: str,
        *,
        at_s: int = 0,
        fragment: str = "u-1",
        conversation: str = "call-1",
        role: Role = Role.AGENT,
        kind: str = "utterance",
    ) -> list[LedgerEvent]:
        signal = Signal(
            id=f"signal-{conversation}-{fragment}-{at_s}",
            kind=kind,
            conversation_id=conversation,
            channel="voice",
            event_time=from_ms(NOON_MS + at_s * 1000),
            seq=1,
            customer_id="c-1",
            agent_id="a-7",
            fragment_id=fragment,
            role=role if kind == "utterance" else None,
            text=text if kind == "utterance" else None,
        )
        return self._book(self.promising.hear(self.customer, signal))

    def comes_of(
        self, kind: OutcomeKind, decision_id: str, *, keeps: str | None = None, at_s: int = 60
    ) -> list[LedgerEvent]:
        outcome = Outcome(
            id=f"o-{decision_id}",
            kind=kind,
            conversation_id="call-1",
            event_time=from_ms(NOON_MS + at_s * 1000),
            decision_id=decision_id,
            customer_id="c-1",
            source="executor" if keeps else "supervisor",
            keeps=keeps,
        )
        return self._book(self.promising.told(self.customer, outcome))

    def _book(self, events: list[LedgerEvent]) -> list[LedgerEvent]:
        for event in events:
            self.rows.setdefault(event.ledger_id, Kept()).take(event, NOON_MS)
        return events

    def row(self) -> LedgerRow:
        (kept,) = self.rows.values()
        assert kept.row is not None
        assert not kept.row.refused
        return kept.row

    def open(self) -> list[str]:
        return [p.what for p in self.customer.promises if p.open]


def test_what_is_promised_is_open_and_due_in_the_customers_zone() -> None:
    told = Told("America/New_York")
    told.says("I'll call you back by 5 pm.")
    (promise,) = told.customer.promises
    assert from_ms(promise.due_ms) == datetime(2026, 11, 25, 22, tzinfo=UTC)
    assert (promise.what, promise.by, promise.text) == (
        "call_back",
        "a-7",
        "i'll call you back by 5 pm.",
    )
    row = told.row()
    assert (row.kind, row.state, row.what, row.who) == ("promise", "proposed", "call_back", "a-7")
    assert row.deadline == from_ms(promise.due_ms)
    assert Told().says("I'll call you back by 5 pm.")[0].deadline == datetime(
        2026, 11, 25, 17, tzinfo=UTC
    ), "the default zone"


def test_customers_promise_nothing_for_us() -> None:
    told = Told()
    assert told.says("I'll call you back before Friday.", role=Role.CUSTOMER) == []
    assert told.says("You will have the refund in five days.", role=Role.BOT) != []


def test_heard_twice_is_said_once() -> None:
    told = Told()
    assert told.says("I'll call you back before Friday.")
    assert told.says("I'll call you back before Friday.") == []
    assert len(told.customer.promises) == 1


def test_said_anew_the_later_time_holds() -> None:
    told = Told()
    told.says("I'll call you back today.")
    told.says("No wait, I'll call you back tomorrow.", fragment="u-9", at_s=30)
    assert told.open() == ["call_back"]
    assert told.row().deadline == datetime(2026, 11, 26, 23, 59, tzinfo=UTC)


def test_corrected_words_are_withdrawn() -> None:
    told = Told()
    told.says("I'll call you back before Friday.")
    told.says("I won't call you back before Friday.", at_s=2)
    assert told.open() == []
    assert told.row().state == "withdrawn"
    told = Told()
    told.says("I'll call you back before Friday.")
    told.says("", kind="fragment.deleted", at_s=2)
    assert told.row().state == "withdrawn"


def test_words_keep_it() -> None:
    told = Told()
    told.says("I'll call you back before Friday.")
    told.says("Hello, I'm calling you back about the router.", conversation="call-2", at_s=3600)
    assert told.open() == []
    row = told.row()
    assert (row.state, row.conversation_id) == ("confirmed", "call-1")


def test_the_customer_says_that_it_was_kept() -> None:
    told = Told()
    told.says("Our engineer comes round tomorrow between 9 and 12.")
    told.says("I'll call you back on Friday.", fragment="u-2", at_s=5)
    later = {"fragment": "u-9", "conversation": "sms-1", "at_s": 3 * 86_400}
    (kept,) = told.says("he came, now is warm", role=Role.CUSTOMER, **later)  # type: ignore[arg-type]
    assert (kept.state, kept.what, kept.who) == ("confirmed", "technician_visit", "customer")
    assert [p.what for p in told.customer.promises if p.open] == ["call_back"]


def test_what_did_not_come_stays_open() -> None:
    told = Told()
    told.says("Our engineer comes round tomorrow between 9 and 12.")
    later = {"fragment": "u-9", "conversation": "sms-1", "at_s": 3 * 86_400}
    assert told.says("he never came", role=Role.CUSTOMER, **later) == []  # type: ignore[arg-type]


def test_one_sentence_does_not_keep_itself() -> None:
    told = Told()
    told.says("I've just sent the form, and I'll send you the contract by tomorrow.")
    assert told.open() == ["send"]


def test_somebody_reports_it_done() -> None:
    told = Told()
    (said,) = told.says("You will have the refund in five days.")
    told.comes_of("confirmed", said.ledger_id)
    assert told.open() == []
    assert told.row().state == "confirmed"


def test_an_action_that_keeps_it_is_confirmed() -> None:
    told = Told()
    told.says("You will have the refund in five days.")
    told.says("And I'll call you back tomorrow.", fragment="u-2")
    told.comes_of("confirmed", "act_1", keeps="refund")
    assert told.open() == ["call_back"]
    assert {k.row.state for k in told.rows.values() if k.row} == {"confirmed", "proposed"}


def test_what_failed_keeps_nothing() -> None:
    told = Told()
    told.says("You will have the refund in five days.")
    told.comes_of("failed", "act_1", keeps="refund")
    assert told.open() == ["refund"]


def test_late_is_seen_by_whoever_speaks_next_and_by_the_supervisor() -> None:
    told = Told()
    (said,) = told.says("I'll call you back within the hour.")
    customer = told.customer
    assert facts(customer, "call-2")["promises_late"] == []
    customer.forget(NOON_MS + 3_601_000)
    assert facts(customer, "call-2")["promises_late"] == ["call_back"]
    row = told.rows[said.ledger_id].overdue(NOON_MS + 3_600_000)
    assert row is not None
    escalation = escalation_of(row)
    assert escalation.reason == "promise_late"
    assert "within the hour" in escalation.summary


def test_a_zone_that_is_none_is_refused_before_it_gets_here() -> None:
    with pytest.raises(RecordError):
        Standing().with_preferences(Preferences(time_zone="Mars/Olympus"), NOON_MS)
