"""The last part of the loop, for one customer: decisions are noted, outcomes joined, lessons handed out.

Pure, like the hops: state and event in, state and records out. `after` follows a decision, `hear` an outcome
from elsewhere, `settle` the time that passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from cxstream.context.customer import Customer
from cxstream.decide.index import Ranked
from cxstream.decide.moment import Decided, Decision, Moment, WithdrawNudge
from cxstream.events import Candidate, Outcome, Signal, Weight, to_ms
from cxstream.execute.delivery import Outbound
from cxstream.lessons import holdout, kpis, logbook
from cxstream.lessons.endings import endings
from cxstream.lessons.kpis import Ended, Judged


class Kept(NamedTuple):
    """The decisions that go out, and what is noted of them."""

    decisions: tuple[Decision, ...]
    noted: list[Outbound]


class Listener(Protocol):
    """Who counts what is learnt; implemented by `observe`."""

    def outcome(self, kind: str, joined: bool) -> None:
        """An outcome was heard, and belonged to a decision that waits, or to none."""

    def lesson(self, verdict: str, group: str) -> None:
        """A decision was settled."""

    def ended(self, figures: Ended) -> None:
        """A conversation ended."""

    def judged(self, figures: Judged) -> None:
        """A contact's week has passed, or the customer came back within it."""


class LearningLoop:
    """What every customer's decisions go through after they were made."""

    def __init__(
        self,
        listener: Listener,
        *,
        window_ms: int = logbook.WINDOW_MS,
        control_share: float = holdout.SHARE,
        beliefs: Callable[[], str] = str,
    ) -> None:
        self._listener = listener
        self.window_ms = window_ms
        self._control_share = control_share
        self._beliefs = beliefs

    def after(
        self,
        state: Customer,
        signal: Signal,
        moment: Moment,
        decided: Decided,
        rules: Mapping[str, Ranked],
    ) -> Kept:
        """Note a moment's decisions (in place), and keep back what the control group must not get.

        `rules` are those that decided, by id: they say whom nobody may keep anything back from.
        """
        at_ms = to_ms(signal.event_time)
        withheld = self._withheld(state, signal, decided, rules)
        noted: list[Outbound] = []
        candidates = tuple(_candidates(decided))
        if candidates:
            ids = frozenset(withheld)
            choice = logbook.noted(state, moment, candidates, withheld=ids, beliefs=self._beliefs())
            noted.append(
                Outbound("decisions", signal.customer_id or signal.conversation_id, choice)
            )
        escalated = any(d.kind == "escalation" for d in decided.decisions)
        for outcome in endings(state, signal, escalated):
            noted += self._outcome(state, outcome)
        if signal.conversation.get("ended"):
            logbook.ended(state, signal)
        figures = kpis.ended(state, signal)
        if figures is not None:
            self._listener.ended(figures)
        noted += self.settle(state, at_ms, signal.tenant)
        given = tuple(d for d in decided.decisions if d.id not in withheld)
        return Kept(given, noted)

    def in_control(self, state: Customer, signal: Signal) -> bool:
        """Whether the customer of a signal gets no suggestions this month."""
        who = signal.customer_id or (state.key if state.known else None)
        return holdout.in_control(who, to_ms(signal.event_time), self._control_share)

    def hear(self, state: Customer, outcome: Outcome) -> list[Outbound]:
        """Join an outcome from a desktop, an executor or the CRM (in place)."""
        joined = logbook.heard(state, outcome, self.window_ms)
        self._listener.outcome(outcome.kind, joined > 0)
        return self.settle(state, to_ms(outcome.event_time), outcome.tenant)

    def settle(self, state: Customer, now_ms: int, tenant: str = "default") -> list[Outbound]:
        """The lessons of decisions whose window has closed (in place)."""
        lessons = logbook.settled(state, now_ms, tenant=tenant, window_ms=self.window_ms)
        for contact in kpis.judged(state, now_ms):
            self._listener.judged(contact)
        for lesson in lessons:
            self._listener.lesson(lesson.verdict, lesson.group)
        return [Outbound("lessons", lesson.rule, lesson) for lesson in lessons]

    def _outcome(self, state: Customer, outcome: Outcome) -> Iterator[Outbound]:
        joined = logbook.heard(state, outcome, self.window_ms)
        self._listener.outcome(outcome.kind, joined > 0)
        yield Outbound("outcomes", outcome.customer_id or outcome.conversation_id, outcome)

    def _withheld(
        self, state: Customer, signal: Signal, decided: Decided, rules: Mapping[str, Ranked]
    ) -> set[str]:
        """Ids of what does not go out: suggestions to the control group, and taking those back."""
        if not decided.decisions:
            return set()
        kept_back = {p.decision_id for p in state.pending if p.withheld}
        found = {
            d.id
            for d in decided.decisions
            if isinstance(d.effect, WithdrawNudge) and d.effect.nudge_id in kept_back
        }
        if self.in_control(state, signal):
            found |= {
                d.id
                for d in decided.decisions
                if d.kind in ("nudge", "action") and not _for_everybody(rules.get(d.why.rule.id))
            }
        return found


def _for_everybody(ranked: Ranked | None) -> bool:
    """Whether nobody may go without what a rule gives; what no rule is known of is not kept back either."""
    return ranked is None or ranked.for_everybody


def _candidates(decided: Decided) -> Iterator[Candidate]:
    """What could have been chosen: what was, then what was not, with the reason."""
    weights, chances = dict(decided.weighed), dict(decided.chances)
    for decision in decided.decisions:
        if decision.kind != "withdrawal":
            rule = decision.why.rule.id
            yield _candidate(rule, weights.get(rule), chances.get(rule, 1.0), decision)
    for rejection in decided.rejected:
        rule = rejection.rule
        lost = _candidate(rule, weights.get(rule), chances.get(rule, 0.0), None)
        yield replace(lost, rejected=rejection.reason)


def _candidate(
    rule: str, weight: Weight | None, chance: float, decision: Decision | None
) -> Candidate:
    found = weight or Weight(priority=0.0)
    return Candidate(
        rule=rule,
        kind=decision.kind if decision else "",
        propensity=chance,
        chance=found.propensity,
        weight=round(found.context * found.value * found.lever, 6),
        decision_id=decision.id if decision else None,
    )
