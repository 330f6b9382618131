"""What people say back: accept, dismiss, later, undo; take an escalation over; allow an action or refuse it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from cxstream.desk.cards import outcome_of
from cxstream.desk.doors import Doors, forbidden
from cxstream.desk.faults import documented, unavailable
from cxstream.desk.floor import may_see_card
from cxstream.desk.live import not_there
from cxstream.desk.newsroom import Newsroom
from cxstream.desk.tokens import Viewer
from cxstream.errors import EngineError
from cxstream.events import Approval, Outcome, OutcomeKind, Trace, from_ms, record_id

Reason = Annotated[str | None, Field(max_length=500, description="in your own words, if you like")]


class Said(BaseModel):
    """An answer to a nudge. `shown`: it is on the screen now; `undone` takes back what was said last."""

    kind: Literal["shown", "accepted", "dismissed", "later", "undone"]
    reason: Reason = None


class Taken(BaseModel):
    """What a supervisor does with an escalation: `accepted` takes it over."""

    kind: Literal["accepted", "dismissed", "undone"]
    reason: Reason = None


class Verdict(BaseModel):
    """A yes or no to an action that waits."""

    verdict: Literal["approved", "refused"]
    reason: Reason = None


class Noted(BaseModel):
    """It stands on its topic under this id; saying the same again gives the same one."""

    id: str
    state: str


def router(newsroom: Newsroom, doors: Doors) -> APIRouter:
    """The ways back; each is done when Kafka has the record."""
    answers = APIRouter(tags=["live"], responses=documented(400, 401, 403, 404, 422, 503))

    @answers.post("/v1/nudges/{nudge_id}/answers", summary="Answer one of your nudges")
    async def nudge(request: Request, nudge_id: str, said: Said) -> Noted:
        trace = Trace.read(request.headers)
        return await answer_nudge(newsroom, doors.agent(request), nudge_id, said, trace)

    @answers.post("/v1/escalations/{escalation_id}/answers", summary="Take an escalation over")
    async def escalation(request: Request, escalation_id: str, said: Taken) -> Noted:
        viewer = doors.supervisor(request)
        raised = newsroom.floor.raised.get(escalation_id)
        if raised is None or raised.escalation.tenant != viewer.tenant:
            raise not_there("escalation_id")
        found = raised.escalation
        conversation = newsroom.floor.conversations.get((found.tenant, found.conversation_id))
        if not viewer.sees_queue(conversation.queue if conversation else found.queue):
            raise not_there("escalation_id")
        record = outcome_of(
            raised.answers,
            said.kind,
            decision_id=found.id,
            conversation_id=found.conversation_id,
            at=from_ms(newsroom.clock_ms()),
            tenant=found.tenant,
            customer_id=found.customer_id,
            agent_id=viewer.name,
            source="supervisor",
            reason=said.reason,
        )
        await _write(newsroom, record, Trace.read(request.headers))
        return Noted(id=record.id, state=raised.answers.state)

    @answers.post("/v1/actions/{action_id}/approvals", summary="Allow an action, or refuse it")
    async def approval(request: Request, action_id: str, said: Verdict) -> Noted:
        viewer = doors.supervisor(request)
        action = newsroom.floor.waiting.get(action_id)
        if action is None or not newsroom.floor.may_see_action(viewer, action):
            raise not_there("action_id")
        if action.approvers and set(action.approvers).isdisjoint(viewer.grants):
            raise forbidden("one of these has to say so: " + ", ".join(action.approvers))
        record = Approval(
            id=record_id("approval", action.id, viewer.name, said.verdict),
            decision_id=action.id,
            conversation_id=action.conversation_id,
            verdict=said.verdict,
            by=viewer.name,
            event_time=from_ms(newsroom.clock_ms()),
            roles=viewer.grants,
            tenant=action.tenant,
            customer_id=action.customer_id,
            reason=said.reason,
        )
        await _write(newsroom, record, Trace.read(request.headers))
        return Noted(id=record.id, state=said.verdict)

    return answers


async def answer_nudge(
    newsroom: Newsroom, viewer: Viewer, nudge_id: str, said: Said, trace: Trace | None = None
) -> Noted:
    """Note an agent's answer. Raises 404 for a nudge that is not theirs, 503 when Kafka does not take it."""
    card = newsroom.floor.cards.get(nudge_id)
    if card is None or not may_see_card(viewer, card.nudge, None):
        raise not_there("nudge_id")
    kind: OutcomeKind = said.kind
    nudge = card.nudge
    card.shown_here = card.shown_here or kind == "shown"
    record = outcome_of(
        card.answers,
        kind,
        decision_id=nudge.id,
        conversation_id=nudge.conversation_id,
        at=from_ms(newsroom.clock_ms()),
        tenant=nudge.tenant,
        customer_id=nudge.customer_id,
        agent_id=viewer.name,
        reason=said.reason,
    )
    if not (kind == "shown" and card.answers.shown):
        await _write(newsroom, record, trace)
    return Noted(id=record.id, state=card.answers.state)


async def _write(newsroom: Newsroom, record: Outcome | Approval, trace: Trace | None) -> None:
    try:
        await newsroom.answer(record, trace)
    except EngineError as error:
        raise unavailable("say it again in a moment; it was not noted") from error
