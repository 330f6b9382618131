"""The signal of a record: what was said, its scores, and how the conversation stands after it."""

from __future__ import annotations

from cxstream.context.arc import facts
from cxstream.context.conversation import Change, Conversation, Outcome
from cxstream.context.entry import Entry
from cxstream.events import Control, Delta, Fragment, Risk, Scores, Signal, from_ms, record_id


def signal_of(
    state: Conversation,
    record: Fragment | Control,
    entry: Entry,
    change: Change,
    scores: Scores | None,
) -> Signal:
    """What the customer's side needs to know of one record, with the conversation's facts after it."""
    said = record if isinstance(record, Fragment) else None
    return Signal(
        id=record_id("signal", state.id, entry.id, entry.rank, entry.revision),
        kind=entry.kind,
        conversation_id=state.id,
        channel=record.channel or state.arc.channel,
        event_time=from_ms(entry.at_ms),
        seq=state.seq,
        tenant=state.tenant,
        customer_id=state.customer.value or None,
        agent_id=state.agent.value or None,
        queue=state.queue.value or None,
        fragment_id=said.fragment_id if said else None,
        stage=said.stage if said else None,
        revision=entry.revision,
        role=said.speaker.role if said else None,
        role_source=said.speaker.role_source if said else None,
        text=said.text if said else None,
        scores=scores,
        risk=Risk(
            annoyed=state.arc.annoyed / 1000,
            dissatisfied=state.arc.dissatisfied / 1000,
            goal_not_met=state.arc.goal_not_met / 1000,
        ),
        late=change.outcome is Outcome.LATE,
        reason=None if said else state.end_reason.value or None,
        conversation=facts(state.arc),
        deltas=tuple(Delta(from_ms(at), add) for at, add in change.deltas),
    )
