"""From the rules that apply to the decisions: one mind for all of the customer's conversations.

Rules are considered heaviest first. Each passes, effect by effect, what others have decided for this
customer, the gates, and the agent's attention; whatever is turned down is kept with its reason, whose part
before the colon is one of a few fixed phrases (so that it can be counted).
"""

from __future__ import annotations

from typing import NamedTuple

from cxstream.context.given import Given
from cxstream.decide.arbitration import Weighed
from cxstream.decide.attention import Attention
from cxstream.decide.cards import Cards
from cxstream.decide.conditions import View
from cxstream.decide.explain import retold, why, words_of
from cxstream.decide.gates import Asked, Gates, Refusal
from cxstream.decide.matching import Match
from cxstream.decide.moment import (
    Decided,
    Decision,
    Effect,
    Elsewhere,
    Escalate,
    Kind,
    Moment,
    Noted,
    RequestAction,
    ShowNudge,
)
from cxstream.decide.playbook import Rule
from cxstream.decide.templates import Words
from cxstream.decide.ways import choice, heaviness, is_automatic
from cxstream.events import Choice, Rejection, Weight, record_id


class Chosen(NamedTuple):
    """An effect on its way to become the decision `id`."""

    id: str
    weighed: Weighed
    words: Words
    kind: Kind
    effect: Effect
    choice: Choice


