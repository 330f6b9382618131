"""The one call of the stage: a moment and what was given before, to decisions.

moment ─▶ index: which rules can this move? ─▶ matching: which apply? ─▶ arbitration: what does each weigh?
       ─▶ gates: may they? ─▶ attention: now? ─▶ decisions, each with its reason and the rejected candidates

Gates come before ranking in effect: a candidate that is turned down at one takes no place from any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cxstream.context.given import Given
from cxstream.decide.arbitration import Weighed, in_order, weigh
from cxstream.decide.attention import Attention
from cxstream.decide.cards import Cards
from cxstream.decide.choosing import Choosing
from cxstream.decide.conditions import Facts, View
from cxstream.decide.deciding import Deciding
from cxstream.decide.index import Index, Ranked
from cxstream.decide.matching import match
from cxstream.decide.moment import Decided, Moment
from cxstream.decide.playbook import Playbook
from cxstream.decide.policy import PassportPolicy
from cxstream.decide.propensity import NothingLearnt, Propensity
from cxstream.decide.vocabulary import GIVEN


class Decider:
    """Decides by its playbooks; holds no state but them, so that one serves every customer.

    Raises PlaybookError when two playbooks use the same rule id.
    """

    def __init__(self, playbooks: Sequence[Playbook], propensity: Propensity | None = None) -> None:
        self.playbooks = tuple(playbooks)
        self._propensity = propensity or NothingLearnt()
        self.index = Index(self.playbooks)

    shadow: Deciding | None = None

    def chosen(self, customer: str) -> Deciding:
        """This one, for everybody."""
        return self

    @property
    def rules(self) -> Mapping[str, Ranked]:
        """The rules by id."""
        return self.index.by_id

    @property
    def passport(self) -> PassportPolicy:
        """What may be passed on: the word of the first playbook."""
        return self.playbooks[0].policy.passport if self.playbooks else PassportPolicy()

    def decide(self, moment: Moment, given: tuple[Given, ...], first: str = "") -> Decided:
        """The decisions of a moment; the same moment and givens give the same decisions, in the same order.

        The rule `first` is considered before all that need not be said, however light it is.
        Never raises for missing or odd facts: a condition that cannot be evaluated rejects its rule.
        """
        here = self.index.at(moment)
        attention = Attention(given, moment.conversation_id, moment.event_time_ms)
        shown = attention.shown()
        if not here.ranked and not shown:
            return Decided((), given)
        view = View(with_given(moment, given))
        for one in shown:
            ranked = self.index.by_id.get(one.rule)
            if ranked is not None and ranked.rule.withdraw_when is not None:
                view.ready(ranked.rule.withdraw_when)
        matches, rejected = match(here, moment, view)
        if not matches and not shown:
            return Decided((), attention.after(), tuple(rejected))
        cards = Cards(self.index.by_id, moment, view, attention)
        cards.withdraw_what_is_over()
        choosing = Choosing(moment, view, attention, cards, rejected)
        weighed = [Weighed(m, weigh(m, moment, view, self._propensity)) for m in matches]
        for candidate in in_order(weighed, first):
            choosing.consider(candidate)
        return choosing.decided()


def with_given(moment: Moment, given: tuple[Given, ...]) -> Facts:
    """The moment's facts, and what was given before as one more variable."""
    facts = moment.facts if callable(moment.facts) else moment.facts.get

    def either(name: str) -> Mapping[str, object]:
        if name != GIVEN:
            return facts(name) or {}
        return Attention(given, moment.conversation_id, moment.event_time_ms).seconds_since()

    return either
