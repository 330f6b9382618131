"""High stakes wait for a human: nothing is cleared without somebody who may, in time, and once."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import msgspec
import pytest
from decide_moments import decider, moment
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cxstream.decide.approvals import WAITING_MAX, answer, overdue, wait
from cxstream.decide.records import to_record
from cxstream.errors import RecordError
from cxstream.events import Action, Approval, to_ms

RULE = (
    "- {id: block, title: t, on: [customer_utterance], phrases: [go], because: b, action: {name: block_card,"
    " approval: {roles: [supervisor, fraud_desk], within_s: 600, otherwise: escalate}}}\n"
)


def proposed(rules: str = RULE, at_s: float = 0) -> Action:
    at = moment("go", at_s=at_s)
    (decision,) = decider(rules).decide(at, ()).decisions
    record = to_record(decision, at)
    assert isinstance(record, Action)
    return record


def word(
    action: Action,
    *,
    roles: tuple[str, ...] = ("supervisor",),
    after_s: float = 30,
    verdict: Literal["approved", "refused"] = "approved",
    tenant: str = "default",
) -> Approval:
    return Approval(
        id="ap-1",
        decision_id=action.id,
        conversation_id=action.conversation_id,
        verdict=verdict,
        by="s-1",
        roles=roles,
        tenant=tenant,
        event_time=action.event_time + timedelta(seconds=after_s),
    )


def test_an_action_says_who_may_and_by_when_and_is_not_cleared() -> None:
    action = proposed()
    assert (action.needs_approval, action.approvers) == (True, ("supervisor", "fraud_desk"))
    assert action.approve_by == action.event_time + timedelta(seconds=600)
    assert not action.cleared
    assert wait((), (action,)).waiting == (action,)


def test_what_needs_no_approval_is_cleared_and_does_not_wait() -> None:
    action = proposed(RULE.partition(" approval:")[0].rstrip(",") + "}}\n")
    assert action.cleared and not action.needs_approval
    assert wait((), (action,)).waiting == ()


def test_a_yes_in_time_from_somebody_who_may_clears_it_under_the_same_id() -> None:
    action = proposed()
    settled = answer((action,), word(action, roles=("agent", "fraud_desk")))
    assert settled is not None
    (cleared,) = settled.actions
    assert (cleared.id, cleared.status, settled.waiting) == (action.id, "approved", ())
    assert cleared.cleared
    assert replace(cleared, status="proposed", approval=None) == action
    assert answer(settled.waiting, word(action)) is None


def test_a_no_ends_it() -> None:
    action = proposed()
    settled = answer((action,), word(action, verdict="refused"))
    assert settled is not None
    assert [a.status for a in settled.actions] == ["refused"]
    assert not settled.actions[0].cleared


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"roles": ()}, "not_allowed"),
        ({"roles": ("agent",)}, "not_allowed"),
        ({"roles": ("supervisors",)}, "not_allowed"),
        ({"tenant": "other"}, "not_allowed"),
        ({"after_s": 601}, "too_late"),
    ],
)
def test_whoever_may_not_or_is_late_changes_nothing(
    changed: dict[str, object], reason: str
) -> None:
    action = proposed()
    with pytest.raises(RecordError) as refused:
        answer((action,), word(action, **changed))  # type: ignore[arg-type]
    assert refused.value.reason == reason
    assert refused.value.mend


def test_nobody_answers_in_time() -> None:
    action = proposed()
    assert action.approve_by is not None
    by_ms = to_ms(action.approve_by)
    assert overdue((action,), by_ms).waiting == (action,)
    settled = overdue((action,), by_ms + 1)
    assert (settled.waiting, [a.status for a in settled.actions]) == ((), ["expired"])
    assert not settled.actions[0].cleared
    (told,) = settled.escalations
    assert (told.reason, told.event_time) == ("approval not answered", action.approve_by)
    quiet = proposed(RULE.replace(", otherwise: escalate", ""))
    assert overdue((quiet,), by_ms + 1).escalations == ()


def test_more_than_can_wait_are_given_up_not_forgotten() -> None:
    actions = tuple(replace(proposed(), id=f"action_{n}") for n in range(WAITING_MAX + 2))
    settled = wait((), actions)
    assert len(settled.waiting) == WAITING_MAX
    assert [(a.id, a.status) for a in settled.actions] == [
        ("action_0", "expired"),
        ("action_1", "expired"),
    ]


@given(
    status=st.sampled_from(["proposed", "approved", "refused", "expired"]),
    verdict=st.sampled_from([None, "approved", "refused"]),
    roles=st.lists(st.sampled_from(["agent", "supervisor", "fraud_desk", ""]), max_size=3),
    own=st.booleans(),
)
def test_no_record_that_somebody_makes_up_is_cleared_without_a_valid_yes(
    status: Literal["proposed", "approved", "refused", "expired"],
    verdict: Literal["approved", "refused"] | None,
    roles: list[str],
    own: bool,
) -> None:
    """The test that tries: on the topic may be what will, only a yes to this action by an approver counts."""
    action = proposed()
    said = None
    if verdict is not None:
        said = word(action, roles=tuple(roles), verdict=verdict)
        said = said if own else replace(said, decision_id="action_another")
    forged = replace(action, status=status, approval=said)
    wire = msgspec.json.decode(msgspec.json.encode(forged), type=Action)
    valid = (
        status == "approved"
        and verdict == "approved"
        and own
        and bool({"supervisor", "fraud_desk"}.intersection(roles))
    )
    assert wire.cleared == valid
