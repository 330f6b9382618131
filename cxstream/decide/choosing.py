"""From the rules that apply to the decisions: gates, suppression, an agent's attention, withdrawal.

Rules are considered in order of priority. Whatever is turned down is kept with its reason, whose part
before the colon is one of a few fixed phrases (so that it can be counted).
"""

from __future__ import annotations

from collections.abc import Mapping

from cxstream.context.given import Given
from cxstream.decide.attention import Attention
from cxstream.decide.conditions import NotEvaluated, View
from cxstream.decide.explain import scores, why, why_withdrawn, words_of
from cxstream.decide.index import Ranked
from cxstream.decide.matching import Match
from cxstream.decide.moment import (
    Decided,
    Decision,
    Effect,
    Escalate,
    Kind,
    Moment,
    RequestAction,
    ShowNudge,
    WithdrawNudge,
)
from cxstream.decide.playbook import Rule
from cxstream.decide.templates import Words
from cxstream.events import Rejection, record_id


class Choosing:
    """One moment's choice; its methods are called once each in the order they stand here."""

    def __init__(
        self,
        rules: Mapping[str, Ranked],
        moment: Moment,
        view: View,
        attention: Attention,
        rejected: list[Rejection],
    ) -> None:
        self._rules = rules
        self._moment = moment
        self._view = view
        self._attention = attention
        self._rejected = rejected
        self._withdrawals: list[Decision] = []
        self._chosen: list[tuple[Match, Kind, Effect]] = []
        self._superseded = {
            other: g.rule
            for g in attention.in_force()
            if g.rule in rules
            for other in rules[g.rule].rule.suppresses
        }

    def withdraw_what_is_over(self) -> None:
        """Take away the nudges whose condition for withdrawing holds."""
        for given in self._attention.shown():
            ranked = self._rules.get(given.rule)
            if ranked is None or ranked.rule.withdraw_when is None:
                continue
            condition, because = ranked.rule.withdraw_when, ranked.rule.withdraw_because
            try:
                over = self._view.holds(condition)
            except NotEvaluated:
                continue
            if over and because is not None:
                words = because.render(self._view, Words(self._moment.text or ""))
                self._withdraw(given, ranked, words, scores(condition.paths, self._view))

    def consider(self, match: Match) -> None:
        """Choose what a rule gives, or keep why not."""
        rule = match.ranked.rule
        by = self._superseded.get(rule.id)
        if by is not None:
            self._reject(rule, f"superseded: {by} is the better answer")
            return
        took_part = False
        for kind, effect in self._effects(match):
            refusal = self._gate(rule, kind)
            if refusal is None:
                took_part = True
                pace = match.ranked.pace.get(self._moment.channel, 1)
                refusal = self._attention.refusal(rule, kind, pace)
            if refusal is None and kind == "nudge":
                refusal = self._make_room(rule)
            if refusal is not None:
                self._reject(rule, refusal)
                continue
            self._choose(match, kind, effect)
        if took_part:
            self._supersede(rule)

    def decided(self) -> Decided:
        """The answer: withdrawals first, then what was chosen, by priority."""
        rejected = tuple(self._rejected)
        chosen = tuple(
            Decision(
                id=self._id(match, kind),
                kind=kind,
                effect=effect,
                priority=match.ranked.rule.priority,
                expires_at_ms=self._until_ms(match),
                why=why(match, self._moment, self._view, rejected),
            )
            for match, kind, effect in self._chosen
        )
        return Decided((*self._withdrawals, *chosen), self._attention.after(), rejected)

    def _effects(self, match: Match) -> list[tuple[Kind, Effect]]:
        rule, words = match.ranked.rule, words_of(match, self._moment)
        effects: list[tuple[Kind, Effect]] = []
        if rule.escalation is not None:
            summary = rule.escalation.summary.render(self._view, words)
            call = rule.escalation
            effects.append(("escalation", Escalate(call.reason, call.severity, summary)))
        if rule.action is not None:
            parameters = {n: t.render(self._view, words) for n, t in rule.action.parameters}
            request = RequestAction(rule.action.name, parameters, rule.action.needs_approval)
            effects.append(("action", request))
        if rule.nudge is not None:
            say = rule.nudge.say.render(self._view, words)
            effects.append(("nudge", ShowNudge(self._moment.agent_id or "", rule.nudge.title, say)))
        return effects

    def _gate(self, rule: Rule, kind: Kind) -> str | None:
        """What stands against an effect before any attention is asked for."""
        needs_role = (kind != "nudge") if rule.needs_known_role is None else rule.needs_known_role
        if needs_role and self._moment.role_guessed:
            return "role only guessed: who spoke is not known for sure"
        if rule.needs_model and self._moment.degraded:
            return "scores degraded: the lexicon answered, this rule needs the model"
        if kind == "nudge" and not self._moment.agent_id:
            return "no agent on the conversation"
        return None

    def _make_room(self, rule: Rule) -> str | None:
        """Free a place for a nudge by taking away a less important one; why not, when there is none."""
        full = self._attention.is_full()
        if full is None or not self._attention.has_new_left():
            return full
        known = [(self._rules[g.rule], g) for g in self._attention.shown() if g.rule in self._rules]
        chosen_now = {match.ranked.rule.id for match, kind, _ in self._chosen if kind == "nudge"}
        lesser = [
            (ranked.rule.priority, given.at_ms, given.decision_id, ranked, given)
            for ranked, given in known
            if ranked.rule.priority < rule.priority and ranked.rule.id not in chosen_now
        ]
        if not lesser:
            return f"{full}, none of them less important"
        *_, ranked, given = min(lesser, key=lambda entry: entry[:3])
        self._withdraw(given, ranked, f"Makes room for something more important: {rule.title}.", {})
        return self._attention.is_full()

    def _choose(self, match: Match, kind: Kind, effect: Effect) -> None:
        self._chosen.append((match, kind, effect))
        self._attention.give(
            match.ranked.rule.id, kind, self._id(match, kind), self._until_ms(match)
        )

    def _supersede(self, rule: Rule) -> None:
        """From now on the rules that this one makes pointless are silent; their cards go."""
        for other in rule.suppresses:
            self._superseded.setdefault(other, rule.id)
        for given in self._attention.shown():
            if given.rule in rule.suppresses and given.rule in self._rules:
                because = f"Superseded: {rule.title}."
                self._withdraw(given, self._rules[given.rule], because, {})

    def _withdraw(
        self,
        given: Given,
        ranked: Ranked,
        because: str,
        facts: dict[str, float | str | bool],
    ) -> None:
        moment, nudge = self._moment, ranked.rule.nudge
        if not moment.agent_id or nudge is None:
            return
        self._attention.withdraw(given)
        self._withdrawals.append(
            Decision(
                id=record_id("nudge", moment.signal_id, given.decision_id, "withdrawn"),
                kind="withdrawal",
                effect=WithdrawNudge(moment.agent_id, given.decision_id, nudge.title),
                priority=ranked.rule.priority,
                expires_at_ms=moment.event_time_ms,
                why=why_withdrawn(ranked.ref, because, moment, facts),
            )
        )

    def _reject(self, rule: Rule, reason: str) -> None:
        rejection = Rejection(rule.id, reason)
        if rejection not in self._rejected:
            self._rejected.append(rejection)

    def _id(self, match: Match, kind: Kind) -> str:
        ref = match.ranked.ref
        return record_id(kind, self._moment.signal_id, ref.id, ref.version)

    def _until_ms(self, match: Match) -> int:
        pace = match.ranked.pace.get(self._moment.channel, 1)
        return self._moment.event_time_ms + match.ranked.rule.valid_for_s * 1000 * pace
