"""Signals, decisions and outcomes for tests of the learning loop."""

from __future__ import annotations

from cxstream.context.customer import Customer
from cxstream.decide.index import Index, Ranked
from cxstream.decide.load import load_playbook
from cxstream.decide.moment import Decided, Decision, Kind, RequestAction, ShowNudge
from cxstream.decide.signals import moment_of
from cxstream.events import Outcome, OutcomeKind, RuleRef, Signal, Why, from_ms
from cxstream.execute.delivery import Outbound
from cxstream.lessons.kpis import Ended, Judged
from cxstream.lessons.loop import Kept, LearningLoop

START_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Rules(dict[str, Ranked]):
    """Rules made up as they are asked for; `safe` is for everybody, `must` must be said, `loud` only
    has a high priority."""

    def get(self, rule: str, default: object = None) -> Ranked:
        """A rule of this id."""
        playbook = load_playbook(
            f"""
playbook: p
version: "1"
purposes: {{service: {{}}, care: {{for_everybody: true}}}}
rules:
  - id: {rule}
    title: t
    on: [customer_utterance]
    phrases: ["x"]
    because: b
    priority: {95 if rule == "loud" else 50}
    purpose: {"care" if rule == "safe" else "service"}
    must_say: {str(rule == "must").lower()}
    nudge: {{title: t, say: s}}
""",
            "made up",
        )
        return Index([playbook]).by_id[rule]


RULES = Rules()


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, bool]] = []
        self.lessons: list[tuple[str, str]] = []
        self.figures: list[Ended | Judged] = []

    def ended(self, figures: Ended) -> None:
        """A conversation ended."""
        self.figures.append(figures)

    def judged(self, figures: Judged) -> None:
        """A contact's week has passed."""
        self.figures.append(figures)

    def outcome(self, kind: str, joined: bool) -> None:
        """An outcome was heard."""
        self.outcomes.append((kind, joined))

    def lesson(self, verdict: str, group: str) -> None:
        """A decision was settled."""
        self.lessons.append((verdict, group))


def signal(
    at_ms: int = START_MS,
    *,
    conversation: str = "c-1",
    customer: str | None = "anna",
    intents: tuple[str, ...] = ("billing_dispute",),
    unresolved: tuple[str, ...] = (),
    ended: bool = False,
    level: float = 0.0,
    **facts: object,
) -> Signal:
    """A signal of a conversation about a bill."""
    return Signal(
        id=f"{conversation}@{at_ms}",
        kind="utterance",
        conversation_id=conversation,
        channel="voice",
        event_time=from_ms(at_ms),
        seq=1,
        customer_id=customer,
        agent_id="a-1",
        conversation={
            "level": level,
            "customer_turns": 3,
            "intents": list(intents),
            "unresolved": list(unresolved),
            "ended": ended,
            **facts,
        },
    )


def decided(*names: str, kind: Kind = "nudge", priority: int = 50) -> Decided:
    """Decisions of these rules."""
    card = ShowNudge("a-1", "t", "s", "c-1", "voice")
    effect = card if kind == "nudge" else RequestAction("refund", {}, None, "service")
    return Decided(
        tuple(
            Decision(
                f"d-{name}", kind, effect, priority, START_MS, Why(RuleRef(name, "p", "1"), "b")
            )
            for name in names
        ),
        (),
    )


def after(loop: LearningLoop, state: Customer, told: Signal, made: Decided | None = None) -> Kept:
    """One signal through the loop, as the customer's hop does it."""
    from cxstream.events import to_ms

    at_ms = to_ms(told.event_time)
    contact = state.contact(told.conversation_id, told.channel, at_ms)
    contact.update(at_ms, "a-1", told.conversation)
    state.known = told.customer_id is not None
    state.windows.add(at_ms, {"n": 1})
    return loop.after(state, told, moment_of(told, state), made or Decided((), ()), RULES)


def outcome(
    kind: OutcomeKind, at_ms: int, decision: str | None = "d-r", conversation: str = "c-1"
) -> Outcome:
    """What a desktop or a CRM reports."""
    return Outcome(
        id=f"o-{kind}-{at_ms}",
        kind=kind,
        conversation_id=conversation,
        event_time=from_ms(at_ms),
        decision_id=decision,
        customer_id="anna",
    )


def records(noted: list[Outbound], topic: str) -> list[object]:
    """What was noted for one topic."""
    return [n.record for n in noted if n.topic == topic]
