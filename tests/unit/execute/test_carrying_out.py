"""An action on its way: what is told when, what is never sent, and what is taken back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from cxstream.errors import DeliveryError
from cxstream.events import Action, Approval, LedgerEvent, Outcome, RuleRef, Why, from_ms
from cxstream.execute.carrying_out import Carrier, Happening, Undelivered
from cxstream.execute.ledger import Kept
from cxstream.execute.ledger_events import of_action
from cxstream.execute.plan import Plan, Request, Service, Step
from cxstream.execute.transport import Answer, Call, RecordedTransport
from cxstream.execute.wording import wording

NOW_MS = 1_780_000_000_000
CRM = Service("crm", "http://crm.test")


def request(path: str, *, answers: bool = False) -> Request:
    return Request(CRM, "POST", wording(path, answers=answers))


PLAN = Plan(
    "refund", (Step(request("/refunds")),), reference=wording("r {answer.id}", answers=True)
)
SAGA = Plan(
    "plan",
    (
        Step(request("/plans"), undo=request("/undo/{answer.id}", answers=True)),
        Step(request("/visits")),
    ),
)


def action(
    name: str = "refund", *, needs_approval: bool = False, approval: Approval | None = None
) -> Action:
    return Action(
        id="act_1",
        conversation_id="acme:c-1",
        action=name,
        event_time=from_ms(NOW_MS),
        expires_at=from_ms(NOW_MS + 60_000),
        why=Why(rule=RuleRef("r", "p", "1"), because="charged twice"),
        needs_approval=needs_approval,
        customer_id="c-1",
        approvers=("team_lead",) if needs_approval else (),
        status="approved" if approval else "proposed",
        approval=approval,
    )


def approval(role: str = "team_lead", at_ms: int = NOW_MS) -> Approval:
    return Approval(
        id="ap_1",
        decision_id="act_1",
        conversation_id="acme:c-1",
        verdict="approved",
        by="sup-3",
        event_time=from_ms(at_ms),
        roles=(role,),
    )


def ok(call: Call) -> Answer | DeliveryError:
    return Answer(201, json.dumps({"id": 7}).encode(), tries=2)


def carried(
    given: Action,
    answer: Callable[[Call], Answer | DeliveryError] = ok,
    *,
    plan: Plan = PLAN,
    now_ms: int = NOW_MS,
) -> tuple[list[Happening], list[Call]]:
    transport = RecordedTransport(answer)
    carrier = Carrier({plan.action: plan}, transport, lambda: now_ms)

    async def run() -> list[Happening]:
        return [happening async for happening in carrier.carry_out(given)]

    return asyncio.run(run()), transport.calls


def told(happenings: list[Happening]) -> list[str]:
    return [
        h.state
        if isinstance(h, LedgerEvent)
        else f"outcome {h.kind}"
        if isinstance(h, Outcome)
        else "undelivered"
        for h in happenings
    ]


def test_sent_is_told_first_and_the_answer_confirms() -> None:
    happenings, calls = carried(action())
    assert told(happenings) == ["sent", "confirmed", "outcome confirmed"]
    confirmed = happenings[1]
    assert isinstance(confirmed, LedgerEvent)
    assert (confirmed.reference, confirmed.attempt) == ("r 7", 2)
    assert [c.headers["Idempotency-Key"] for c in calls] == ["act_1"]
    again, _ = carried(action())
    assert again == happenings, "carried out again, the records are the same"


def test_the_ledger_agrees() -> None:
    kept = Kept()
    kept.take(of_action(action()), NOW_MS)
    for happening in carried(action())[0]:
        if isinstance(happening, LedgerEvent):
            kept.take(happening, NOW_MS)
    assert kept.row is not None
    assert (kept.row.state, kept.row.reference, kept.row.refused) == ("confirmed", "r 7", ())


@pytest.mark.parametrize(
    "given",
    [
        action(needs_approval=True),
        action(needs_approval=True, approval=approval("cleaner")),
        replace(action(needs_approval=True, approval=approval()), status="refused"),
        replace(
            action(needs_approval=True, approval=approval()),
            approval=replace(approval(), decision_id="act_2"),
        ),
        action("somebody_elses"),
    ],
)
def test_nothing_is_carried_out_that_may_not_be(given: Action) -> None:
    assert carried(given) == ([], [])


def test_an_approved_action_goes_and_its_time_begins_with_the_approval() -> None:
    late_ms = NOW_MS + 3_600_000
    given = action(needs_approval=True, approval=approval(at_ms=late_ms))
    happenings, calls = carried(given, now_ms=late_ms + 59_000)
    assert told(happenings)[0] == "sent" and len(calls) == 1
    happenings, calls = carried(given, now_ms=late_ms + 61_000)
    assert told(happenings) == ["expired", "outcome expired"] and not calls


def test_a_replay_of_an_old_stream_touches_nothing() -> None:
    happenings, calls = carried(action(), now_ms=NOW_MS + 365 * 86_400_000)
    assert told(happenings) == ["expired", "outcome expired"] and not calls


def test_a_refusal_is_told_and_given_up() -> None:
    happenings, _ = carried(action(), lambda call: DeliveryError("refused", "crm: 422", sure=True))
    assert told(happenings) == ["sent", "failed", "outcome failed", "undelivered"]
    last = happenings[-1]
    assert isinstance(last, Undelivered) and last.error.reason == "refused"


def test_what_may_have_been_done_is_said_so() -> None:
    error = DeliveryError("no_answer", "crm did not answer", sure=False)
    happenings, _ = carried(action(), lambda call: error)
    failed = happenings[1]
    assert isinstance(failed, LedgerEvent) and "may have been done" in failed.why


def test_what_was_done_before_is_taken_back() -> None:
    def answer(call: Call) -> Answer | DeliveryError:
        if call.url.endswith("/visits"):
            return DeliveryError("refused", "no technician", sure=True)
        return ok(call)

    happenings, calls = carried(action("plan"), answer, plan=SAGA)
    assert [c.url.removeprefix("http://crm.test") for c in calls] == [
        "/plans",
        "/visits",
        "/undo/7",
    ]
    keys = [c.headers["Idempotency-Key"] for c in calls]
    assert keys == ["act_1", "act_1:1", "act_1:undo"]
    assert told(happenings) == [
        "sent",
        "failed",
        "compensated",
        "outcome compensated",
        "outcome failed",
        "undelivered",
    ]


def test_what_cannot_be_taken_back_is_not_called_compensated() -> None:
    def answer(call: Call) -> Answer | DeliveryError:
        return (
            ok(call) if call.url.endswith("/plans") else DeliveryError("refused", "no", sure=True)
        )

    happenings, _ = carried(action("plan"), answer, plan=SAGA)
    assert "compensated" not in told(happenings)
    outcome = next(h for h in happenings if isinstance(h, Outcome))
    assert outcome.reason is not None and "could not be taken back" in outcome.reason


def test_where_an_event_confirms_an_answer_only_acknowledges() -> None:
    happenings, _ = carried(action(), plan=replace(PLAN, by_event=True, within_s=90))
    assert told(happenings) == ["sent", "acknowledged"]
    sent = happenings[0]
    assert isinstance(sent, LedgerEvent) and sent.deadline == from_ms(NOW_MS + 90_000)


def test_what_is_done_is_done_also_without_a_reference() -> None:
    happenings, _ = carried(action(), lambda call: Answer(204))
    assert told(happenings) == ["sent", "confirmed", "outcome confirmed"]


def test_a_parameter_that_is_not_there_fails_before_any_call() -> None:
    plan = replace(PLAN, steps=(Step(request("/x/{parameters.amount}")),))
    happenings, calls = carried(action(), plan=plan)
    assert told(happenings) == ["sent", "failed", "outcome failed", "undelivered"] and not calls


def test_an_action_for_the_morning_is_held_back_and_valid_from_then() -> None:
    morning_ms = NOW_MS + 8 * 3_600_000
    later = replace(action(), not_before=from_ms(morning_ms))

    def at(ms: int) -> Carrier:
        return Carrier({"refund": PLAN}, RecordedTransport(ok), lambda: ms)

    assert at(NOW_MS).early_ms(later) == 8 * 3_600_000
    assert at(morning_ms - 1).early_ms(later) == 1
    assert at(morning_ms).early_ms(later) == 0
    assert at(morning_ms).verdict(later) == "go", "its minute begins in the morning"
    assert at(morning_ms + 60_001).verdict(later) == "expired"
    assert at(NOW_MS).early_ms(replace(later, action="block_card")) == 0, "not ours"
    assert at(NOW_MS).early_ms(replace(later, needs_approval=True)) == 0, "not cleared"
    assert of_action(later).deadline == from_ms(morning_ms + 60_000), "not late before that"


def test_what_an_agent_takes_back_is_undone_where_the_plan_says_how() -> None:
    unwanted = replace(action("plan"), status="undone", undone_by="a-7")
    plan = replace(SAGA, steps=SAGA.steps[:1])
    happenings, calls = carried(unwanted, plan=plan)
    assert told(happenings) == ["compensated", "outcome compensated"]
    assert isinstance(happenings[0], LedgerEvent) and happenings[0].why == "taken back by a-7"
    keys = [(call.url, call.headers["Idempotency-Key"]) for call in calls]
    assert keys == [("http://crm.test/plans", "act_1"), ("http://crm.test/undo/7", "act_1:undo")]


def test_what_cannot_be_taken_back_stands_and_is_told_and_nothing_is_called() -> None:
    happenings, calls = carried(replace(action("plan"), status="undone"), plan=SAGA)
    assert told(happenings) == ["outcome failed", "undelivered"] and calls == []
    outcome = happenings[0]
    assert isinstance(outcome, Outcome) and "call 2 cannot be taken back" in (outcome.reason or "")


def test_nothing_is_taken_back_that_was_never_allowed_or_long_ago() -> None:
    waits = replace(action(needs_approval=True), status="undone")
    assert carried(waits)[1] == []
    late = replace(action(), status="undone")
    assert carried(late, now_ms=NOW_MS + 60_001) == ([], [])
