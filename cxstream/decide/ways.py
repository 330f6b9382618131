"""Automate, nudge, act or escalate: one choice, with its reason.

automate   a system does it, no person is asked: no approval is needed, and nobody is there to be told
nudge      the agent who talks with the customer is told, and decides
act        a back office does it while an agent knows, or after somebody has approved it
escalate   a supervisor takes over; while that holds, nothing is automated for this customer
"""

from __future__ import annotations

from collections.abc import Sequence

from cxstream.decide.moment import Effect, Escalate, Kind, Moment, RequestAction, ShowNudge
from cxstream.events import Choice


def is_automatic(effect: Effect, moment: Moment) -> bool:
    """Whether an effect would be done by a system with no person in the know."""
    alone = moment.bot_only or not moment.agent_id
    return isinstance(effect, RequestAction) and effect.approval is None and alone


def heaviness(effect: Effect, moment: Moment) -> int:
    """Who is troubled by an effect: nobody, the agent who is there, an approver, a supervisor."""
    if is_automatic(effect, moment):
        return 0
    if isinstance(effect, ShowNudge):
        return 1
    return 2 if isinstance(effect, RequestAction) else 3


def choice(allowed: Sequence[tuple[Kind, Effect]], moment: Moment) -> Choice:
    """The way that some effects of one rule are, taken together, and why that one."""
    if not allowed:
        return Choice("nudge", "")
    effect = max((effect for _, effect in allowed), key=lambda one: heaviness(one, moment))
    if isinstance(effect, Escalate):
        return Choice("escalate", f"{effect.reason} ({effect.severity}) is for a supervisor")
    if isinstance(effect, RequestAction):
        if effect.approval is not None:
            roles = " or ".join(effect.approval.roles)
            return Choice("act", f"{effect.name} waits for a yes of {roles}")
        if is_automatic(effect, moment):
            who = "only a bot is" if moment.bot_only else "no agent is"
            return Choice(
                "automate", f"{effect.name} needs no approval, and {who} on the conversation"
            )
        return Choice(
            "act", f"{effect.name} needs no approval; {moment.agent_id} is there and knows"
        )
    if isinstance(effect, ShowNudge) and effect.conversation_id != moment.conversation_id:
        return Choice(
            "nudge",
            f"{effect.agent_id} talks with the customer in {effect.conversation_id} ({effect.channel})",
        )
    return Choice("nudge", f"{moment.agent_id} is on the conversation and can say it")
