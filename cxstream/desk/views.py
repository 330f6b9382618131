"""What the streams carry and the pages draw: plain values, nothing that a page must work out."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from cxstream.desk.cards import Answers
from cxstream.desk.cards import State as CardState
from cxstream.desk.conversations import Line, LiveConversation, State
from cxstream.events import Action, Escalation, Nudge, Passport, from_ms

EARLIER_LINES = 4
SPARK = 16


class LineView(Struct, frozen=True, omit_defaults=True):
    """A line of talk with its tone."""

    fragment_id: str
    kind: str
    role: str
    text: str
    at: datetime
    valence: float | None = None
    intent: str | None = None
    feeling: str | None = None
    amended: bool = False


class CardView(Struct, frozen=True):
    """A nudge, and what became of it so far."""

    nudge: Nudge
    state: CardState


class EscalationView(Struct, frozen=True):
    """An escalation; `taken_by` is the supervisor who has it."""

    escalation: Escalation
    state: CardState
    taken_by: str | None


class EarlierView(Struct, frozen=True):
    """What the customer said in another conversation, newest words last."""

    conversation_id: str
    channel: str
    state: State
    last_at: datetime
    agent_id: str | None
    summary: str
    unresolved: list[str]
    said: list[LineView]


class RowView(Struct, frozen=True):
    """A conversation in one line of the floor."""

    conversation_id: str
    channel: str
    customer_id: str | None
    agent_id: str | None
    queue: str | None
    state: State
    started_at: datetime
    last_at: datetime
    risk: float
    trend: float
    weight: float
    tones: list[float]
    why: tuple[str, ...]
    last_said: str
    intents: list[str]
    unresolved: list[str]
    nudges: int
    escalations: list[EscalationView]


class PromiseView(Struct, frozen=True):
    """A promise that is open: its kind, the words, when it is due, whether that has passed."""

    id: str
    what: str
    words: str
    due: datetime | None
    late: bool


class ConversationView(Struct, frozen=True):
    """A conversation with everything that belongs beside it."""

    row: RowView
    tones: list[float]
    next_actions: tuple[tuple[str, float], ...]
    lines: list[LineView]
    cards: list[CardView]
    earlier: list[EarlierView]
    passport: Passport | None
    promises: list[PromiseView]


class Snapshot(Struct, frozen=True, omit_defaults=True):
    """Where a stream begins, at first and after a reset: everything that holds now. `reason` says why."""

    reason: str
    cards: list[CardView] | None = None
    conversations: list[ConversationView] | None = None
    rows: list[RowView] | None = None
    approvals: list[Action] | None = None


class Gone(Struct, frozen=True):
    """Something leaves the screen: `withdrawn`, `expired`, `ended`, `moved`, `decided`."""

    id: str
    reason: str


class Said(Struct, frozen=True):
    """What a signal changed: the line, if one is new or other than before, and how it stands now."""

    row: RowView
    line: LineView | None
    next_actions: tuple[tuple[str, float], ...]
    deleted: str | None = None


class HearingView(Struct, frozen=True):
    """What one side is saying now: not final, and replaced by what comes next."""

    conversation_id: str
    fragment_id: str
    role: str
    text: str
    at: datetime


def line_view(line: Line) -> LineView:
    """A line as the pages draw it."""
    return LineView(
        line.fragment_id,
        line.kind,
        line.role,
        line.text,
        from_ms(line.at_ms),
        line.valence,
        line.intent,
        line.feeling,
        line.amended,
    )


def escalation_view(escalation: Escalation, answers: Answers) -> EscalationView:
    """An escalation with who took it."""
    return EscalationView(escalation, answers.state, answers.by if answers.ids else None)


def earlier_view(conversation: LiveConversation) -> EarlierView:
    """What a customer said there, in short."""
    return EarlierView(
        conversation.id,
        conversation.channel,
        conversation.state,
        from_ms(conversation.last_ms),
        conversation.agent_id,
        conversation.summary,
        conversation.words("unresolved"),
        [line_view(line) for line in conversation.said_by_customer()[-EARLIER_LINES:]],
    )


def row_view(
    conversation: LiveConversation,
    *,
    weight: float,
    why: tuple[str, ...],
    nudges: int,
    escalations: list[EscalationView],
) -> RowView:
    """A conversation in one line."""
    said = conversation.said_by_customer()
    return RowView(
        conversation_id=conversation.id,
        channel=conversation.channel,
        customer_id=conversation.customer_id,
        agent_id=conversation.agent_id,
        queue=conversation.queue,
        state=conversation.state,
        started_at=from_ms(conversation.started_ms),
        last_at=from_ms(conversation.last_ms),
        risk=conversation.number("risk"),
        trend=conversation.number("trend"),
        weight=weight,
        tones=conversation.tones()[-SPARK:],
        why=why,
        last_said=said[-1].text if said else "",
        intents=conversation.words("intents"),
        unresolved=conversation.words("unresolved"),
        nudges=nudges,
        escalations=escalations,
    )
