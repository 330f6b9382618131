"""Which rules apply to a moment: those that start by an intent or a phrase, and whose condition holds."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from cxstream.decide.conditions import NotEvaluated, View
from cxstream.decide.index import Ranked, Slice
from cxstream.decide.moment import Moment
from cxstream.decide.phrases import Said, Span
from cxstream.events import Rejection

Found = dict[str, tuple[Span, ...]]
_NOTHING: Found = {}


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
    worth = here.anchors.worth(said) if said is not None else 0
    place = (moment.kind, moment.role)
    started: list[tuple[Ranked, Found]] = []
    view.ready_for(here.slots)
    for bit, one in enumerate(here.ranked):
        rule, phrases, when = one.rule, one.rule.phrases, one.rule.when
        if place not in one.on:
            continue
        found = _NOTHING
        if phrases is not None and said is not None and worth >> bit & 1:
            found = phrases.find(said)
        if not found and (rule.intents or phrases is not None):
            understood = moment.intent in rule.intents and moment.probability >= rule.probability
            if not understood and not (when is not None and when.phrases):
                continue
        if when is not None and (found or not one.alone):
            view.ready(when.heard(found), found)
        started.append((one, found))
    return started


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order of place, those that overlap as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
