"""Why a decision was made, in words and numbers that a supervisor can check."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from cxstream.decide.conditions import View
from cxstream.decide.matching import Match
from cxstream.decide.moment import Moment
from cxstream.decide.playbook import Rule
from cxstream.decide.reading import Path
from cxstream.decide.templates import Words
from cxstream.events import Choice, Evidence, Rejection, RuleRef, Weight, Why

EVIDENCE_MAX = 1_000
"""Characters of an utterance that are quoted when no phrase says which words matter."""

_SHOWN_MAX = 160
_TELLING_WORDS = 3
_NOT_SCORES: frozenset[Path] = frozenset({("utterance", "text"), ("conversation", "id")})
_INTENT: tuple[Path, ...] = (("utterance", "intent"), ("utterance", "probability"))


def words_of(match: Match, moment: Moment) -> Words:
    """The words that started a rule (else what was said), and in a half-sentence how they were taken.

    One or two words alone tell nobody much: then the half-sentence quotes the utterance. It names the
    intent when no phrase did the work, and when it is one that the rule is about.
    """
    text = moment.text or ""
    whole = _one_line(text[: 4 * _SHOWN_MAX])
    whole = whole if len(whole) <= _SHOWN_MAX else f"{whole[: _SHOWN_MAX - 1]}…"
    said = " … ".join(_one_line(text[start:end]) for start, end in match.spans)
    heard = f'said "{said if len(said.split()) >= _TELLING_WORDS else whole}"'
    if moment.intent and (not said or _is_about(match.ranked.rule, moment.intent)):
        heard += f", understood as {moment.intent.replace('_', ' ')} ({moment.probability:.0%})"
    return Words(said or whole, heard, whole)


def retold(words: Words) -> Words:
    """The words for somebody who was not there: of one or two of them alone, all that was said."""
    short = len(words.said.split()) < _TELLING_WORDS
    return replace(words, said=words.whole) if short else words


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_about(rule: Rule, intent: str) -> bool:
    return intent in rule.intents or (rule.when is not None and f'"{intent}"' in rule.when.source)


def why(
    match: Match,
    words: Words,
    moment: Moment,
    view: View,
    rejected: tuple[Rejection, ...],
    weight: Weight,
    choice: Choice,
) -> Why:
    """The explanation of what a rule gives at a moment."""
    rule = match.ranked.rule
    started_by_intent = bool(rule.intents) and not match.spans
    paths = (*(_INTENT if started_by_intent else ()), *match.ranked.paths)
    return Why(
        rule=match.ranked.ref,
        because=rule.because.render(view, words),
        evidence=tuple(_evidence(match, moment)),
        scores=scores(paths, view),
        rejected=rejected,
        model=moment.model,
        degraded=moment.degraded,
        weight=weight,
        choice=choice,
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


def _evidence(match: Match, moment: Moment) -> Iterable[Evidence]:
    if not moment.text or moment.fragment_id is None:
        return
    for start, end in match.spans or ((0, min(len(moment.text), EVIDENCE_MAX)),):
        yield Evidence(moment.fragment_id, start, end, moment.text[start:end])
