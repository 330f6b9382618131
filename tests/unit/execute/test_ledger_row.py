"""The ledger: what may follow what, in whatever order it is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cxstream.errors import NewerRecord, RecordError
from cxstream.events import (
    Action,
    Approval,
    LedgerEvent,
    LedgerState,
    Outcome,
    RuleRef,
    Why,
    from_ms,
)
from cxstream.execute.late import escalation_of
from cxstream.execute.ledger import STEPS_MAX, Kept, dump_kept, load_kept
from cxstream.execute.ledger_events import of_action, of_outcome

NOW_MS = 1_780_000_000_000


def told(
    state: LedgerState, at_s: int = 0, *, kind: str = "action", deadline_s: int | None = None
) -> LedgerEvent:
    """One event of the action `act_1`."""
    return LedgerEvent(
        id=f"step-{state}-{at_s}",
        ledger_id="act_1",
        kind="promise" if kind == "promise" else "action",
        what="open_refund_case",
        state=state,
        event_time=from_ms(NOW_MS + at_s * 1000),
        who="executor",
        conversation_id="acme:c-1",
        deadline=None if deadline_s is None else from_ms(NOW_MS + deadline_s * 1000),
    )


def after(*events: LedgerEvent) -> Kept:
    kept = Kept()
    for event in events:
        kept.take(event, NOW_MS)
    return kept


def state_after(*events: LedgerEvent) -> str:
    row = after(*events).row
    assert row is not None
    return row.state


def reasons(kept: Kept) -> list[str]:
    assert kept.row is not None
    return [refused.reason for refused in kept.row.refused]


HAPPY: list[LedgerState] = ["proposed", "approved", "sent", "acknowledged", "confirmed"]


def test_the_long_way_and_back() -> None:
    events = [told(state, at) for at, state in enumerate([*HAPPY, "compensated"])]
    kept = after(*events)
    assert kept.row is not None
    assert kept.row.state == "compensated" and not kept.row.refused
    assert [step.state for step in kept.row.steps] == [*HAPPY, "compensated"]
    assert kept.row.idempotency_key == "act_1"


@pytest.mark.parametrize(
    ("states", "ends", "reason"),
    [
        (["proposed", "confirmed"], "proposed", "only_proposed"),
        (["proposed", "withdrawn", "sent"], "withdrawn", "only_withdrawn"),
        (["proposed", "expired", "sent"], "expired", "only_expired"),
        (["proposed", "sent", "expired"], "sent", "already_sent"),
        (["proposed", "sent", "confirmed", "failed"], "confirmed", "already_confirmed"),
        (["proposed", "sent", "compensated"], "sent", "only_sent"),
        (["proposed", "sent", "confirmed", "sent"], "confirmed", "already_confirmed"),
    ],
)
def test_what_may_not_follow_is_refused_with_a_reason(
    states: list[LedgerState], ends: str, reason: str
) -> None:
    kept = after(*(told(state, at) for at, state in enumerate(states)))
    assert kept.row is not None
    assert kept.row.state == ends
    assert reasons(kept) == [reason]


def test_what_failed_may_still_turn_out_well() -> None:
    assert state_after(told("proposed"), told("sent", 1), told("failed", 2)) == "failed"
    assert (
        state_after(told("proposed"), told("sent", 1), told("failed", 2), told("confirmed", 9))
        == "confirmed"
    )


@given(st.permutations([*HAPPY, "compensated"]), st.data())
def test_any_order_and_any_repetition_ends_in_the_same_row(
    order: list[LedgerState], data: st.DataObject
) -> None:
    events = {state: told(state, at) for at, state in enumerate([*HAPPY, "compensated"])}
    expected = after(*events.values()).row
    again = data.draw(st.lists(st.sampled_from(order), max_size=6))
    assert after(*(events[state] for state in [*order, *again])).row == expected


def test_nothing_is_sent_without_the_approval_it_needs() -> None:
    action = action_of(needs_approval=True)
    kept = after(of_action(action), told("sent", 5))
    assert kept.row is not None
    assert (kept.row.state, reasons(kept)) == ("proposed", ["not_approved"])
    row = kept.take(of_action(action_of(needs_approval=True, status="approved")), NOW_MS)
    assert row is not None
    assert row.state == "sent", "streams cross: the approval was only told later"
    assert row.refused == ()


def action_of(*, needs_approval: bool = False, status: str = "proposed") -> Action:
    approval = None
    if status in ("approved", "refused"):
        approval = Approval(
            id="approval-1",
            decision_id="act_1",
            conversation_id="acme:c-1",
            verdict="approved" if status == "approved" else "refused",
            by="sup-3",
            event_time=from_ms(NOW_MS + 2000),
            reason="looks right",
        )
    return Action(
        id="act_1",
        conversation_id="acme:c-1",
        action="open_refund_case",
        event_time=from_ms(NOW_MS),
        expires_at=from_ms(NOW_MS + 60_000),
        why=Why(rule=RuleRef("refund", "default", "3"), because="charged twice"),
        needs_approval=needs_approval,
        status=status,  # type: ignore[arg-type]
        approval=approval,
        customer_id="c-1",
    )


def test_who_and_why_stand_in_the_row() -> None:
    kept = after(of_action(action_of(needs_approval=True)))
    assert kept.row is not None
    assert (kept.row.who, kept.row.why) == ("rule refund", "charged twice")
    kept.take(of_action(action_of(needs_approval=True, status="refused")), NOW_MS)
    assert (kept.row.state, kept.row.why) == ("withdrawn", "looks right")
    assert kept.row.steps[-1].who == "sup-3"
    assert not kept.waits(), "nobody waits for what was refused"


def test_what_nobody_took_on_expires_quietly() -> None:
    kept = after(told("proposed", deadline_s=60))
    assert kept.overdue(NOW_MS + 59_000) is None
    row = kept.overdue(NOW_MS + 60_000)
    assert row is not None
    assert row.state == "expired" and not row.late
    assert kept.overdue(NOW_MS + 99_000) is None, "once"


def test_whether_an_approval_came_in_time_is_not_for_the_ledger() -> None:
    waiting = replace(action_of(needs_approval=True), approve_by=from_ms(NOW_MS + 900_000))
    kept = after(of_action(waiting))
    assert kept.row is not None
    assert kept.row.deadline == waiting.approve_by
    assert kept.overdue(NOW_MS + 901_000) is None
    approved = of_action(action_of(needs_approval=True, status="approved"))
    assert approved.deadline == from_ms(NOW_MS + 62_000), "its time begins with the approval"
    kept.take(approved, NOW_MS + 901_000)
    kept.take(told("sent", 903), NOW_MS + 903_000)
    assert kept.row.state == "sent"


def test_what_was_taken_on_is_late_and_may_still_be_done() -> None:
    kept = after(told("proposed", deadline_s=60), told("sent", 1, deadline_s=30))
    row = kept.overdue(NOW_MS + 30_000)
    assert row is not None
    assert row.late and row.state == "sent"
    escalation = escalation_of(row)
    assert escalation.reason == "action_late" and "open refund case" in escalation.summary
    kept.take(told("confirmed", 90), NOW_MS + 90_000)
    assert kept.row is not None
    assert kept.row.state == "confirmed" and kept.row.late, "late stays visible"


def test_a_deadline_runs_on_the_clock_of_arrival() -> None:
    last_year_ms = NOW_MS + 365 * 86_400_000
    kept = Kept()
    kept.take(told("proposed", deadline_s=60), last_year_ms)
    assert kept.overdue(last_year_ms) is None, "a replay is not late from its first line"
    assert kept.overdue(last_year_ms + 60_000) is not None


def test_a_promise_goes_the_short_way() -> None:
    said = told("proposed", kind="promise", deadline_s=60)
    again = told("proposed", 1, kind="promise", deadline_s=120)
    kept = after(said, again)
    assert kept.row is not None
    assert kept.row.deadline == again.deadline, "the corrected words hold"
    assert kept.overdue(NOW_MS + 60_000) is None
    late = kept.overdue(NOW_MS + 119_000)
    assert late is not None
    assert late.late
    assert escalation_of(late).reason == "promise_late"
    kept.take(told("confirmed", 200, kind="promise"), NOW_MS)
    assert kept.row.state == "confirmed"
    kept.take(told("sent", 201, kind="promise"), NOW_MS)
    assert reasons(kept) == ["no_step_of_a_promise"]


def test_another_system_may_speak_first() -> None:
    outcome = Outcome(
        id="o-1",
        kind="confirmed",
        conversation_id="acme:c-1",
        event_time=from_ms(NOW_MS + 9000),
        decision_id="act_1",
        source="crm",
    )
    event = of_outcome(outcome)
    assert event is not None
    kept = after(event)
    assert kept.row is not None and kept.row.what == "unknown"
    kept.take(of_action(action_of()), NOW_MS)
    kept.take(told("sent", 1), NOW_MS)
    assert (kept.row.state, kept.row.what) == ("confirmed", "open_refund_case")
    assert of_outcome(Outcome("o", "shown", "c", from_ms(0))) is None


def test_steps_are_bounded() -> None:
    kept = after(*(told("sent", at) for at in range(STEPS_MAX + 9)))
    assert kept.row is not None
    assert len(kept.row.steps) + len(kept.row.refused) == STEPS_MAX


def test_a_row_survives_as_bytes() -> None:
    kept = after(told("proposed", deadline_s=60), told("confirmed", 1))
    assert load_kept(dump_kept(kept)) == kept
    with pytest.raises(NewerRecord):
        load_kept(bytes((9,)) + dump_kept(kept)[1:])
    with pytest.raises(RecordError):
        load_kept(b"\x01\xff")


def test_what_failed_is_told_with_the_reason() -> None:
    failed = replace(told("failed", 2), why="crm answered 422")
    row = after(told("proposed", deadline_s=60), told("sent", 1), failed).row
    assert row is not None
    escalation = escalation_of(row)
    assert escalation.reason == "action_failed" and "crm answered 422" in escalation.summary


def test_equal_rows_give_equal_escalations() -> None:
    kept = after(told("sent", 1, deadline_s=30))
    row = kept.overdue(NOW_MS + 60_000)
    assert row is not None
    assert escalation_of(row) == escalation_of(row)
    assert escalation_of(row).event_time == from_ms(NOW_MS) + timedelta(seconds=30)
