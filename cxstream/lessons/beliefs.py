"""What is believed of every rule: learns from lessons, answers the arbitration, travels as records.

One side learns (the agent of `cx.lessons`, each rule on its own partition) and publishes what it believes
after each batch on `cx.learnt`, compacted; the other side (every worker) holds the newest of each rule and
answers `decide`. `name` says which beliefs were in force, so that a logged decision can be made again with
exactly them.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from cxstream.decide.moment import Moment
from cxstream.decide.propensity import Learnt as Answer
from cxstream.events import Learnt, Lesson, record_id
from cxstream.lessons.features import features_of
from cxstream.lessons.propensity import Belief, Propensity


class Beliefs:
    """The learnt propensities that are in force; implements `decide.propensity.Propensity`."""

    def __init__(self, records: Iterable[Learnt] = ()) -> None:
        self._models: dict[str, Propensity] = {}
        self.name = ""
        for record in records:
            self.take(record)

    def take(self, record: Learnt) -> None:
        """Believe what a record says, unless more is known already. Raises `RecordError` when damaged."""
        known = self._models.get(record.rule)
        if known is not None and known.lessons >= record.lessons:
            return
        self._models[record.rule] = Propensity.restore(record.state)
        counts = sorted((rule, model.lessons) for rule, model in self._models.items())
        self.name = blake2b(repr(counts).encode(), digest_size=6).hexdigest()

    def learnt(self, rule: str, moment: Moment) -> Answer | None:
        """What was learnt of a rule, for a moment like this; None when nothing was."""
        model = self._models.get(rule)
        if model is None:
            return None
        found = model.believe(features_of(moment))
        return Answer(round(found.chance, 6), found.lessons, model.successes)

    def belief(self, rule: str, moment: Moment) -> Belief | None:
        """The same with its doubt, for who explores."""
        return self.in_context(rule, features_of(moment)) if rule in self._models else None

    def in_context(self, rule: str, context: tuple[float, ...]) -> Belief | None:
        """The same for a context that was logged."""
        model = self._models.get(rule)
        return None if model is None else model.believe(context)


def teaches(lesson: Lesson) -> bool:
    """Whether a lesson says what its decision was worth."""
    return lesson.reward is not None and lesson.group == "treated"


def taught(model: Propensity, lesson: Lesson) -> bool:
    """Learn from a lesson; False for one that teaches nothing, or that was taken before."""
    if lesson.reward is None or not teaches(lesson):
        return False
    return model.learn_once(lesson.id, lesson.context, lesson.reward)


def as_record(rule: str, model: Propensity, lesson: Lesson) -> Learnt:
    """What is believed after a lesson, as it is published."""
    return Learnt(
        id=record_id("learnt", rule, model.lessons, lesson.id),
        rule=rule,
        lessons=model.lessons,
        event_time=lesson.settled_at,
        state=model.snapshot(),
    )
