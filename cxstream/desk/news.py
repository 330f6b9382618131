"""One record from the topics: what it changes on the floor, and who is told what about it.

Pure: records and times in, the floor changed in place, `News` out. Nothing is told twice: a record that
was taken before changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import NamedTuple

from msgspec import Struct

from cxstream.desk.audiences import of_action, of_card, to_agent, to_floor, to_watchers
from cxstream.desk.conversations import LiveConversation
from cxstream.desk.floor import Card, Floor
from cxstream.desk.hub import Audience
from cxstream.desk.views import Gone, HearingView, Said, line_view
from cxstream.events import (
    Action,
    ControlKind,
    Escalation,
    Fragment,
    LedgerRow,
    Nudge,
    Outcome,
    Passport,
    Role,
    Signal,
    Summary,
    from_ms,
    to_ms,
)

_PASSPORTS_KEPT = 20_000
_NEGATIVE = -0.25


class News(NamedTuple):
    """Something to tell: to whom, what kind of event, and its body."""

    audiences: tuple[Audience, ...]
    kind: str
    body: Struct


def take(floor: Floor, record: Struct, arrived_ms: int) -> list[News]:
    """Apply one record that came at `arrived_ms` (our clock); records that no screen shows change nothing."""
    return list(_take(record, floor, arrived_ms))


def overhear(
    floor: Floor, partial: Fragment, arrived_ms: int
) -> tuple[tuple[Audience, ...], HearingView] | None:
    """Words that are not final yet, and whom they are for; None when they tell nothing new."""
    conversation = floor.conversations.get((partial.tenant, partial.conversation_id))
    if conversation is None or conversation.state == "ended" or partial.visibility != "public":
        return None
    place = partial.fragment_id
    if place in conversation.lines or place in conversation.deleted:
        return None
    side = conversation.roles.get(place, partial.speaker.role)
    said = conversation.hearing.take(partial, side, arrived_ms)
    if said is None:
        return None
    view = HearingView(conversation.id, place, side, said.text(), from_ms(said.at_ms))
    return (*to_agent(conversation), *to_watchers(conversation)), view


def expire(floor: Floor, clock_ms: int) -> tuple[list[News], list[Card]]:
    """Let what is over leave: cards and approvals past their time, conversations long silent.

    Also gives the cards that were shown by this process and never answered.
    """
    news: list[News] = []
    ignored: list[Card] = []
    for card in floor.open_cards():
        nudge = card.nudge
        conversation = floor.conversations.get((nudge.tenant, nudge.conversation_id))
        now_ms = conversation.now_ms(clock_ms) if conversation else clock_ms
        if to_ms(nudge.expires_at) <= now_ms:
            if card.answers.state == "open" and card.shown_here:
                ignored.append(card)
            news += _leave(floor, card, "expired")
    for action in list(floor.waiting.values()):
        if to_ms(action.approve_by or action.expires_at) <= clock_ms:
            news += _decided(floor, action, "expired")
    for place in list(floor.silent(clock_ms)):
        gone = floor.conversations[place]
        floor.forget(place)
        body = Gone(gone.id, "ended")
        news.append(News((*to_floor(gone), *to_watchers(gone), *to_agent(gone)), "gone", body))
    return news, ignored


@singledispatch
def _take(record: object, floor: Floor, arrived_ms: int) -> Iterator[News]:
    """Whatever no screen shows."""
    yield from ()


@_take.register
def _signal(record: Signal, floor: Floor, arrived_ms: int) -> Iterator[News]:
    conversation = floor.conversation(record.tenant, record.conversation_id)
    before = (conversation.agent_id, conversation.state, conversation.queue)
    known = (conversation.seq, conversation.customer_id)
    line = conversation.take(record, arrived_ms)
    floor.belongs_to(conversation)
    deleted = record.kind == ControlKind.FRAGMENT_DELETED and record.fragment_id
    if deleted and not conversation.remove(str(deleted)):
        deleted = None
    if line is None and not deleted and known == (conversation.seq, conversation.customer_id):
        return
    if line is not None:
        conversation.hearing.finish(line.role, line.fragment_id, line.at_ms)
    if record.scores is not None and record.role == Role.CUSTOMER and line is not None:
        minute = floor.hour.minute(record.tenant, conversation.queue, line.at_ms)
        minute.said += 1
        minute.valence += line.valence or 0.0
        minute.negative += (line.valence or 0.0) < _NEGATIVE
    agent, state, queue = before
    if agent is not None and agent != conversation.agent_id:
        yield from _hand_over(floor, conversation, agent)
    if queue is not None and queue != conversation.queue:
        left = Audience("floor", conversation.tenant, f"queue:{queue}")
        yield News((left,), "gone", Gone(conversation.id, "moved"))
    if conversation.state == "ended" and state != "ended":
        for card in floor.cards_of(conversation):
            yield from _leave(floor, card, "ended")
    row = floor.row(conversation)
    yield News(to_floor(conversation), "row", row)
    if known[0] == 0 or agent != conversation.agent_id or known[1] != conversation.customer_id:
        yield News(to_agent(conversation), "conversation", floor.view(conversation))
        yield News(to_watchers(conversation), "conversation", floor.view(conversation))
        return
    said = Said(
        row,
        line_view(line) if line is not None else None,
        conversation.next_actions,
        str(deleted) if deleted else None,
    )
    yield News((*to_agent(conversation), *to_watchers(conversation)), "said", said)


@_take.register
def _nudge(record: Nudge, floor: Floor, arrived_ms: int) -> Iterator[News]:
    if record.status == "withdrawn":
        withdrawn = floor.cards.get(record.withdraws or "")
        if withdrawn is not None and withdrawn.gone is None:
            yield from _leave(floor, withdrawn, "withdrawn")
        return
    if record.id in floor.cards:
        return
    conversation = floor.conversation(record.tenant, record.conversation_id)
    card = floor.add_card(record)
    if not conversation.seq:
        conversation.arrived_ms = arrived_ms
        conversation.last_ms = to_ms(record.event_time)
    elif conversation.state == "ended":
        card.gone = "ended"
        return
    floor.hour.minute(record.tenant, conversation.queue, to_ms(record.event_time)).nudges += 1
    yield News(of_card(floor, card), "nudge", card.view())
    if conversation.seq:
        yield News(to_floor(conversation), "row", floor.row(conversation))


@_take.register
def _outcome(record: Outcome, floor: Floor, arrived_ms: int) -> Iterator[News]:
    card = floor.cards.get(record.decision_id or "")
    if card is not None and card.answers.take(record):
        if record.kind == "shown":
            return
        conversation = floor.conversation(record.tenant, record.conversation_id)
        minute = floor.hour.minute(record.tenant, conversation.queue, to_ms(record.event_time))
        minute.accepted += record.kind == "accepted"
        minute.dismissed += record.kind == "dismissed"
        if card.gone is None:
            yield News(of_card(floor, card), "answered", card.view())
            yield News(to_floor(conversation), "row", floor.row(conversation))
        return
    raised = floor.raised.get(record.decision_id or "")
    if raised is not None and raised.answers.take(record):
        conversation = floor.conversation(record.tenant, record.conversation_id)
        yield from _row_everywhere(floor, conversation)
    elif raised is None and record.decision_id and card is None:
        floor.keep_early(record)


@_take.register
def _escalation(record: Escalation, floor: Floor, arrived_ms: int) -> Iterator[News]:
    if record.id in floor.raised:
        return
    conversation = floor.conversation(record.tenant, record.conversation_id)
    if not conversation.seq:
        conversation.arrived_ms = arrived_ms
        conversation.last_ms = to_ms(record.event_time)
        conversation.agent_id = record.agent_id
        conversation.queue = record.queue
        conversation.channel = record.channel
    floor.raise_up(record)
    floor.hour.minute(record.tenant, conversation.queue, to_ms(record.event_time)).escalations += 1
    yield from _row_everywhere(floor, conversation)


@_take.register
def _action(record: Action, floor: Floor, arrived_ms: int) -> Iterator[News]:
    if not record.needs_approval:
        return
    if record.status != "proposed":
        yield from _decided(floor, record, "decided")
        return
    over = to_ms(record.approve_by or record.expires_at) <= arrived_ms
    if over or record.id in floor.waiting or record.id in floor.decided:
        return
    floor.waiting[record.id] = record
    conversation = floor.conversations.get((record.tenant, record.conversation_id))
    yield News(of_action(record, conversation), "approval", record)


@_take.register
def _summary(record: Summary, floor: Floor, arrived_ms: int) -> Iterator[News]:
    conversation = floor.conversation(record.tenant, record.conversation_id)
    conversation.summary = record.text
    conversation.arrived_ms = max(conversation.arrived_ms, arrived_ms)
    yield from ()


@_take.register
def _ledger(record: LedgerRow, floor: Floor, arrived_ms: int) -> Iterator[News]:
    if floor.promised.take(record) and record.customer_id is not None:
        for conversation in floor.live_of(record.tenant, record.customer_id):
            audiences = (*to_agent(conversation), *to_watchers(conversation))
            yield News(audiences, "conversation", floor.view(conversation))


@_take.register
def _passport(record: Passport, floor: Floor, arrived_ms: int) -> Iterator[News]:
    place = (record.tenant, record.customer_id)
    floor.passports[place] = record
    floor.passports.move_to_end(place)
    if len(floor.passports) > _PASSPORTS_KEPT:
        floor.passports.popitem(last=False)
    conversation = floor.conversations.get((record.tenant, record.conversation_id))
    if conversation is not None and conversation.seq:
        audiences = (*to_agent(conversation), *to_watchers(conversation))
        yield News(audiences, "conversation", floor.view(conversation))


def _leave(floor: Floor, card: Card, reason: str) -> Iterator[News]:
    card.gone = reason
    yield News(of_card(floor, card), "gone", Gone(card.nudge.id, reason))


def _decided(floor: Floor, action: Action, reason: str) -> Iterator[News]:
    if not floor.decide(action):
        return
    conversation = floor.conversations.get((action.tenant, action.conversation_id))
    yield News(of_action(action, conversation), "gone", Gone(action.id, reason))


def _hand_over(floor: Floor, conversation: LiveConversation, agent: str) -> Iterator[News]:
    """The agent who had it loses it from sight, with the cards that were theirs."""
    for card in floor.cards_of(conversation):
        if card.nudge.agent_id == agent:
            yield from _leave(floor, card, "moved")
    left = Audience("desk", conversation.tenant, f"agent:{agent}")
    yield News((left,), "gone", Gone(conversation.id, "moved"))


def _row_everywhere(floor: Floor, conversation: LiveConversation) -> Iterator[News]:
    row = floor.row(conversation)
    yield News(to_floor(conversation), "row", row)
    said = Said(row, None, conversation.next_actions)
    yield News((*to_agent(conversation), *to_watchers(conversation)), "said", said)
