"""The cards on the agents' screens: which go, and who makes room for whom.

A card is withdrawn when its reason is gone, when the agent has taken so many turns that it is late, when
something more important needs its place, or when another rule has made it pointless, be it in another
conversation of the same customer.
"""

from __future__ import annotations

from collections.abc import Mapping

from cxstream.context.given import Given
from cxstream.decide.attention import Attention
from cxstream.decide.conditions import NotEvaluated, View
from cxstream.decide.explain import scores, why_withdrawn
from cxstream.decide.index import Ranked
from cxstream.decide.moment import Decision, Elsewhere, Moment, WithdrawNudge
from cxstream.decide.playbook import Rule
from cxstream.decide.templates import Words
from cxstream.events import record_id


class Cards:
    """The cards of one customer at one moment; `withdrawals` are the decisions to take some away."""

    def __init__(
        self, rules: Mapping[str, Ranked], moment: Moment, view: View, attention: Attention
    ) -> None:
        self.rules = rules
        self.withdrawals: list[Decision] = []
        self._moment = moment
        self._view = view
        self._attention = attention
        self._agents = {e.conversation_id: e for e in moment.elsewhere}
        if moment.agent_id:
            here = Elsewhere(moment.conversation_id, moment.channel, moment.agent_id)
            self._agents[here.conversation_id] = here

    def place(self) -> Elsewhere | None:
        """The conversation that shows a card: this one, else one where a person talks with the customer."""
        return self._agents.get(self._moment.conversation_id) or next(
            iter(self._moment.elsewhere), None
        )

    def shown_to(self, agent_id: str, rule: str) -> str | None:
        """Another conversation in which this agent has a rule's card on the screen already."""
        for given in self._attention.shown_elsewhere():
            there = self._agents.get(given.conversation_id)
            if given.rule == rule and there is not None and there.agent_id == agent_id:
                return given.conversation_id
        return None

    def withdraw_what_is_over(self) -> None:
        """Take away the cards whose condition for withdrawing holds, or whose turn has passed."""
        for given in self._attention.shown():
            ranked = self.rules.get(given.rule)
            if ranked is None:
                continue
            rule = ranked.rule
            turns = self._moment.agent_turns - given.turn
            if self._is_over(rule) and rule.withdraw_because is not None:
                words = rule.withdraw_because.render(self._view, Words(self._moment.text or ""))
                paths = rule.withdraw_when.paths if rule.withdraw_when else ()
                self._withdraw(given, ranked, words, scores(paths, self._view))
            elif rule.for_turns and given.turn >= 0 and turns >= rule.for_turns:
                words = f"The conversation has moved on: the agent has spoken {turns} times since."
                self._withdraw(given, ranked, words, {"conversation.agent_turns": turns})

    def make_room(self, rule: Rule, weight: float, place: str, kept: set[str]) -> str | None:
        """Free a place for a card by taking away a lighter one; why not, when there is none.

        What must be said takes any place that something weighed has, and is shown even when there is none.
        """
        full = self._attention.is_full(place)
        if full is None:
            return None
        if not rule.must_say and not self._attention.has_new_left():
            return full
        lesser = [
            (given.weight, given.at_ms, given.decision_id, given)
            for given in self._attention.shown(place)
            if given.rule in self.rules
            and given.rule not in kept
            and not self.rules[given.rule].rule.must_say
            and (rule.must_say or given.weight < weight)
        ]
        if not lesser:
            return None if rule.must_say else f"{full}, none of them less important"
        given = min(lesser, key=lambda entry: entry[:3])[-1]
        because = f"Makes room for something more important: {rule.title}."
        self._withdraw(given, self.rules[given.rule], because, {})
        return None if rule.must_say else self._attention.is_full(place)

    def supersede(self, rule: Rule) -> None:
        """Take away the cards that a rule makes pointless, in all of the customer's conversations."""
        for given in (*self._attention.shown(), *self._attention.shown_elsewhere()):
            if given.rule in rule.suppresses and given.rule in self.rules:
                self._withdraw(given, self.rules[given.rule], f"Superseded: {rule.title}.", {})

    def _is_over(self, rule: Rule) -> bool:
        try:
            return rule.withdraw_when is not None and self._view.holds(rule.withdraw_when)
        except NotEvaluated:
            return False

    def _withdraw(
        self,
        given: Given,
        ranked: Ranked,
        because: str,
        facts: dict[str, float | str | bool],
    ) -> None:
        moment, nudge = self._moment, ranked.rule.nudge
        there = self._agents.get(given.conversation_id)
        if there is None or nudge is None:
            return
        self._attention.withdraw(given)
        self.withdrawals.append(
            Decision(
                id=record_id("nudge", moment.signal_id, given.decision_id, "withdrawn"),
                kind="withdrawal",
                effect=WithdrawNudge(
                    there.agent_id,
                    given.decision_id,
                    nudge.title,
                    there.conversation_id,
                    there.channel,
                ),
                priority=ranked.rule.priority,
                expires_at_ms=moment.event_time_ms,
                why=why_withdrawn(ranked.ref, because, moment, facts),
            )
        )
