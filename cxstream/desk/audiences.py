"""Who is told: the audiences of a conversation, of a nudge, of an action that waits."""

from __future__ import annotations

from cxstream.desk.conversations import LiveConversation
from cxstream.desk.floor import Card, Floor
from cxstream.desk.hub import Audience
from cxstream.events import Action


def to_agent(conversation: LiveConversation) -> tuple[Audience, ...]:
    """The agent whose conversation it is, if there is one."""
    if conversation.agent_id is None:
        return ()
    return (Audience("desk", conversation.tenant, f"agent:{conversation.agent_id}"),)


def to_watchers(conversation: LiveConversation) -> tuple[Audience, ...]:
    """Whoever listens in."""
    return (Audience("conversation", conversation.tenant, conversation.id),)


def to_floor(conversation: LiveConversation, stream: str = "floor") -> tuple[Audience, ...]:
    """The supervisors of its queue, and those of all."""
    everywhere = Audience(stream, conversation.tenant, "all")
    if conversation.queue is None:
        return (everywhere,)
    return (everywhere, Audience(stream, conversation.tenant, f"queue:{conversation.queue}"))


def of_card(floor: Floor, card: Card) -> tuple[Audience, ...]:
    """Whoever sees a nudge: its agent, who listens in, the supervisors of the queue."""
    nudge = card.nudge
    who = f"agent:{nudge.agent_id}"
    theirs = (Audience("nudges", nudge.tenant, who), Audience("desk", nudge.tenant, who))
    conversation = floor.conversations.get((nudge.tenant, nudge.conversation_id))
    if conversation is None:
        return theirs
    return (*theirs, *to_watchers(conversation), *to_floor(conversation, "nudges"))


def of_action(action: Action, conversation: LiveConversation | None) -> tuple[Audience, ...]:
    """Whoever may see an action that waits."""
    if conversation is not None:
        return to_floor(conversation)
    return (Audience("floor", action.tenant, "all"),)
