"""Decisions get the words that carried the scores they rest on, before they are published.

Only a decision is explained, and only by the utterance that led to it: that is a batch of a few dozen
forward passes, beside the event loop and in a thread of its own, so that scoring never waits for it. Late is
worse than light here too: with a deadline, what is not explained in time goes out without. Without one
(a replay) everything is explained, so that the same records give the same bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Final, NamedTuple

from msgspec.structs import replace

from cxstream.events import Action, Carried, Escalation, Nudge, Scores, Signal, Why
from cxstream.pipeline import Outbound
from cxstream.understand.explain import Ask, Span, explain_all, heard
from cxstream.understand.scorer import Scorer

MOST: Final = 16
"""Signals explained for one batch, where there is a deadline."""

_EMOTIONS: Final = ("anger", "dissatisfaction", "distress", "confusion", "satisfaction")
_TARGETS: Final = {
    **{f"utterance.{name}": f"emotion.{name}" for name in _EMOTIONS},
    "utterance.abuse": "abuse",
    "utterance.negative": "sentiment.negative",
    "conversation.level": "sentiment.negative",
    "conversation.negative_run": "sentiment.negative",
    "conversation.risk": "sentiment.negative",
}
"""Facts of a decision -> the signal of its utterance that is behind them."""

Made = tuple[Outbound, Signal | None]
"""A record on its way out, and the signal that led to it."""

Explained = dict[Ask, tuple[Span, ...]]


class _Wanted(NamedTuple):
    """One signal of one decision to explain, by the place of the decision in its batch, and what was heard."""

    place: int
    ask: Ask
    scores: Scores


def targets(why: Why, scores: Scores) -> Iterator[str]:
    """The signals of an utterance that a decision rests on, and that were heard in it."""
    known = set(heard(scores))
    for target in dict.fromkeys(_target(fact, scores) for fact in why.scores):
        if target in known:
            yield target


def _target(fact: str, scores: Scores) -> str:
    if fact in ("utterance.intent", "utterance.probability"):
        return f"intent.{scores.intent.label}"
    if fact in ("utterance.sentiment", "utterance.valence"):
        return f"sentiment.{scores.sentiment.label}"
    return _TARGETS.get(fact, "")


class Explainer:
    """Explains decisions by asking the scorer; `deadline_s` None waits for it, however long it takes.

    A scorer that hands on to others must not be given, but the one whose answers count: every variant of a
    text has to be scored by the same model.
    """

    def __init__(self, scorer: Scorer, *, deadline_s: float | None) -> None:
        self._scorer = scorer
        self._deadline_s = deadline_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="explain")
        self._running: asyncio.Future[Explained] | None = None

    async def explain(self, made: Sequence[Made]) -> list[Outbound]:
        """The records in order, decisions with the words that carried them (`why.carried`). Never raises."""
        outs = [out for out, _ in made]
        wanted = [
            one
            for place, (out, signal) in enumerate(made)
            for one in self._wanted(place, out, signal)
        ]
        if self._deadline_s is not None:
            wanted = wanted[:MOST]
        if not wanted:
            return outs
        explained = await self._ask(wanted)
        for place in dict.fromkeys(one.place for one in wanted):
            asks = [one.ask for one in wanted if one.place == place]
            outs[place] = _with(outs[place], made[place][1], asks, explained)
        return outs

    def close(self) -> None:
        """Let the thread go; a pass that hangs does not hold up the exit."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _wanted(self, place: int, out: Outbound, signal: Signal | None) -> Iterator[_Wanted]:
        record = out.record
        if signal is None or not isinstance(record, Nudge | Action | Escalation):
            return
        scores, text = signal.scores, signal.text
        # what the lexicon said in the model's place, the model cannot explain
        if scores is None or not text or (scores.degraded and scores.model != self._scorer.name):
            return
        for target in targets(record.why, scores):
            yield _Wanted(place, Ask(text, target), scores)

    async def _ask(self, wanted: Sequence[_Wanted]) -> Explained:
        if self._running is not None and not self._running.done():
            return {}
        asks = list(dict.fromkeys(one.ask for one in wanted))
        # what the light model said, or the lexicon, is not what the transformer says
        known = {
            one.ask.text: one.scores for one in wanted if one.scores.model == self._scorer.name
        }
        loop = asyncio.get_running_loop()
        self._running = loop.run_in_executor(self._thread, self._work, asks, known)
        try:
            return await asyncio.wait_for(asyncio.shield(self._running), self._deadline_s)
        except Exception:  # noqa: BLE001  a decision without its words is better than none
            return {}

    def _work(self, asks: list[Ask], known: dict[str, Scores]) -> Explained:
        """Text by text; when half of the deadline is gone no other is begun: it would be in vain."""
        found: Explained = {}
        begun = monotonic()
        for text in dict.fromkeys(ask.text for ask in asks):
            if self._deadline_s is not None and monotonic() - begun > self._deadline_s / 2:
                break
            mine = [ask for ask in asks if ask.text == text]
            found.update(zip(mine, explain_all(self._scorer, mine, known), strict=True))
        return found


def _with(
    out: Outbound, signal: Signal | None, asks: Sequence[Ask], explained: Explained
) -> Outbound:
    record = out.record
    if signal is None or not isinstance(record, Nudge | Action | Escalation):
        return out
    carried = tuple(
        Carried(
            signal=ask.target,
            fragment_id=signal.fragment_id or "",
            start=span.start,
            end=span.end,
            text=ask.text[span.start : span.end],
            weight=span.weight,
        )
        for ask in asks
        for span in explained.get(ask, ())
    )
    return out._replace(record=replace(record, why=replace(record.why, carried=carried)))
