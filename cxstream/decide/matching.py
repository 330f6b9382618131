"""Which rules apply to a moment: those that start by an intent or a phrase, and whose condition holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from cxstream.decide.conditions import NotEvaluated, View
from cxstream.decide.index import Ranked, Slice
from cxstream.decide.moment import Moment
from cxstream.decide.phrases import Said, Span, Worth
from cxstream.events import Rejection

Found = dict[str, tuple[Span, ...]]
_NOTHING: Found = {}
_SILENCE = Worth(0, frozenset())


class Match(Struct, frozen=True):
    """A rule that applies, and the places of the words that started it (none when no phrase did)."""

    ranked: Ranked
    spans: tuple[Span, ...]


def match(here: Slice, moment: Moment, view: View) -> tuple[list[Match], list[Rejection]]:
    """The rules that apply, in the slice's order, and those whose condition gave no answer."""
    matches: list[Match] = []
    rejected: list[Rejection] = []
    for one, found in started(here, moment, view):
        rule = one.rule
        try:
            if rule.when is not None and not view.holds(rule.when.heard(found)):
                continue
        except NotEvaluated as error:
            reason = f"condition could not be evaluated: {error}"
            rejected.append(Rejection(rule.id, reason))
            continue
        matches.append(Match(one, _joined(span for group in found.values() for span in group)))
    return matches, rejected


def started(here: Slice, moment: Moment, view: View) -> list[tuple[Ranked, Found]]:
    """The rules that an intent or a phrase starts, or whose condition judges alone, made ready.

    In the slice's order, each with the groups of its phrases that were said.
    """
    said = Said(moment.text) if moment.text else None
    worth = here.anchors.worth(said) if said is not None else _SILENCE
    place = (moment.kind, moment.role)
    started: list[tuple[Ranked, Found]] = []
    view.ready_for(here.slots)
    for one, said_perhaps in _places(here, worth.places):
        rule, phrases, when = one.rule, one.rule.phrases, one.rule.when
        if place not in one.on:
            continue
        found = _NOTHING
        if said_perhaps and phrases is not None and said is not None:
            found = phrases.find(said, worth)
        if not found:
            if one.needs_words:
                continue
            if not one.alone and (rule.intents or phrases is not None):
                understood = moment.intent in rule.intents
                if not understood or moment.probability < rule.probability:
                    continue
        if when is not None and (found or not one.alone):
            view.ready(when.heard(found), found)
        started.append((one, found))
    return started


def _places(here: Slice, worth: int) -> Iterator[tuple[Ranked, bool]]:
    """The rules to look at, in the slice's order, and whether some of a rule's words may have been said."""
    left = (here.always | worth) & ((1 << len(here.ranked)) - 1)
    while left:
        lowest = left & -left
        yield here.ranked[lowest.bit_length() - 1], bool(worth & lowest)
        left ^= lowest


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order of place, those that overlap as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
