"""Signals to decisions: what is remembered of the customer, and what is to be done."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from cxstream.context import identity
from cxstream.context.customer import Customer
from cxstream.context.given import Given, without_withheld
from cxstream.context.notes import Remembered, together
from cxstream.context.standing import Response, Standing
from cxstream.decide import approvals, undoing
from cxstream.decide.answers import followed, left_open
from cxstream.decide.deciding import Deciding
from cxstream.decide.moment import Decided, Moment
from cxstream.decide.passport import causes, passport
from cxstream.decide.records import to_record
from cxstream.decide.released import compare
from cxstream.decide.signals import moment_of
from cxstream.errors import RecordError
from cxstream.events import (
    Action,
    Approval,
    CarryOver,
    CustomerRecord,
    Outcome,
    Signal,
    record_id,
    to_ms,
)
from cxstream.execute.delivery import Outbound, booked, delivered
from cxstream.execute.ledger_events import of_action
from cxstream.execute.promising import Promising
from cxstream.execute.summary import summarise
from cxstream.lessons.loop import LearningLoop
from cxstream.pipeline.observer import Observer

CustomerEvent = Signal | CarryOver | CustomerRecord | Outcome | Approval


class CustomerHop:
    """What happens to one event of a customer."""

    def __init__(
        self,
        *,
        decider: Deciding,
        observer: Observer,
        learning: LearningLoop | None = None,
        promising: Promising | None = None,
    ) -> None:
        self._decider = decider
        self._observer = observer
        self._learning = learning or LearningLoop(observer)
        self._promising = promising or Promising(ZoneInfo("UTC"))

    def decide(self, state: Customer, event: CustomerEvent) -> list[Outbound]:
        """Apply one event to the customer (in place) and say what follows from it.

        An action is in the ledger before it is on its way: executors may be quick. Raises `RecordError` for a
        word on an action from somebody who may not give it, or after its time.
        """
        return _with_ledger(self._decided(state, event))

    @property
    def window_ms(self) -> int:
        """How long decisions wait for their outcomes."""
        return self._learning.window_ms

    def settle(self, state: Customer, now_ms: int) -> list[Outbound]:
        """Let time pass for a customer who is silent: lessons of decisions whose window has closed."""
        state.forget(now_ms)
        return self._learning.settle(state, now_ms)

    def unanswered(self, state: Customer, now_ms: int) -> list[Outbound]:
        """Let time pass for actions that wait for approval: those that nobody answered."""
        return _with_ledger(self._settled(state, approvals.overdue(state.waiting, now_ms)))

    def _decided(self, state: Customer, event: CustomerEvent) -> list[Outbound]:
        if isinstance(event, Signal | Outcome | Approval) and not state.moved_to:
            return self._apply(state, event)
        addressed = identity.follow(state, event)
        return [Outbound("signals", key, record) for key, record in addressed]

    def _apply(self, state: Customer, event: Signal | Outcome | Approval) -> list[Outbound]:
        if isinstance(event, Signal):
            return self._signal(state, event)
        if isinstance(event, Outcome):
            return self._outcome(state, event)
        return self._approval(state, event)

    def _signal(self, state: Customer, signal: Signal) -> list[Outbound]:
        """The step: facts in, decision made, everything that follows from it out."""
        at_ms = to_ms(signal.event_time)
        state.known = state.known or signal.customer_id is not None
        contact = state.contact(signal.conversation_id, signal.channel, at_ms)
        if not contact.applied.take(signal.seq):
            return []
        for delta in signal.deltas:
            state.windows.add(to_ms(delta.at), delta.add)
        contact.update(at_ms, signal.agent_id or "", signal.conversation)
        state.forget(at_ms)
        out = [booked(event) for event in self._promising.hear(state, signal)]
        out += self._settled(state, approvals.overdue(state.waiting, at_ms))
        decider = self._decider.chosen(state.key)
        for acted in followed(state, signal, decider.rules):
            out.append(Outbound("outcomes", acted.customer_id or acted.conversation_id, acted))
            out += self._outcome(state, acted)
        in_control = self._learning.in_control(state, signal)
        moment = moment_of(signal, state, in_control=in_control)
        decided = decider.decide(
            moment, state.given if in_control else without_withheld(state.given)
        )
        state.given = decided.given
        kept = self._learning.after(state, signal, moment, decided, decider.rules)
        records = [to_record(decision, moment) for decision in kept.decisions]
        for decision in kept.decisions:
            self._observer.decided(decision.kind, decision.why.rule.id)
        self._remember(state, signal, decided, {record.id for record in records})
        out += [delivered(record) for record in records]
        actions = tuple(record for record in records if isinstance(record, Action))
        state.doing = undoing.noted(state.doing, actions) if actions else state.doing
        out += self._settled(state, approvals.wait(state.waiting, actions))
        escalated = any(decision.kind == "escalation" for decision in kept.decisions)
        out += _passports(decider, state, signal, escalated)
        out += self._in_shadow(state, signal, moment, decided)
        out += kept.noted
        if contact.ended:
            out.append(self._end(state, signal))
        return out

    def _remember(self, state: Customer, signal: Signal, decided: Decided, kept: set[str]) -> None:
        """What a decision leaves behind in the customer's state, beside what was given."""
        at_ms = to_ms(signal.event_time)
        for reached in decided.reached:
            if reached.decision_id in kept:
                state.standing = state.standing.after_reaching(reached)
        notes = (
            Remembered(note.rule, note.kind, note.text, signal.conversation_id, at_ms)
            for note in decided.notes
        )
        state.notes = together(state.notes, notes) if decided.notes else state.notes

    def _in_shadow(
        self, state: Customer, signal: Signal, moment: Moment, decided: Decided
    ) -> Iterator[Outbound]:
        """What a playbook in shadow makes of the moment, with a memory of its own; nothing of it is done."""
        trial = self._decider.shadow
        if trial is None:
            state.trial = ()
            return
        tried = trial.decide(moment, state.trial)
        state.trial = tried.given
        found = compare(signal, trial.playbooks[0], decided, tried)
        for which, members in found.sides():
            for member in members:
                self._observer.shadowed(member, which)
        if found.only_live or found.only_trial:
            yield Outbound("shadows", signal.customer_id or signal.conversation_id, found)

    def _end(self, state: Customer, signal: Signal) -> Outbound:
        contact = state.contacts[signal.conversation_id]
        if not contact.summaries:
            responses = state.standing.responses
            for rule, answer in left_open(state.given, responses, signal.conversation_id):
                self._observer.answered(rule, answer)
        summary = summarise(signal, contact)
        contact.summaries += 1
        return Outbound("summaries", signal.conversation_id, summary)

    def _outcome(self, state: Customer, outcome: Outcome) -> list[Outbound]:
        """What became of a decision: for the contact policy, and for what is learnt."""
        given = next((g for g in state.given if g.decision_id == outcome.decision_id), None)
        taken_back: list[Outbound] = []
        if given is not None and outcome.decision_id is not None:
            known = False
            if outcome.kind == "undone":
                taken_back = self._undone(state, given, outcome)
                state.standing = state.standing.without_answer(outcome.decision_id)
            else:
                response = Response(
                    given.rule,
                    outcome.kind,
                    to_ms(outcome.event_time),
                    outcome.id,
                    outcome.decision_id,
                )
                before, state.standing = state.standing, state.standing.after_response(response)
                known = before is state.standing
            if given.kind == "nudge" and not known:
                self._observer.answered(given.rule, outcome.kind)
        changed = undoing.became(state.doing, outcome)
        state.doing = changed.doing
        taken_back += [delivered(action) for action in changed.take_back]
        taken_back += [delivered(escalation) for escalation in changed.escalations]
        told = self._promising.told(state, outcome)
        learnt = self._learning.hear(state, outcome)
        return [*(booked(event) for event in told), *taken_back, *learnt]

    def _undone(self, state: Customer, given: Given, outcome: Outcome) -> list[Outbound]:
        """An agent takes back what they had accepted: what of it waits, and what of it is done already."""
        answers = state.standing.responses
        found = undoing.undone(state.doing, state.waiting, given, answers, outcome)
        state.doing = found.doing
        gone = {action.id for action in found.withdrawn}
        left = tuple(action for action in state.waiting if action.id not in gone)
        withdrawn = self._settled(state, approvals.Settled(left, found.withdrawn))
        return withdrawn + [delivered(action) for action in found.take_back]

    def _approval(self, state: Customer, approval: Approval) -> list[Outbound]:
        """A human's word on an action that waits."""
        try:
            settled = approvals.answer(state.waiting, approval)
        except RecordError as error:
            self._observer.approved(error.reason)
            raise
        if settled is None:
            self._observer.approved("not_waiting")
            return []
        return self._settled(state, settled)

    def _settled(self, state: Customer, settled: approvals.Settled) -> list[Outbound]:
        """What leaves when actions stop waiting; who is not done after all was not reached by it."""
        state.waiting = settled.waiting
        state.doing = (
            undoing.noted(state.doing, settled.actions) if settled.actions else state.doing
        )
        for action in settled.actions:
            self._observer.approved(action.status)
            if action.status != "approved":
                state.standing = _not_done(state.standing, action)
        out = [delivered(action) for action in settled.actions]
        return out + [delivered(escalation) for escalation in settled.escalations]


def _not_done(standing: Standing, action: Action) -> Standing:
    """A human refused it, or nobody answered: the customer was not reached, and whoever is next must know."""
    at = action.approval.event_time if action.approval else action.approve_by or action.event_time
    outcome_id = record_id("outcome", action.id, action.status)
    rule = action.why.rule.id
    response = Response(rule, action.status, to_ms(at), outcome_id, action.id)
    return standing.without_reaching(action.id).after_response(response)


def _passports(
    decider: Deciding, state: Customer, signal: Signal, escalated: bool
) -> Iterator[Outbound]:
    for cause in causes(state, signal, escalated):
        found = passport(state, signal, cause, decider.passport, decider.rules)
        if found is not None:
            yield Outbound("passports", found.customer_id, found)


def _with_ledger(outs: list[Outbound]) -> list[Outbound]:
    """Actions are in the ledger before they are on their way."""
    actions = [o.record for o in outs if isinstance(o.record, Action)]
    actions = [action for action in actions if action.status != "undone"]  # executors tell of those
    return [*(booked(of_action(action)) for action in actions), *outs]
