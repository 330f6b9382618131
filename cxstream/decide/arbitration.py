"""What a candidate weighs against the others: priority = P x C x V x L, in the open.

    P  that it will be taken up: the model's word (`likely`), else the playbook's, smoothed with what was learnt
    C  what the moment adds: the context weights that hold, and whether the customer likes the channel on which
       it reaches them; (sum / 100) + 1, so that 55 gives 1.55
    V  what it is worth: the playbook's `value`, else its `priority`
    L  the business's levers, of the purpose and of the rule, (sum / 100) + 1

What must be said is not weighed: it goes first. Ties are broken by the rule's id, so that the same moment
gives the same order in every process. Source: Pega Customer Decision Hub, "Arbitration strategy".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from cxstream.decide.conditions import NotEvaluated, View
from cxstream.decide.matching import Match
from cxstream.decide.moment import Moment
from cxstream.decide.policy import ContextWeight
from cxstream.decide.propensity import Propensity, smoothed
from cxstream.events import Weight

INTENT = "intent"
"""In `likely`: the probability of the intent that was understood."""

_DECIMALS = 6


class Weighed(Struct, frozen=True):
    """A rule that applies, with its weight."""

    match: Match
    weight: Weight


def factor(percents: Iterable[int]) -> float:
    """The factor of some weights or levers: (sum / 100) + 1, never below 0."""
    return max(0.0, sum(percents) / 100 + 1)


def weigh(match: Match, moment: Moment, view: View, propensity: Propensity) -> Weight:
    """The weight of a rule that applies."""
    rule, purpose = match.ranked.rule, match.ranked.purpose
    if rule.must_say:
        return Weight(priority=float(rule.priority), value=float(rule.priority), source="must")
    worth = rule.worth
    assumed, from_model = _likely(worth.likely, moment)
    start = worth.propensity if assumed is None else assumed
    learnt = propensity.learnt(rule.id, moment)
    p = smoothed(learnt, start, worth.evidence)
    holding = _holding((*purpose.weights, *worth.weights), view)
    c = factor((*holding, _liking(match, moment)))
    v = float(rule.priority) if worth.value is None else worth.value
    lever = factor((purpose.lever, worth.lever))
    return Weight(
        priority=round(p * c * v * lever, _DECIMALS),
        propensity=round(p, _DECIMALS),
        context=round(c, _DECIMALS),
        value=round(v, _DECIMALS),
        lever=round(lever, _DECIMALS),
        source="learnt" if learnt is not None else "model" if from_model else "start",
    )


def in_order(weighed: Sequence[Weighed], first: str = "") -> list[Weighed]:
    """The heaviest first, what must be said before that, and whoever suppresses another before it.

    The rule `first` comes before all that need not be said, however light it is.
    """
    if len(weighed) < 2:
        return [*weighed]
    ranked = sorted(weighed, key=lambda one: _place(one, first))
    suppressors: dict[str, list[Weighed]] = {}
    for one in ranked:
        for other in one.match.ranked.rule.suppresses:
            suppressors.setdefault(other, []).append(one)
    placed: dict[str, Weighed] = {}

    def place(one: Weighed) -> None:
        rule = one.match.ranked.rule.id
        if rule not in placed:
            for first in suppressors.get(rule, ()):
                place(first)
            placed[rule] = one

    for one in ranked:
        place(one)
    return list(placed.values())


def _place(one: Weighed, first: str) -> tuple[bool, bool, float, str]:
    rule = one.match.ranked.rule
    return not rule.must_say, rule.id != first, -one.weight.priority, rule.id


def _liking(match: Match, moment: Moment) -> int:
    """The percents of the channel on which an action reaches the customer: liked best, named, or not named."""
    action, liked = match.ranked.rule.action, moment.standing.preferences.channels
    if action is None or not action.contact or not liked:
        return 0
    by = match.ranked.policy.contact.preferred_by
    return by if action.contact == liked[0] else 0 if action.contact in liked else -by


def _likely(labels: tuple[str, ...], moment: Moment) -> tuple[float | None, bool]:
    """The model's probability of the best of some labels, and whether it said anything of them."""
    if not labels:
        return None, False
    said = dict(moment.next_actions)
    if moment.intent is not None:
        said[INTENT] = moment.probability
    known = [said[label] for label in labels if label in said]
    return (max(known), True) if known else (None, False)


def _holding(weights: Iterable[ContextWeight], view: View) -> Iterable[int]:
    """The percents of the weights that hold; what cannot be evaluated adds nothing."""
    for weight in weights:
        view.ready(weight.when)
        try:
            if view.holds(weight.when):
                yield weight.by
        except NotEvaluated:
            continue
