"""What the live view remembers of a conversation, a line and a decision."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from cxstream.events import Role, Scores, Stage

LINES_KEPT = 80


class SeenLine(Struct):
    """One line on the screen: the newest revision of an utterance, and its tone once it is known."""

    role: Role
    text: str
    stage: Stage = Stage.PARTIAL
    revision: int = -1
    internal: bool = False
    scores: Scores | None = None

    @property
    def valence(self) -> float | None:
        """From -1 to 1; None until the line is scored."""
        return None if self.scores is None else self.scores.sentiment.valence


class SeenConversation(Struct):
    """One conversation on the screen, with its lines by fragment id in order of first appearance."""

    id: str
    channel: str = ""
    customer: str = ""
    agent: str = ""
    state: str = "live"
    risk: float | None = None
    lines: dict[str, SeenLine] = {}

    def line(self, fragment_id: str, role: Role) -> SeenLine:
        """The line of a fragment, made if new; the oldest line goes when there are too many."""
        line = self.lines.get(fragment_id)
        if line is None:
            line = self.lines[fragment_id] = SeenLine(role, "")
            if len(self.lines) > LINES_KEPT:
                del self.lines[next(iter(self.lines))]
        return line

    def valences(self) -> list[float]:
        """The customer's tone, line by line."""
        said = (x.valence for x in self.lines.values() if x.role is Role.CUSTOMER)
        return [valence for valence in said if valence is not None]

    def last_scored(self) -> Scores | None:
        """The scores of the customer's newest scored line."""
        for line in reversed(self.lines.values()):
            if line.role is Role.CUSTOMER and line.scores is not None:
                return line.scores
        return None


class Decided(Struct, frozen=True):
    """A nudge, action or escalation, in the words that a person reads."""

    kind: str
    at: datetime
    conversation_id: str
    to: str
    title: str
    say: str
    because: str
    rule: str
    mark: str = ""