class Choosing:
    """One moment's choice; its methods are called once each in the order they stand here."""

    def __init__(
        self,
        moment: Moment,
        view: View,
        attention: Attention,
        cards: Cards,
        rejected: list[Rejection],
    ) -> None:
        self._moment = moment
        self._view = view
        self._attention = attention
        self._cards = cards
        self._gates = Gates(moment, view)
        self._rejected = rejected
        self._chosen: list[Chosen] = []
        self._notes: list[Noted] = []
        self._weighed: list[tuple[str, Weight]] = []
        in_force = attention.in_force_anywhere()
        self._superseded = {
            other: (g.rule, g.conversation_id)
            for g in sorted(in_force, key=lambda g: g.conversation_id == moment.conversation_id)
            if g.rule in cards.rules
            for other in cards.rules[g.rule].rule.suppresses
        }
        self._handed_over = next((g.rule for g in in_force if g.kind == "escalation"), None)

    def consider(self, weighed: Weighed) -> None:
        """Choose what a rule gives, or keep why not."""
        match = weighed.match
        rule, words = match.ranked.rule, words_of(match, self._moment)
        self._weighed.append((rule.id, weighed.weight))
        if rule.id in self._superseded:
            self._reject(rule, self._pointless(*self._superseded[rule.id]))
            return
        took_part = self._note(rule, words)
        allowed: list[tuple[Kind, Effect]] = []
        for kind, effect in self._effects(match, words):
            if rule.give == "one" and allowed:
                enough = f"one choice: {allowed[0][0]} is enough"
                self._reject(rule, Refusal("one_mind", enough))
                continue
            refusal = self._gates.refusal(self._asked(match, kind, effect))
            if refusal is None:
                took_part = True
                refusal = self._now(weighed, kind, effect)
            if refusal is not None:
                self._reject(rule, refusal)
                continue
            allowed.append((kind, effect))
        chosen = choice(allowed, self._moment)
        for kind, effect in allowed:
            self._choose(Chosen(self._id(match, kind), weighed, words, kind, effect, chosen))
        seen = any(not self._withheld(match, kind) for kind, _ in allowed)
        if took_part and (seen or not self._withheld(match, "nudge")):
            for other in rule.suppresses:
                self._superseded.setdefault(other, (rule.id, self._moment.conversation_id))
            self._cards.supersede(rule)

    def decided(self) -> Decided:
        """The answer: withdrawals first, then what was chosen, as it was weighed."""
        rejected = tuple(self._rejected)
        chosen = tuple(
            Decision(
                id=one.id,
                kind=one.kind,
                effect=one.effect,
                priority=round(one.weighed.weight.priority),
                expires_at_ms=self._until_ms(one.weighed.match),
                why=why(
                    one.weighed.match,
                    one.words,
                    self._moment,
                    self._view,
                    rejected,
                    one.weighed.weight,
                    one.choice,
                ),
            )
            for one in self._chosen
        )
        return Decided(
            (*self._cards.withdrawals, *chosen),
            self._attention.after(),
            rejected,
            self._gates.reached,
            tuple(self._notes),
            tuple(self._weighed),
        )

    def _withheld(self, match: Match, kind: Kind) -> bool:
        """Whether the control group does not get it: it is logged, and to everything else as if it were not."""
        held = self._moment.in_control and not match.ranked.for_everybody
        return held and kind != "escalation"

    def _pointless(self, by: str, where: str) -> Refusal:
        if where == self._moment.conversation_id:
            return Refusal("one_mind", f"superseded: {by} is the better answer")
        return Refusal("one_mind", f"one mind: {by} holds in {where}")

    def _note(self, rule: Rule, words: Words) -> bool:
        """Remember what the rule notes; no gate asks about that."""
        if rule.note is None:
            return False
        text = rule.note.text.render(self._view, words)
        self._notes.append(Noted(rule.id, rule.note.kind, text))
        return True

    def _effects(self, match: Match, words: Words) -> list[tuple[Kind, Effect]]:
        """What a rule can give, the gravest first; the lightest first when it gives only one."""
        rule = match.ranked.rule
        effects: list[tuple[Kind, Effect]] = []
        if rule.escalation is not None:
            summary = rule.escalation.summary.render(self._view, retold(words))
            call = rule.escalation
            effects.append(("escalation", Escalate(call.reason, call.severity, summary)))
        if rule.action is not None:
            effects.append(("action", self._request(match, rule, words)))
        if rule.nudge is not None:
            say = rule.nudge.say.render(self._view, words)
            there = self._cards.place() or Elsewhere(
                self._moment.conversation_id, self._moment.channel, ""
            )
            card = ShowNudge(
                there.agent_id,
                rule.nudge.title,
                say,
                there.conversation_id,
                there.channel,
                rule.must_say,
            )
            effects.append(("nudge", card))
        if rule.give == "one":
            effects.sort(key=lambda one: heaviness(one[1], self._moment))
        return effects

    def _request(self, match: Match, rule: Rule, words: Words) -> RequestAction:
        assert rule.action is not None
        call = rule.action
        asked = Asked(match.ranked, "action", True, call.contact)
        begin_ms = self._gates.wait_until_ms(asked)
        return RequestAction(
            name=call.name,
            parameters={n: t.render(self._view, words) for n, t in call.parameters},
            approval=call.approval,
            purpose=rule.purpose,
            contact=call.contact,
            not_before_ms=begin_ms if begin_ms > self._moment.event_time_ms else 0,
        )

    def _asked(self, match: Match, kind: Kind, effect: Effect) -> Asked:
        has_place = not isinstance(effect, ShowNudge) or bool(effect.agent_id)
        contact = effect.contact if isinstance(effect, RequestAction) else ""
        return Asked(match.ranked, kind, has_place, contact)

    def _now(self, weighed: Weighed, kind: Kind, effect: Effect) -> Refusal | None:
        """What speaks against an effect now that the gates have let it through."""
        ranked = weighed.match.ranked
        rule = ranked.rule
        if is_automatic(effect, self._moment) and self._handed_over not in (None, rule.id):
            words = f"one choice: {self._handed_over} has handed this customer to a supervisor"
            return Refusal("one_mind", words)
        place = effect.conversation_id if isinstance(effect, ShowNudge) else None
        pace = ranked.pace.get(self._moment.channel, 1)
        refusal = self._attention.refusal(rule, kind, pace, place)
        if refusal is None and isinstance(effect, ShowNudge):
            there = self._cards.shown_to(effect.agent_id, rule.id)
            if there is not None:
                return Refusal("one_mind", f"one mind: the same agent has it in {there}")
            refusal = self._twice(effect)
            if refusal is None and not self._withheld(weighed.match, kind):
                refusal = self._cards.make_room(
                    rule, weighed.weight.priority, effect.conversation_id, self._nudged()
                )
        return None if refusal is None else Refusal("attention", refusal)

    def _twice(self, card: ShowNudge) -> str | None:
        """Whether the very words are on their way to the screen already, from another rule."""
        for one in self._chosen:
            there = one.effect
            if not isinstance(there, ShowNudge) or self._withheld(one.weighed.match, one.kind):
                continue
            if there.say == card.say:
                return f"attention: {one.weighed.match.ranked.rule.id} says the same words"
        return None

    def _nudged(self) -> set[str]:
        return {one.weighed.match.ranked.rule.id for one in self._chosen if one.kind == "nudge"}

    def _choose(self, one: Chosen) -> None:
        match, moment = one.weighed.match, self._moment
        rule = match.ranked.rule
        self._chosen.append(one)
        withheld = self._withheld(match, one.kind)
        place, turn = moment.conversation_id, -1
        if isinstance(one.effect, ShowNudge):
            place = one.effect.conversation_id
            turn = moment.agent_turns if place == moment.conversation_id else -1
        self._attention.give(
            Given(
                rule.id,
                place,
                one.id,
                moment.event_time_ms,
                self._until_ms(match),
                one.kind,
                turn,
                one.weighed.weight.priority,
                withheld,
            )
        )
        if one.kind == "escalation":
            self._handed_over = self._handed_over or rule.id
        if isinstance(one.effect, RequestAction) and one.effect.contact and not withheld:
            self._gates.reach(one.effect.contact, one.id)

    def _reject(self, rule: Rule, refusal: Refusal) -> None:
        rejection = Rejection(rule.id, refusal.reason, refusal.gate)
        if rejection not in self._rejected:
            self._rejected.append(rejection)

    def _id(self, match: Match, kind: Kind) -> str:
        ref = match.ranked.ref
        return record_id(kind, self._moment.signal_id, ref.id, ref.version)

    def _until_ms(self, match: Match) -> int:
        pace = match.ranked.pace.get(self._moment.channel, 1)
        return self._moment.event_time_ms + match.ranked.rule.valid_for_s * 1000 * pace
