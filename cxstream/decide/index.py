"""Which rules a moment can move: by the kind of event, who speaks, and the intent that was understood.

A rule that starts on intents alone is looked at only when one of them was understood; one that listens for
phrases or judges scores, at every utterance of the roles it is on. Rules keep one order everywhere:
priority, highest first, then id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from cxstream.decide import vocabulary
from cxstream.decide.anchors import Anchors
from cxstream.decide.comparing import Step
from cxstream.decide.moment import Moment
from cxstream.decide.playbook import Playbook, Rule
from cxstream.decide.policy import Policy, Purpose
from cxstream.decide.reading import Path, Slot
from cxstream.errors import PlaybookError
from cxstream.events import RuleRef

Place = tuple[str, str]


class Ranked(Struct, frozen=True):
    """A rule in its playbook: how decisions name it, where it listens, how long things last by channel.

    `alone` is set when its condition is judged at every moment, whatever was said or understood;
    `needs_words` when it cannot apply unless one of its phrases is said; `quiet` is the quick form, if there is
    one, of a condition that is judged alone, with none of them said. `paths` are the facts that explain it.
    """

    rule: Rule
    ref: RuleRef
    on: frozenset[Place]
    pace: dict[str, int]
    policy: Policy
    purpose: Purpose
    alone: bool = False
    needs_words: bool = False
    quiet: Step | None = None
    paths: tuple[Path, ...] = ()

    @property
    def for_everybody(self) -> bool:
        """Whether not even the control group goes without it: law and safety, or its purpose says so."""
        return self.rule.must_say or self.purpose.for_everybody


class Slice(Struct, frozen=True):
    """The rules to look at in one kind of moment, and the anchors of their phrases, place by place.

    Of the rules that may start though none of their phrases is said, `quiet` are those whose condition is
    judged alone and quickly, by place, and `always` the places of the others. `slots` are the facts that the
    library needs at every such moment: those of the conditions that are judged each time and are not quick.
    """

    ranked: tuple[Ranked, ...]
    anchors: Anchors
    slots: tuple[Slot, ...] = ()
    always: tuple[int, ...] = ()
    quiet: Mapping[int, Step] = {}


class Index:
    """All rules of some playbooks by id, and by what moves them."""

    def __init__(self, playbooks: Sequence[Playbook]) -> None:
        ranked = sorted(
            (_rank(playbook, rule) for playbook in playbooks for rule in playbook.rules),
            key=lambda r: (-r.rule.priority, r.rule.id, r.ref.playbook),
        )
        self.by_id: dict[str, Ranked] = {}
        for one in ranked:
            other = self.by_id.setdefault(one.rule.id, one)
            if other is not one:
                names = f"{other.ref.playbook!r} and {one.ref.playbook!r}"
                raise PlaybookError(
                    [f"rule {one.rule.id} is in two playbooks, {names}; rename one"]
                )
        self._nothing = _slice(())
        self._slices = self._build(ranked)

    def at(self, moment: Moment) -> Slice:
        """The slice of a moment; rules outside it cannot start."""
        by_intent = self._slices.get((moment.kind, moment.role))
        if by_intent is None:
            return self._nothing
        return by_intent.get(moment.intent) or by_intent[None]

    def _build(self, ranked: list[Ranked]) -> dict[Place, dict[str | None, Slice]]:
        slices: dict[Place, dict[str | None, Slice]] = {}
        for place in {place for one in ranked for place in one.on}:
            here = [one for one in ranked if place in one.on]
            labels = {
                label for one in here if _needs_intent(one.rule) for label in one.rule.intents
            }
            slices[place] = {
                label: _slice(
                    one for one in here if not _needs_intent(one.rule) or label in one.rule.intents
                )
                for label in (None, *sorted(labels))
            }
        return slices


def _slice(ranked: Iterable[Ranked]) -> Slice:
    kept = tuple(ranked)
    slots = {
        slot.name: slot
        for one in kept
        if one.alone and one.rule.when and one.rule.when.quick is None
        for slot in one.rule.when.slots
    }
    quiet = {place: one.quiet for place, one in enumerate(kept) if one.quiet is not None}
    always = (p for p, one in enumerate(kept) if p not in quiet and not _needs_words(one))
    anchors = Anchors(one.rule.phrases for one in kept)
    return Slice(kept, anchors, tuple(slots.values()), tuple(always), quiet)


def _needs_words(one: Ranked) -> bool:
    """Whether nothing but its phrases can start a rule."""
    return one.needs_words or (
        one.rule.phrases is not None and not one.rule.intents and not one.alone
    )


def _needs_intent(rule: Rule) -> bool:
    """Whether nothing but one of its intents can start the rule."""
    return bool(rule.intents) and rule.phrases is None


def _rank(playbook: Playbook, rule: Rule) -> Ranked:
    when = rule.when
    alone = (
        when is not None
        and not when.needs_words
        and (when.reads_phrases or not (rule.intents or rule.phrases))
    )
    return Ranked(
        rule=rule,
        ref=RuleRef(id=rule.id, playbook=playbook.name, version=playbook.version),
        on=frozenset(vocabulary.EVENTS[name] for name in rule.on),
        pace=playbook.pace,
        policy=playbook.policy,
        alone=alone,
        needs_words=when is not None and when.needs_words,
        quiet=when.heard(()).quick if when is not None and alone else None,
        paths=(*(when.paths if when is not None else ()), *rule.because.paths),
        purpose=playbook.policy.purposes.get(rule.purpose, Purpose(rule.purpose)),
    )
