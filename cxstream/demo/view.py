"""What does a person see while the demo runs? The state behind the live view; `screen` draws it.

Fed with records in whatever order they come (a signal may overtake its fragment), it remembers the
conversations in progress, the lines of each with their tone, and the decisions. No clock, no broker, no
terminal inside: the same records give the same screen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType

from cxstream.demo.expectations import Verdict
from cxstream.demo.report import Totals, report
from cxstream.demo.screen import Screen
from cxstream.demo.seen import Decided, SeenConversation
from cxstream.events import (
    STAGE_RANK,
    Action,
    Control,
    ControlKind,
    DeadLetter,
    Escalation,
    Fragment,
    Nudge,
    Output,
    Role,
    Signal,
    Summary,
    Transcript,
)

DECISIONS_KEPT = 40
PATIENCE = 25
"""Records of other conversations after which a silent one loses the middle of the screen."""


class DemoView:
    """Takes every record that goes in or comes out; `render` gives the screen at this moment.

    `total` is the number of transcript records to come, for the progress bar (0: not known);
    `titles` names conversations by their id. For a live display: `rich.live.Live(get_renderable=view.render,
    screen=True)`, or any other printer of renderables.
    """

    def __init__(self, total: int = 0, titles: Mapping[str, str] | None = None) -> None:
        self.total = total
        self.titles = titles or {}
        self.done = 0
        self.fragments = 0
        self.now: datetime | None = None
        self.conversations: dict[str, SeenConversation] = {}
        self.current: SeenConversation | None = None
        self.decided: deque[Decided] = deque(maxlen=DECISIONS_KEPT)
        self.rules: dict[str, dict[str, int]] = {"nudge": {}, "action": {}, "escalation": {}}
        self.summaries: set[str] = set()
        self.dead_letters = 0
        self._quiet_for = 0
        self._known: set[str] = set()

    def take(self, record: Transcript | Output) -> None:
        """Note one record; an output seen before, or of a kind that nobody watches, changes nothing."""
        _TAKES.get(type(record), _ignore)(self, record)

    def render(self) -> RenderableType:
        """The screen as it stands; draws itself to whatever size it is given."""
        return Screen(self)

    def summary(
        self,
        latencies_s: Sequence[float] = (),
        verdicts: Mapping[str, Sequence[Verdict]] | None = None,
    ) -> RenderableType:
        """The table at the end. `verdicts`: by title of the story. `latencies_s`: event to decision."""
        totals = Totals(
            conversations=[c.channel for c in self.conversations.values()],
            fragments=self.fragments,
            rules=self.rules,
            summaries=len(self.summaries),
            dead_letters=self.dead_letters,
        )
        return report(totals, latencies_s, verdicts or {})

    def conversation(self, conversation_id: str) -> SeenConversation:
        """What is seen of a conversation, made if new."""
        found = self.conversations.get(conversation_id)
        if found is None:
            found = self.conversations[conversation_id] = SeenConversation(conversation_id)
        return found

    def turn_to(self, conversation: SeenConversation) -> None:
        """Somebody spoke in `conversation`. The screen stays where it is while talk goes on there."""
        if self.current is conversation:
            self._quiet_for = 0
            return
        self._quiet_for += 1
        if self.current is None or self.current.state == "ended" or self._quiet_for > PATIENCE:
            self.current = conversation
            self._quiet_for = 0

    def seen_before(self, output_id: str) -> bool:
        """Whether an output of this id was taken already (a topic may carry one twice)."""
        if output_id in self._known:
            return True
        self._known.add(output_id)
        return False

    def decide(self, kind: str, decided: Decided) -> None:
        """Put a decision at the head of the list and count it."""
        self.decided.appendleft(decided)
        self.rules[kind][decided.rule] = self.rules[kind].get(decided.rule, 0) + 1


def _ignore(view: DemoView, record: object) -> None:
    """Carry-overs are for the engine."""


def _advance(view: DemoView, at: datetime | None) -> None:
    view.done += 1
    if at is not None and (view.now is None or at > view.now):
        view.now = at


def _fragment(view: DemoView, record: Fragment) -> None:
    _advance(view, record.event_time)
    view.fragments += 1
    conversation = view.conversation(record.conversation_id)
    conversation.channel = conversation.channel or record.channel
    line = conversation.line(record.fragment_id, record.speaker.role)
    newer = (STAGE_RANK[record.stage], record.revision) > (STAGE_RANK[line.stage], line.revision)
    if newer:
        line.text, line.stage, line.revision = record.text, record.stage, record.revision
        line.internal = record.visibility == "internal"
    view.turn_to(conversation)


_STATES = {
    ControlKind.HOLD: "on hold",
    ControlKind.RESUME: "live",
    ControlKind.TRANSFER: "live",
    ControlKind.ENDED: "ended",
}


def _control(view: DemoView, record: Control) -> None:
    _advance(view, record.event_time)
    conversation = view.conversation(record.conversation_id)
    conversation.channel = conversation.channel or record.channel or ""
    conversation.customer = record.customer_id or conversation.customer
    conversation.agent = record.agent_id or conversation.agent
    conversation.state = _STATES.get(record.type, conversation.state)


def _signal(view: DemoView, record: Signal) -> None:
    conversation = view.conversation(record.conversation_id)
    conversation.channel = conversation.channel or record.channel
    conversation.customer = record.customer_id or conversation.customer
    risk = record.conversation.get("risk")
    if isinstance(risk, float | int):
        conversation.risk = float(risk)
    if record.fragment_id is not None and record.scores is not None:
        line = conversation.line(record.fragment_id, record.role or Role.UNKNOWN)
        line.scores = record.scores
        line.text = line.text or record.text or ""


def _nudge(view: DemoView, record: Nudge) -> None:
    if view.seen_before(record.id) or record.status == "withdrawn":
        return
    why = record.why
    view.decide(
        "nudge",
        Decided(
            "nudge",
            record.event_time,
            record.conversation_id,
            record.agent_id,
            record.title,
            record.say,
            why.because,
            why.rule.id,
        ),
    )


def _action(view: DemoView, record: Action) -> None:
    if view.seen_before(record.id):
        return
    why = record.why
    view.decide(
        "action",
        Decided(
            "action",
            record.event_time,
            record.conversation_id,
            record.customer_id or "",
            record.action.replace("_", " "),
            "",
            why.because,
            why.rule.id,
            mark="needs approval" if record.needs_approval else "",
        ),
    )


def _escalation(view: DemoView, record: Escalation) -> None:
    if view.seen_before(record.id):
        return
    why = record.why
    view.decide(
        "escalation",
        Decided(
            "escalation",
            record.event_time,
            record.conversation_id,
            "supervisor",
            record.reason,
            record.summary,
            why.because,
            why.rule.id,
            mark=record.severity,
        ),
    )


def _summary(view: DemoView, record: Summary) -> None:
    view.summaries.add(record.conversation_id)


def _dead_letter(view: DemoView, record: DeadLetter) -> None:
    view.dead_letters += 1


_TAKES: dict[type, Callable[[DemoView, Any], None]] = {
    Fragment: _fragment,
    Control: _control,
    Signal: _signal,
    Nudge: _nudge,
    Action: _action,
    Escalation: _escalation,
    Summary: _summary,
    DeadLetter: _dead_letter,
}
