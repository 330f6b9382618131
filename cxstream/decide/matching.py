"""Which rules apply to a moment: those that start by an intent or a phrase, and whose condition holds."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from cxstream.decide.conditions import NotEvaluated, View
from cxstream.decide.index import Ranked
from cxstream.decide.moment import Moment
from cxstream.decide.phrases import Said, Span
from cxstream.events import Rejection


class Match(Struct, frozen=True):
    """A rule that applies, and the places of the words that started it (none when no phrase did)."""

    ranked: Ranked
    spans: tuple[Span, ...]


def match(
    ranked: Iterable[Ranked], moment: Moment, view: View
) -> tuple[list[Match], list[Rejection]]:
    """The rules that apply, in the given order, and those whose condition gave no answer."""
    said = Said(moment.text) if moment.text else None
    place = (moment.kind, moment.role)
    matches: list[Match] = []
    rejected: list[Rejection] = []
    for one in ranked:
        rule = one.rule
        if place not in one.on:
            continue
        found = rule.phrases.find(said) if rule.phrases is not None and said is not None else {}
        when = rule.when
        if not found and (rule.intents or rule.phrases is not None):
            understood = moment.intent in rule.intents and moment.probability >= rule.probability
            if not understood and not (when is not None and when.reads_phrases):
                continue
        if when is not None:
            groups = rule.phrases.names if rule.phrases is not None else ()
            try:
                if not view.holds(when, {name: name in found for name in groups}):
                    continue
            except NotEvaluated as error:
                reason = f"condition could not be evaluated: {error}"
                rejected.append(Rejection(rule.id, reason))
                continue
        spans = sorted({span for group in found.values() for span in group})
        matches.append(Match(one, tuple(spans)))
    return matches, rejected
