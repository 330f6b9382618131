"""Scores for lines of text, as `cxstream score` reads and writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from cxstream.errors import RecordError
from cxstream.understand.scorer import Scorer

_BATCH = 64


def score_lines(lines: Iterable[str], scorer: Scorer) -> Iterator[str]:
    """One JSON line out for each line in, in order; a line is a text, or a JSON object with a `text`.

    Raises `RecordError` naming the line when a JSON object has no text. Empty lines are scored too, so that
    the n-th answer belongs to the n-th line.
    """
    numbered = enumerate((line.rstrip("\r\n") for line in lines), start=1)
    while batch := list(islice(numbered, _BATCH)):
        texts = [_text(number, line) for number, line in batch]
        for text, scores in zip(texts, scorer.score(texts), strict=True):
            answer = {"text": text, **msgspec.to_builtins(scores)}
            yield msgspec.json.encode(answer).decode()


def _text(number: int, line: str) -> str:
    if not line.startswith("{"):
        return line
    try:
        found = msgspec.json.decode(line.encode("utf-8", "replace"))
    except msgspec.DecodeError:
        return line  # a text may well start with a brace
    text = found.get("text")
    if not isinstance(text, str):
        raise RecordError(
            "missing_field", field=f"line {number}: text", mend='send {"text": "..."} or plain text'
        )
    return text
