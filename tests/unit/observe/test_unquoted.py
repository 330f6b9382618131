"""Whoever logs an exception, a library, asyncio or Python itself: what a customer said is not in the line."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from collections.abc import Iterator

import pytest

from cxstream.errors import EngineError
from cxstream.observe.unquoted import Unquoted, hook

SAID = "my card is 4111 1111 1111 1111"


class Kept(logging.Handler):
    """Messages as they would be written, and the types of exceptions beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(Unquoted())
        self.messages: list[str] = []
        self.types: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())
        if record.exc_info and record.exc_info[0]:
            self.types.append(record.exc_info[0].__name__)


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler, root = Kept(), logging.getLogger()
    before = root.handlers, threading.excepthook, sys.unraisablehook
    root.handlers = [handler]
    yield handler
    root.handlers, threading.excepthook, sys.unraisablehook = before


def test_a_service_that_crashes_tells_the_type(kept: Kept) -> None:
    logging.getLogger("cxstream.engine.app").error(
        "[^-App]: Crashed reason=%r %s", ValueError(SAID), 7
    )
    logging.getLogger("faust.streams").error("Error in grouping key : %r", KeyError(SAID))
    assert kept.messages == [
        "[^-App]: Crashed reason='ValueError' 7",
        "Error in grouping key : 'KeyError'",
    ]


def test_what_is_ours_or_the_systems_says_why(kept: Kept) -> None:
    logging.getLogger("cxstream.bootstrap").warning("degraded: %s", ValueError("no weights"))
    logging.getLogger("faust").warning("refused: %s", OSError(28, "No space left on device"))
    logging.getLogger("faust").warning("refused: %s", EngineError("a broker is missing"))
    assert kept.messages[0] == "degraded: no weights"
    assert "No space left on device" in kept.messages[1]
    assert "a broker is missing" in kept.messages[2]


def test_a_task_that_nobody_waited_for_is_told_without_its_exception(kept: Kept) -> None:
    async def fail() -> None:
        raise ValueError(SAID)

    async def forget() -> None:
        task = asyncio.ensure_future(fail())
        await asyncio.wait({task})
        del task
        gc.collect()

    asyncio.run(forget())
    assert kept.messages == ["Task exception was never retrieved"]
    assert kept.types == ["ValueError"]


def test_an_exception_that_ends_a_thread_is_logged_and_an_exit_is_not(kept: Kept) -> None:
    def fail() -> None:
        raise ValueError(SAID)

    hook()
    for work in (fail, sys.exit):
        thread = threading.Thread(target=work, name="fetcher")
        thread.start()
        thread.join()
    assert kept.messages == ["fetcher ended"]
    assert kept.types == ["ValueError"]


def test_an_exception_that_nobody_can_catch_is_logged(kept: Kept) -> None:
    class Fails:
        def __del__(self) -> None:
            raise ValueError(SAID)

    hook()
    Fails()
    gc.collect()
    assert kept.messages == ["an exception that nobody can catch"]
    assert kept.types == ["ValueError"]
