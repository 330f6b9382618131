"""Logs tell what went wrong and where, and never what somebody said."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from cxstream.observe.logs import AsJson, AsText

SAID = "my card is 4111 1111 1111 1111"


def record(message: str = "a record could not be handled") -> logging.LogRecord:
    """A log record of an exception whose message quotes a customer."""
    try:
        raise ValueError(SAID)
    except ValueError:
        info = sys.exc_info()
    return logging.LogRecord("cxstream.engine", logging.ERROR, __file__, 1, message, (), info)


@pytest.mark.parametrize("form", [AsJson(), AsText()], ids=["json", "text"])
def test_an_exception_is_told_without_its_message(form: logging.Formatter) -> None:
    line = form.format(record())
    assert "4111" not in line
    assert "ValueError" in line and "test_logs.py" in line and "could not be handled" in line


def test_json_is_one_object_a_line() -> None:
    line = AsJson().format(record("two\nlines"))
    assert "\n" not in line
    told = json.loads(line)
    assert list(told) == ["time", "level", "logger", "message", "error", "trace"]
    assert told["time"].endswith("Z") and told["level"] == "error" and told["error"] == "ValueError"


@pytest.mark.parametrize("form", [AsJson(), AsText()], ids=["json", "text"])
def test_an_exception_that_is_over_can_be_told(form: logging.Formatter) -> None:
    nothing = (None, None, None)
    line = form.format(logging.LogRecord("faust", logging.ERROR, __file__, 1, "over", (), nothing))
    assert "over" in line
