"""The forward pass beside the event loop: passes of a bounded size, one after another, with a deadline.

One thread scores. It begins as soon as there is a text, and never waits for more: at low load a text is a
pass of its own, under pressure a pass is what gathered during the one before, up to `PASS_TOKENS`. What is
wanted now goes first; what will be wanted next (`ahead`) fills the rest, so that the thread works on while
the loop folds and publishes. Late is worse than light: what is late, or fails, or comes while the thread
still hangs in a pass that was late, the lexicon answers, and its scores say `degraded`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from cxstream.understand.scorer import Reading, Scorer, readings

PASS_TOKENS: Final = 768
"""Tokens of one pass, about: as many as keep the encoder at its best speed, and no more, or all would wait."""

AHEAD_MAX: Final = 1024
"""Texts that are scored ahead and not asked for yet; what is never asked for makes room."""

_CHARACTERS: Final = 4
_BREATH: Final = 8
Answer = asyncio.Future[Reading]


class ScoringPool:
    """Scores texts off the event loop. `deadline_s` None waits for the model, however long it takes."""

    def __init__(
        self,
        scorer: Scorer,
        fallback: Scorer,
        *,
        deadline_s: float | None,
        lighter: Scorer | None = None,
    ) -> None:
        self._scorer = scorer
        self._fallback = fallback
        self._lighter = lighter or fallback
        self._deadline_s = deadline_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="score")
        self._answers: dict[str, Answer] = {}
        self._now: list[str] = []
        self._next: list[str] = []
        self._running: asyncio.Future[list[Reading]] | None = None
        self._hangs = False

    async def read(self, texts: Sequence[str], *, lightly: bool = False) -> dict[str, Reading]:
        """Scores and gist of each distinct text. Never raises: a failing model is a degraded answer.

        `lightly`: the lighter model answers, here and now, and the thread rests.
        """
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return {}
        if lightly:
            return await self._unasked(distinct)
        if self._hangs:
            return self._lightly(distinct)
        answers = {text: self._ask(text, self._now) for text in distinct}
        self._begin()
        done, late = await asyncio.wait(answers.values(), timeout=self._deadline_s)
        for text in distinct:
            self._answers.pop(text, None)
        if late:
            self._hangs = True
            self._now.clear()
            self._next.clear()
            self._answers.clear()
        failed = [text for text in distinct if answers[text] not in done or _failed(answers[text])]
        light = self._lightly(failed) if failed else {}
        return {text: light.get(text) or answers[text].result() for text in distinct}

    def ahead(self, texts: Sequence[str]) -> None:
        """Score these when there is nothing more urgent: they will be asked for soon."""
        if self._hangs:
            return
        for text in dict.fromkeys(texts):
            self._ask(text, self._next)
        while len(self._answers) > AHEAD_MAX:
            text, answer = next(iter(self._answers.items()))
            if not answer.done():
                break
            del self._answers[text]
        self._begin()

    def close(self) -> None:
        """Let the thread go; a pass that hangs does not hold up the exit."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _ask(self, text: str, queue: list[str]) -> Answer:
        answer = self._answers.get(text)
        if answer is None:
            answer = self._answers[text] = asyncio.get_running_loop().create_future()
            queue.append(text)
        elif queue is self._now and text in self._next:
            self._next.remove(text)
            queue.append(text)
        return answer

    def _begin(self) -> None:
        """Start a pass if there is something to score and the thread is free."""
        if self._running is not None or not (self._now or self._next):
            return
        texts = _some(self._now, PASS_TOKENS)
        texts += _some(self._next, PASS_TOKENS - sum(map(_tokens, texts)))
        loop = asyncio.get_running_loop()
        answers = [self._answers[text] for text in texts]
        self._running = loop.run_in_executor(self._thread, readings, self._scorer, texts)
        self._running.add_done_callback(lambda done: self._done(answers, done))

    def _done(self, answers: list[Answer], done: asyncio.Future[list[Reading]]) -> None:
        self._running = None
        self._hangs = False
        if done.cancelled():
            return
        problem = done.exception()
        for place, answer in enumerate(answers):
            if answer.done():
                continue
            if problem is None:
                answer.set_result(done.result()[place])
            else:
                answer.set_exception(problem)
                answer.exception()  # seen: nobody may ever ask for what was scored ahead
        self._begin()

    async def _unasked(self, texts: list[str]) -> dict[str, Reading]:
        """The lighter model's answers, with a breath for the loop now and then."""
        answers: dict[str, Reading] = {}
        for start in range(0, len(texts), _BREATH):
            some = texts[start : start + _BREATH]
            try:
                answers |= zip(some, readings(self._lighter, some), strict=True)
            except Exception:  # noqa: BLE001  worse than light is nothing
                answers |= self._lightly(some)
            await asyncio.sleep(0)
        return answers

    def _lightly(self, texts: list[str]) -> dict[str, Reading]:
        return dict(zip(texts, readings(self._fallback, texts), strict=True))


def _failed(answer: Answer) -> bool:
    return answer.cancelled() or answer.exception() is not None


def _tokens(text: str) -> int:
    return 2 + len(text) // _CHARACTERS


def _some(queue: list[str], tokens: int) -> list[str]:
    """Take texts off a queue, in order, up to so many tokens; the first whatever its length, if any fit."""
    count = 0
    while count < len(queue) and tokens > 0:
        tokens -= _tokens(queue[count])
        count += 1
    taken = queue[:count]
    del queue[:count]
    return taken
