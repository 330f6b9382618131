"""How what was learnt decides: the arbitration with learnt propensities, and a bounded share of exploring.

Exploring asks who else could have had the place. Those are the rules that were given a nudge, and those that
were turned down for want of room only; never one that a gate refused, never instead of what must be said.
Of those that could really have it one is drawn (see `exploring`) and considered first. With exploring off,
and wherever nobody was turned down for room, this is the plain `Decider`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from cxstream.context.given import Given
from cxstream.decide.decider import Decider
from cxstream.decide.deciding import Deciding
from cxstream.decide.index import Ranked
from cxstream.decide.moment import Decided, Moment
from cxstream.decide.playbook import Playbook
from cxstream.decide.policy import PassportPolicy
from cxstream.lessons.beliefs import Beliefs
from cxstream.lessons.exploring import Exploration, Odds, choose
from cxstream.lessons.propensity import START, Belief

_UNKNOWN: Final = Belief(START, 0.25, 0)


class Strategy:
    """A decider that learns; takes the place of `Decider` where decisions are made."""

    def __init__(self, decider: Decider, beliefs: Beliefs, exploration: Exploration) -> None:
        self._decider = decider
        self._beliefs = beliefs
        self._exploration = exploration

    shadow: Deciding | None = None

    def chosen(self, customer: str) -> Deciding:
        """This one, for everybody."""
        return self

    @property
    def playbooks(self) -> tuple[Playbook, ...]:
        """By which playbooks."""
        return self._decider.playbooks

    @property
    def rules(self) -> Mapping[str, Ranked]:
        """The rules by id."""
        return self._decider.rules

    @property
    def passport(self) -> PassportPolicy:
        """What may be passed on."""
        return self._decider.passport

    def decide(self, moment: Moment, given: tuple[Given, ...]) -> Decided:
        """The decisions of a moment; `chances` says how likely each contender was to be the first."""
        plain = self._decider.decide(moment, given)
        contenders = _contenders(plain)
        if self._exploration.share <= 0 or len(contenders) < 2:
            return plain
        ways = {rule: self._decider.decide(moment, given, rule) for rule in contenders[1:]}
        ways = {contenders[0]: plain} | {r: way for r, way in ways.items() if r in _nudged(way)}
        weights = dict(plain.weighed)
        odds = [
            Odds(
                self._beliefs.belief(rule, moment) or _UNKNOWN,
                weights[rule].context * weights[rule].value * weights[rule].lever,
            )
            for rule in ways
        ]
        pick = choose(odds, moment.signal_id, self._exploration)
        chances = tuple(zip(ways, pick.chances, strict=True))
        return replace(ways[chances[pick.place][0]], chances=chances)


def _nudged(decided: Decided) -> list[str]:
    return [d.why.rule.id for d in decided.decisions if d.kind == "nudge"]


def _contenders(decided: Decided) -> list[str]:
    """Rules that had a nudge, or none for want of room; the heaviest first. Empty without such a one."""
    given = _nudged(decided)
    crowded = {r.rule for r in decided.rejected if r.gate == "attention" and _for_room(r.reason)}
    if not given or not crowded:
        return []
    return [
        rule
        for rule, weight in decided.weighed
        if weight.source != "must" and (rule in given or rule in crowded)
    ]


def _for_room(reason: str) -> bool:
    return reason.startswith("attention:")
