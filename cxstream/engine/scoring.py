"""The forward pass beside the event loop, with a deadline: late is worse than light.

One thread scores one batch at a time. When a batch is late, or the thread is still busy with one that was,
the lexicon answers and its scores say `degraded`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from cxstream.understand.scorer import Reading, Scorer, readings


class ScoringPool:
    """Scores texts off the event loop. `deadline_s` None waits for the model, however long it takes."""

    def __init__(self, scorer: Scorer, fallback: Scorer, *, deadline_s: float | None) -> None:
        self._scorer = scorer
        self._fallback = fallback
        self._deadline_s = deadline_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="score")
        self._running: asyncio.Future[list[Reading]] | None = None

    async def read(self, texts: Sequence[str]) -> dict[str, Reading]:
        """Scores and gist of each distinct text. Never raises: a failing model is a degraded answer."""
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return {}
        if self._running is not None and not self._running.done():
            return self._lightly(distinct)
        loop = asyncio.get_running_loop()
        self._running = loop.run_in_executor(self._thread, readings, self._scorer, distinct)
        try:
            found = await asyncio.wait_for(asyncio.shield(self._running), self._deadline_s)
        except Exception:  # noqa: BLE001  whatever ails the model, the conversation goes on
            return self._lightly(distinct)
        return dict(zip(distinct, found, strict=True))

    def close(self) -> None:
        """Let the thread go; a pass that hangs does not hold up the exit."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _lightly(self, texts: list[str]) -> dict[str, Reading]:
        return dict(zip(texts, readings(self._fallback, texts), strict=True))
