"""Why a decision was made, in words and numbers that a supervisor can check."""

from __future__ import annotations

from collections.abc import Iterable

from cxstream.decide.conditions import View
from cxstream.decide.matching import Match
from cxstream.decide.moment import Moment
from cxstream.decide.playbook import Rule
from cxstream.decide.reading import Path
from cxstream.decide.templates import Words
from cxstream.events import Evidence, Rejection, RuleRef, Why

EVIDENCE_MAX = 1_000
"""Characters of an utterance that are quoted when no phrase says which words matter."""

_SHOWN_MAX = 160
_NOT_SCORES: frozenset[Path] = frozenset({("utterance", "text"), ("conversation", "id")})
_INTENT: tuple[Path, ...] = (("utterance", "intent"), ("utterance", "probability"))


def words_of(match: Match, moment: Moment) -> Words:
    """The words that started a rule, else what was said and how it was understood."""
    text = moment.text or ""
    if match.spans:
        said = " … ".join(text[start:end] for start, end in match.spans)
        return Words(said, f'said "{said}"')
    shown = text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"
    heard = f'said "{shown}"'
    if moment.intent is not None:
        label = moment.intent.replace("_", " ")
        heard += f", understood as {label} ({moment.probability:.0%})"
    return Words(shown, heard)


def why(match: Match, moment: Moment, view: View, rejected: tuple[Rejection, ...]) -> Why:
    """The explanation of what a rule gives at a moment."""
    rule = match.ranked.rule
    started_by_intent = bool(rule.intents) and not match.spans
    paths = (*(_INTENT if started_by_intent else ()), *_paths(rule))
    return Why(
        rule=match.ranked.ref,
        because=rule.because.render(view, words_of(match, moment)),
        evidence=tuple(_evidence(match, moment)),
        scores=scores(paths, view),
        rejected=rejected,
        model=moment.model,
        degraded=moment.degraded,
    )


def why_withdrawn(
    ref: RuleRef, because: str, moment: Moment, facts: dict[str, float | str | bool]
) -> Why:
    """The explanation of a nudge taken away."""
    return Why(
        rule=ref, because=because, scores=facts, model=moment.model, degraded=moment.degraded
    )


def scores(paths: Iterable[Path], view: View) -> dict[str, float | str | bool]:
    """The facts under some paths that are single values or lists, by their full names."""
    found: dict[str, float | str | bool] = {}
    for path in paths:
        value = None if path in _NOT_SCORES else view.value(path)
        if isinstance(value, list | tuple):
            value = ", ".join(map(str, value))
        if isinstance(value, bool | int | float | str):
            found[".".join(path)] = value
    return found


def _paths(rule: Rule) -> Iterable[Path]:
    if rule.when is not None:
        yield from rule.when.paths
    yield from rule.because.paths


def _evidence(match: Match, moment: Moment) -> Iterable[Evidence]:
    if not moment.text or moment.fragment_id is None:
        return
    for start, end in match.spans or ((0, min(len(moment.text), EVIDENCE_MAX)),):
        yield Evidence(moment.fragment_id, start, end, moment.text[start:end])
