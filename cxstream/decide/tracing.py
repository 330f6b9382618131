"""What every rule said of one moment, and why: for the policy owner who asks "why did it not fire?"."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cxstream.context.given import Given
from cxstream.decide.conditions import NotEvaluated, View
from cxstream.decide.decider import Decider, with_given
from cxstream.decide.explain import scores
from cxstream.decide.matching import started
from cxstream.decide.moment import Decided, Moment
from cxstream.events import Weight, Why

Fact = float | str | bool


class Trace(Struct, frozen=True, omit_defaults=True):
    """One rule's part in a moment.

    `verdict` is `gave`, `turned down` (at `gate`, for `reason`), `does not hold` (its `when`), `not started`
    (no phrase, no intent), or `not asked` (it is not on such an event). `facts` are what its condition reads.
    """

    rule: str
    verdict: str
    reason: str = ""
    gate: str = ""
    gave: tuple[str, ...] = ()
    facts: dict[str, Fact] = {}
    weight: Weight | None = None
    because: str = ""


def trace(decider: Decider, moment: Moment, given: tuple[Given, ...]) -> Iterator[Trace]:
    """What each rule of a decider says of a moment: first what gave something, by weight, then the others."""
    decided = decider.decide(moment, given)
    made: dict[str, list[tuple[str, Why]]] = {}
    for decision in decided.decisions:
        made.setdefault(decision.why.rule.id, []).append((decision.kind, decision.why))
    for rule, effects in made.items():
        why = effects[0][1]
        yield Trace(
            rule=rule,
            verdict="gave",
            gave=tuple(kind for kind, _ in effects),
            reason=why.choice.reason if why.choice else "",
            facts=why.scores,
            weight=why.weight,
            because=why.because,
        )
    yield from _the_others(decider, moment, given, decided, set(made))


def _the_others(
    decider: Decider,
    moment: Moment,
    given: tuple[Given, ...],
    decided: Decided,
    seen: set[str],
) -> Iterator[Trace]:
    """Turned down, does not hold, not started, not asked: in this order."""
    for rejection in decided.rejected:
        if rejection.rule not in seen:
            seen.add(rejection.rule)
            yield Trace(rejection.rule, "turned down", rejection.reason, rejection.gate)
    here = decider.index.at(moment)
    view = View(with_given(moment, given))
    for one, found in started(here, moment, view):
        if one.rule.id in seen or one.rule.when is None:
            continue
        seen.add(one.rule.id)
        try:
            view.holds(one.rule.when.heard(found), found)
            reason = one.rule.when.source
        except NotEvaluated as error:
            reason = str(error)
        said: dict[str, Fact] = {
            f"phrases.{slot.path[1]}": slot.path[1] in found for slot in one.rule.when.phrases
        }
        facts = said | scores(one.rule.when.paths, view)
        yield Trace(one.rule.id, "does not hold", reason, facts=facts)
    listening = {
        rule for rule, one in decider.index.by_id.items() if (moment.kind, moment.role) in one.on
    }
    for rule in (r for r in decider.index.by_id if r not in seen):
        verdict = "not started" if rule in listening else "not asked"
        yield Trace(rule, verdict)
