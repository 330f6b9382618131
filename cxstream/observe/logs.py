"""Logs: one line a person reads, or one JSON object a machine reads; never what a customer said.

An exception is told by its type and where it happened, not by its message: a message may quote the record that
caused it. In JSON: `time` (RFC 3339, UTC), `level`, `logger`, `message`; with an exception `error` and `trace`.
"""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime
from typing import Any, Literal

from pythonjsonlogger.json import JsonFormatter

from cxstream.observe.seldom import Seldom
from cxstream.observe.unquoted import Unquoted, hook

_LIBRARIES = (
    "faust",
    "mode",
    "aiokafka",
    "cxstream.engine.app",
    "cxstream.engine.transport",
    "cxstream.engine.recovery",
)
"""Names that tell of every part that starts and stops; Faust's services log as the module they are in."""


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Log to standard error; of libraries only warnings, and seldom twice, unless DEBUG is asked for."""
    hook()
    handler = logging.StreamHandler()
    handler.addFilter(Unquoted())
    if level != "DEBUG":
        handler.addFilter(Seldom())
    handler.setFormatter(AsJson() if form == "json" else AsText())
    logging.basicConfig(level=level, handlers=[handler])
    if level == "INFO":
        for library in _LIBRARIES:
            logging.getLogger(library).setLevel(logging.WARNING)


class AsText(logging.Formatter):
    """A line for people, and below it where an exception happened."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The type, and the places from the outermost in."""
        error, trace = _told(ei)
        return "\n".join([f"  {error}", *(f"    at {place}" for place in trace)])


class AsJson(JsonFormatter):
    """One object a line."""

    def __init__(self) -> None:
        super().__init__()

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        """What each line holds, in this order."""
        when = datetime.fromtimestamp(record.created, UTC)
        log_data["time"] = when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name
        log_data["message"] = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            log_data["error"], log_data["trace"] = _told(record.exc_info)


def _told(info: Any) -> tuple[str, list[str]]:
    kind, _, trace = info
    frames = traceback.extract_tb(trace)
    name = kind.__name__ if kind is not None else "no exception"  # `exc_info` outside of one
    return name, [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
