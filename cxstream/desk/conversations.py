"""A conversation as people look at it: what was said, with the tone along it, and how it stands.

A fold over signals. They may come twice (a worker died), late, or from two keys (the customer became
known): a line is its newest revision, the facts are those with the highest `seq`, and lines stand in the
order in which they were said.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from cxstream.desk.hearing import Hearing
from cxstream.events import STAGE_RANK, ControlKind, Role, Scores, Signal, Stage, to_ms

LINES_KEPT = 80
LINES_KEPT_ENDED = 14
TONES_KEPT = 40
_FELT_FROM = 0.5
LIKELY = 0.25
"""From this probability on an agent is shown what agents usually do next; less is a guess among many."""
_SAYS_NOTHING = frozenset(("free_text", "custom", "out_of_scope"))

State = Literal["live", "on_hold", "ended"]
_TOLD = frozenset((ControlKind.HOLD, ControlKind.RESUME, ControlKind.TRANSFER, ControlKind.ENDED))


class Line(Struct):
    """One utterance, or an event such as `hold`; `valence` is -1 to 1, None where nothing was scored."""

    fragment_id: str
    kind: str
    role: str
    text: str
    at_ms: int
    valence: float | None = None
    intent: str | None = None
    feeling: str | None = None
    amended: bool = False
    precedence: tuple[int, int] = (0, 0)


class LiveConversation(Struct):
    """What is known of one conversation. `arrived_ms` is our clock when its newest signal came.

    `next_actions` are only those that are worth showing.
    """

    id: str
    tenant: str = "default"
    channel: str = ""
    customer_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    state: State = "live"
    started_ms: int = 0
    last_ms: int = 0
    arrived_ms: int = 0
    seq: int = 0
    facts: dict[str, object] = field(default_factory=dict)
    next_actions: tuple[tuple[str, float], ...] = ()
    lines: dict[str, Line] = field(default_factory=dict)
    summary: str = ""
    deleted: set[str] = field(default_factory=set)
    roles: dict[str, str] = field(default_factory=dict)
    hearing: Hearing = field(default_factory=Hearing)

    def take(self, signal: Signal, arrived_ms: int) -> Line | None:
        """Fold one signal in; the line that is new or changed, None when nothing of the talk changed."""
        at_ms = to_ms(signal.event_time)
        self.started_ms = min(self.started_ms or at_ms, at_ms)
        self.last_ms = max(self.last_ms, at_ms)
        self.arrived_ms = max(self.arrived_ms, arrived_ms)
        self.customer_id = signal.customer_id or self.customer_id
        if signal.seq > self.seq:
            self._move_on(signal)
        if signal.text is not None and signal.fragment_id is not None:
            return self._say(signal, signal.fragment_id, at_ms)
        if signal.kind == ControlKind.SPEAKER_REVISED and signal.fragment_id and signal.role:
            return self._revise(signal.fragment_id, signal.role)
        if signal.kind in _TOLD:
            return self._put(Line(signal.id, signal.kind, Role.SYSTEM, signal.reason or "", at_ms))
        return None

    def now_ms(self, clock_ms: int) -> int:
        """The conversation's own time: that of its newest signal, and what has passed since that came."""
        return self.last_ms + max(0, clock_ms - self.arrived_ms)

    def number(self, fact: str) -> float:
        """A fact that is a number; 0 where it is not known."""
        value = self.facts.get(fact)
        return float(value) if isinstance(value, int | float) else 0.0

    def words(self, fact: str) -> list[str]:
        """A fact that is a list of words."""
        value = self.facts.get(fact)
        return [str(word) for word in value] if isinstance(value, list | tuple) else []

    def said_by_customer(self) -> list[Line]:
        """The customer's lines, oldest first."""
        return [line for line in self.ordered() if line.role == Role.CUSTOMER]

    def ordered(self) -> list[Line]:
        """All lines as they were said."""
        return sorted(self.lines.values(), key=lambda line: line.at_ms)

    def tones(self) -> list[float]:
        """The customer's valences, oldest first, at most `TONES_KEPT`."""
        said = [line.valence for line in self.said_by_customer() if line.valence is not None]
        return said[-TONES_KEPT:]

    def remove(self, fragment_id: str) -> bool:
        """Forget a line whose words were deleted at the source; it does not come back."""
        self.deleted.add(fragment_id)
        return self.lines.pop(fragment_id, None) is not None

    def _move_on(self, signal: Signal) -> None:
        self.seq = signal.seq
        self.tenant = signal.tenant
        self.channel = signal.channel or self.channel
        self.agent_id = signal.agent_id or self.agent_id
        self.queue = signal.queue or self.queue
        self.facts = signal.conversation
        self.next_actions = tuple(
            (label, probability)
            for label, probability in signal.next_actions
            if probability >= LIKELY and label not in _SAYS_NOTHING
        )
        held: State = "on_hold" if self.facts.get("on_hold") else "live"
        self.state = "ended" if self.facts.get("ended") else held
        if self.state == "ended":
            self._keep(LINES_KEPT_ENDED)

    def _say(self, signal: Signal, fragment_id: str, at_ms: int) -> Line | None:
        stage = signal.stage or Stage.FINAL
        precedence = (STAGE_RANK[stage], signal.revision)
        held = self.lines.get(fragment_id)
        if held is not None:
            at_ms = held.at_ms = min(held.at_ms, at_ms)
        if fragment_id in self.deleted:
            return None
        scores = signal.scores
        line = Line(
            fragment_id,
            "said",
            self.roles.get(fragment_id, signal.role or Role.UNKNOWN),
            signal.text or "",
            at_ms,
            valence=scores.sentiment.valence if scores else None,
            intent=scores.intent.label if scores else None,
            feeling=_feeling(scores) if scores else None,
            amended=stage is Stage.AMENDED,
            precedence=precedence,
        )
        return self._put(line)

    def _revise(self, fragment_id: str, role: str) -> Line | None:
        """Somebody else said it, whether it is here already or still to come."""
        self.roles[fragment_id] = role
        if len(self.roles) > LINES_KEPT:
            del self.roles[next(iter(self.roles))]
        held = self.lines.get(fragment_id)
        if held is None or held.role == role:
            return None
        held.role = role
        return held

    def _put(self, line: Line) -> Line | None:
        held = self.lines.get(line.fragment_id)
        if held is not None and held.precedence >= line.precedence:
            return None
        self.lines[line.fragment_id] = line
        self._keep(LINES_KEPT)
        return line

    def _keep(self, most: int) -> None:
        while len(self.lines) > most:
            del self.lines[next(iter(self.lines))]


def _feeling(scores: Scores) -> str | None:
    """The emotion that speaks loudest, from even odds on; `abuse` before all."""
    felt = {
        "abuse": scores.abuse,
        "anger": scores.emotion.anger,
        "distress": scores.emotion.distress,
        "confusion": scores.emotion.confusion,
        "dissatisfaction": scores.emotion.dissatisfaction,
        "satisfaction": scores.emotion.satisfaction,
    }
    name, probability = max(felt.items(), key=lambda item: item[1])
    return name if probability >= _FELT_FROM else None
