"""No log line quotes what a customer said, whoever writes it: of an exception it tells the type and the place.

Libraries put exceptions into their messages, asyncio the whole future with its exception, and Python writes an
exception that ends a thread, or that nobody can catch, past all logs. Any of these may quote a record.
"""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any

from cxstream.errors import CxError

_THEIR_WORDS = ("cxstream", "aiokafka")
"""Loggers whose messages quote an exception on purpose: ours, and of a broker's answer."""
_log = logging.getLogger(__name__)


class Unquoted(logging.Filter):
    """Lets every line through, with types in place of exceptions."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True; changes the record."""
        if (
            record.name == "asyncio"
        ):  # the first line says what happened, the others show objects whole
            record.msg, record.args = record.getMessage().partition("\n")[0], ()
        elif isinstance(record.args, tuple) and not _knows_what_it_quotes(record):
            record.args = tuple(map(_type_of, record.args))
        return True


def hook() -> None:
    """From now on exceptions that end a thread, and those that nobody can catch, are logged."""
    threading.excepthook = _of_a_thread
    sys.unraisablehook = _of_nobody


def _knows_what_it_quotes(record: logging.LogRecord) -> bool:
    """Faust's services do not: they log as the module of ours they are in, and pass on any exception."""
    return record.name.partition(".")[0] in _THEIR_WORDS and not str(record.msg).startswith("[^")


def _type_of(arg: object) -> object:
    if isinstance(arg, BaseException) and not isinstance(arg, CxError | OSError):
        return type(arg).__name__
    return arg


def _of_a_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_type is not SystemExit:
        name = ended.thread.name if ended.thread is not None else "a thread"
        _log.error("%s ended", name, exc_info=_info(ended))


def _of_nobody(raised: sys.UnraisableHookArgs) -> None:
    _log.error("an exception that nobody can catch", exc_info=_info(raised))


def _info(raised: Any) -> Any:
    return (raised.exc_type, raised.exc_value, raised.exc_traceback)
