"""The signal of a record: what was said, its scores, and how the conversation stands after it."""

from __future__ import annotations

from typing import Literal

from cxstream.context.arc import facts
from cxstream.context.conversation import Change, Conversation, Fate
from cxstream.context.entry import UTTERANCE, Entry
from cxstream.context.foresight import Foresight
from cxstream.events import Control, Delta, Fragment, Risk, Role, Signal, from_ms, record_id
from cxstream.understand.scorer import Reading


def signal_of(
    state: Conversation,
    record: Fragment | Control,
    entry: Entry,
    change: Change,
    reading: Reading | None,
    foresight: Foresight,
    *,
    overload: Literal["partials", "light", "agents"] | None = None,
) -> Signal:
    """What the customer's side needs to know of one record, with the conversation's facts after it.

    `next_actions` is there while the customer had the last word.
    """
    said = record if isinstance(record, Fragment) else None
    speaker = record.speaker  # of a control event: who it was after all
    waits = said is not None and _customer_spoke_last(state)
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
        fragment_id=record.fragment_id,
        stage=said.stage if said else None,
        revision=entry.revision,
        role=speaker.role if speaker else None,
        role_source=speaker.role_source if speaker else None,
        text=said.text if said else None,
        scores=reading.scores if reading else None,
        risk=Risk(
            annoyed=state.arc.annoyed / 1000,
            dissatisfied=state.arc.dissatisfied / 1000,
            goal_not_met=state.arc.goal_not_met / 1000,
        ),
        next_actions=foresight.next_actions(state.arc.memory) if waits else (),
        late=change.fate is Fate.LATE,
        reason=None if said else state.end_reason.value or None,
        conversation=facts(state.arc),
        deltas=tuple(Delta(from_ms(at), add) for at, add in change.deltas),
        overload=overload,
    )


def _customer_spoke_last(state: Conversation) -> bool:
    said = (e for e in reversed(state.open) if e.kind == UTTERANCE and not e.deleted)
    last = next(said, None)
    return last is not None and last.role == Role.CUSTOMER
