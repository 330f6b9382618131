"""Which rules apply to a moment: those that start by an intent or a phrase, and whose condition holds."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from cxstream.decide.anchors import Heard
from cxstream.decide.comparing import Odd
from cxstream.decide.conditions import NotEvaluated, View
from cxstream.decide.index import Ranked, Slice
from cxstream.decide.moment import Moment
from cxstream.decide.phrases import Said, Span
from cxstream.events import Rejection

Found = dict[str, tuple[Span, ...]]
_NOTHING: Found = {}
_SILENCE: Heard = {}


class Match(Struct, frozen=True):
    """A rule that applies, and the places of the words that started it (none when no phrase did)."""

    ranked: Ranked
    spans: tuple[Span, ...]


def match(here: Slice, moment: Moment, view: View) -> tuple[list[Match], list[Rejection]]:
    """The rules that apply, in the slice's order, and those whose condition gave no answer."""
    matches: list[Match] = []
    rejected: list[Rejection] = []
    for one, found in started(here, moment, view, but_false=True):
        rule = one.rule
        try:
            if rule.when is not None and not view.holds(rule.when.heard(found), found):
                continue
        except NotEvaluated as error:
            reason = f"condition could not be evaluated: {error}"
            rejected.append(Rejection(rule.id, reason))
            continue
        matches.append(Match(one, _joined(span for group in found.values() for span in group)))
    return matches, rejected


def started(
    here: Slice, moment: Moment, view: View, *, but_false: bool = False
) -> list[tuple[Ranked, Found]]:
    """The rules that an intent or a phrase starts, or whose condition judges alone, made ready.

    In the slice's order, each with the groups of its phrases that were said. With `but_false` those whose
    condition is quickly found false are left out, as nearly all are at nearly every moment.
    """
    said = Said(moment.text) if moment.text else None
    heard = here.anchors.heard(said) if said is not None else _SILENCE
    places = {*here.always, *heard, *(_awake(here, view) if but_false else here.quiet)}
    started: list[tuple[Ranked, Found]] = []
    view.ready_for(here.slots)
    for place in sorted(places):
        one = here.ranked[place]
        rule, found = one.rule, _NOTHING
        if place in heard and rule.phrases is not None and said is not None:
            found = rule.phrases.find(said, heard[place])
        if not found:
            if one.needs_words:
                continue
            if not one.alone and (rule.intents or rule.phrases is not None):
                understood = moment.intent in rule.intents
                if not understood or moment.probability < rule.probability:
                    continue
        if rule.when is not None and (found or not one.alone):
            view.ready(rule.when.heard(found), found)
        started.append((one, found))
    return started


def _awake(here: Slice, view: View) -> list[int]:
    """The places of the quiet rules whose condition is not quickly found false."""
    awake = []
    for place, step in here.quiet.items():
        try:
            if step(view.values, _NOTHING):
                awake.append(place)
        except Odd:
            awake.append(place)
    return awake


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order of place, those that overlap as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
