"""The figures that supervisors know: of a conversation when it ends, of a contact when a week has passed.

Every definition stands in docs/kpis.md, word for word as it is reckoned here. All are facts of event time, so
a replay gives the same. What nobody can know yet (did they come back?) is not said at the end but a week
later; what is predicted is called predicted and goes with what was observed, so that its error can be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from cxstream.context.contact import Contact
from cxstream.context.customer import Customer
from cxstream.events import Signal
from cxstream.lessons.endings import BACK_WITHIN_MS, CROSS, mood_of

REPEAT_POINTS: Final = 1
HOLD_POINTS: Final = 1
TRANSFER_POINTS: Final = 2
AGAIN_POINTS: Final = 3

By = Literal["bot", "agent", "both", "nobody"]
Result = Literal["resolved", "unresolved", "came_back"]


class Ended(NamedTuple):
    """A conversation that has ended.

    `effort` is in points; `predicted` satisfaction is a probability, `content` what was seen instead of it:
    nothing left open, and not cross at the end.
    """

    channel: str
    handled_by: By
    handling_s: int
    effort: int
    transferred: bool
    escalated: bool
    repeat: bool
    predicted: float
    content: bool

    @property
    def contained(self) -> bool:
        """Whether a bot did it alone: no agent spoke, nothing was transferred or escalated."""
        return self.handled_by == "bot" and not self.transferred and not self.escalated


class Judged(NamedTuple):
    """A contact a week after its end. `first`: it was not itself about something the customer had come for."""

    channel: str
    result: Result
    first: bool


def ended(state: Customer, signal: Signal) -> Ended | None:
    """The figures of a conversation, once, when it has ended (marks it as counted)."""
    contact = state.contacts.get(signal.conversation_id)
    facts = signal.conversation
    if contact is None or contact.counted or not facts.get("ended"):
        return None
    contact.counted = True
    return Ended(
        channel=contact.channel,
        handled_by=_by(facts),
        handling_s=_whole(facts, "age_s"),
        effort=effort(facts, again=contact.repeat),
        transferred=_whole(facts, "transfers") > 0,
        escalated=contact.escalated,
        repeat=contact.repeat,
        predicted=1 - _share(facts, "annoyed"),
        content=not facts.get("unresolved") and mood_of(facts) >= CROSS,
    )


def effort(facts: Mapping[str, object], *, again: bool) -> int:
    """What a conversation cost the customer, in points: 0 is none, from 5 on it is a struggle.

    One for each time they had to say the same again and each time they were put on hold, two for each
    transfer, three for having had to come back about the same thing.
    """
    return (
        REPEAT_POINTS * _whole(facts, "repeats")
        + HOLD_POINTS * _whole(facts, "holds")
        + TRANSFER_POINTS * _whole(facts, "transfers")
        + AGAIN_POINTS * again
    )


def judged(state: Customer, now_ms: int) -> list[Judged]:
    """The contacts whose week has passed, or that came back within it, each once (marks them)."""
    due = [
        (conversation_id, contact)
        for conversation_id, contact in state.contacts.items()
        if contact.ended and not contact.judged and contact.intents and _is_over(contact, now_ms)
    ]
    due.sort(key=lambda one: one[0])
    for _, contact in due:
        contact.judged = True
    return [Judged(c.channel, _result(c), not c.repeat) for _, c in due]


def _is_over(contact: Contact, now_ms: int) -> bool:
    return contact.came_back or now_ms - contact.last_ms >= BACK_WITHIN_MS


def _result(contact: Contact) -> Result:
    if contact.came_back:
        return "came_back"
    return "unresolved" if contact.unresolved else "resolved"


def _by(facts: Mapping[str, object]) -> By:
    bot, agent = bool(facts.get("has_bot")), bool(facts.get("has_agent"))
    if bot and agent:
        return "both"
    return "bot" if bot else "agent" if agent else "nobody"


def _whole(facts: Mapping[str, object], name: str) -> int:
    value = facts.get(name, 0)
    return int(value) if isinstance(value, int | float) else 0


def _share(facts: Mapping[str, object], name: str) -> float:
    value = facts.get(name, 0.0)
    return min(1.0, max(0.0, float(value))) if isinstance(value, int | float) else 0.0
