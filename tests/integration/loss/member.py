"""The process of one worker of the loss suite: cxstream's own, but for a model whose mood a file sets.

Run as a script. The scores are those of the word lists: the same for the same text, in microseconds.
With LOSS_STOCK_RECOVERY it runs on Faust's own table recovery, made slow enough that its race is always lost:
so it is shown that the oracle sees what is lost.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaError
from msgspec.structs import replace

from cxstream import worker
from cxstream.engine.state import StateTable
from cxstream.errors import CxError
from cxstream.events import Scores
from cxstream.settings import Settings
from cxstream.understand.lexicon import LexiconScorer

HEAVY_S = 0.025
"""What a text costs a heavy model: so the model, not the machine, says what a worker can carry."""


class Moody:
    """A scorer that does as a file says: answers well, slowly, by the text, once it may, never, or raises."""

    name = "moody"

    def __init__(self, mood: Path) -> None:
        self._mood = mood
        self._lexicon = LexiconScorer()

    def score(self, texts: Sequence[str]) -> list[Scores]:
        match self._mood.read_text():
            case "raises":
                raise RuntimeError("the model is in a bad mood")
            case "hangs":
                threading.Event().wait()
            case "waits":
                while self._mood.read_text() == "waits":
                    threading.Event().wait(0.02)
            case "slow":
                time.sleep(0.2)
            case "heavy":
                time.sleep(HEAVY_S * len(texts))
                said = self._lexicon.score(texts)
                return [replace(scores, model=self.name, degraded=False) for scores in said]
        return self._lexicon.score(texts)


def stock_recovery() -> None:
    """Put Faust's own recovery back, with half a second between its seek and its clearing of the queues."""
    from faust.tables.manager import TableManager
    from faust.transport.consumer import Consumer

    from cxstream.engine import app

    seek = Consumer.perform_seek

    async def slow_seek(self: Consumer) -> None:
        await seek(self)
        await asyncio.sleep(0.5)

    Consumer.perform_seek = slow_seek
    setattr(app, "SafeTables", TableManager)  # noqa: B010  mypy may not see it


def sync_fails() -> None:
    """Let the coordination of the group meet with what a broker says that is just starting."""
    from aiokafka.consumer.group_coordinator import CoordinatorGroupRebalance

    async def unknown(self: object, request: object) -> None:
        raise KafkaError("UnknownError()")

    CoordinatorGroupRebalance._send_sync_group_request = unknown


def unhurried(silence_ms: int) -> None:
    """Take no customer for silent before so long, however soon the windows of their decisions close.

    Silence is told by the clock of arrival. A session whose brokers come and go takes a minute a round, its
    control a second: it would tell in silence what the control tells at the customer's next word, later.
    """
    made = StateTable.__init__

    def longer(self: StateTable, app: Any, name: str, **given: Any) -> None:
        made(self, app, name, **given | ({"silence_ms": silence_ms} if name == "customers" else {}))

    setattr(StateTable, "__init__", longer)  # noqa: B010  mypy may not see it


def main() -> None:
    """Work until told to stop."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s"
    )
    if os.environ["LOSS_SYNC_FAILS"]:
        sync_fails()
    unhurried(int(os.environ["LOSS_SILENCE_MS"]))
    if os.environ["LOSS_STOCK_RECOVERY"]:
        stock_recovery()
    try:
        asyncio.run(worker.run(Settings(), Moody(Path(os.environ["LOSS_MOOD"]))))
    except CxError as error:
        sys.stderr.write(f"cxstream: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
