"""Scores for lines of text, as `cxstream score` reads and writes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import msgspec

from cxstream.errors import UNREADABLE, RecordError
from cxstream.understand.explain import explanations
from cxstream.understand.mood import MoodReader
from cxstream.understand.scorer import Scorer
from cxstream.understand.tenant_reader import TenantReader

_BATCH = 64
_READ = 64 * 1024

Line = tuple[int, str]
"""The number of a line, from 1, and its text without the end of the line."""


def read_batches(fd: int) -> Iterator[list[Line]]:
    """The lines that are there to be read, at most 64 at a time; waits only when there is none.

    So whoever writes one line gets its answer before writing the next, and a long file is scored in large
    batches all the same. Bytes that are no UTF-8 become U+FFFD.
    """
    number, rest = 0, b""
    while True:
        part = os.read(fd, _READ)
        *ended, rest = (rest + part).split(b"\n") if b"\n" in part else (rest + part,)
        if not part and rest:
            ended, rest = [rest], b""
        lines = [line.removesuffix(b"\r").decode("utf-8", "replace") for line in ended]
        for start in range(0, len(lines), _BATCH):
            yield [(number + n, line) for n, line in enumerate(lines[start : start + _BATCH], 1)]
            number += len(lines[start : start + _BATCH])
        if not part:
            return


def score_lines(
    batches: Iterable[list[Line]],
    scorer: Scorer,
    tenant: TenantReader | None = None,
    explainer: Scorer | None = None,
    mood: MoodReader | None = None,
) -> Iterator[str]:
    """One JSON line out for each line in, in order; a line is a text, or a JSON object with a `text`.

    With `tenant` each answer also has its `tenant_intent`. With `explainer` (the scorer, or the one behind it
    that counts) it has `explanations`: signal -> the spans of the text that carried it. With `mood` it has
    `moods`: the probability of each.

    Empty lines are scored too, so that the n-th answer belongs to the n-th line, and so is a line that
    only begins like JSON. Raises `RecordError` naming the line when a JSON object has no text, after the
    answers to all lines before it.
    """
    for batch in batches:
        texts: list[str] = []
        problem: RecordError | None = None
        for number, line in batch:
            try:
                texts.append(_text(number, line))
            except RecordError as error:
                problem = error
                break
        scored = scorer.score(texts)
        answers = [
            {"text": text, **msgspec.to_builtins(scores)}
            for text, scores in zip(texts, scored, strict=True)
        ]
        if tenant is not None:
            for answer, intent in zip(answers, tenant.read(texts), strict=True):
                answer["tenant_intent"] = msgspec.to_builtins(intent)
        if mood is not None:
            for answer, heard in zip(answers, mood.read(texts), strict=True):
                answer["moods"] = heard
        if explainer is not None:
            carried = explanations(explainer, texts, scored)
            for answer, found in zip(answers, carried, strict=True):
                answer["explanations"] = {
                    target: [span._asdict() for span in spans] for target, spans in found.items()
                }
        for answer in answers:
            yield msgspec.json.encode(answer).decode()
        if problem is not None:
            raise problem


def _text(number: int, line: str) -> str:
    if not line.lstrip().startswith("{"):
        return line
    try:
        found = msgspec.json.decode(line)
    except UNREADABLE:
        return line  # a text may well start with a brace
    text = found.get("text")
    if not isinstance(text, str):
        raise RecordError(
            "missing_field",
            field=f"line {number}: text",
            mend='expected a string in it: {"text": "..."}; or send plain text',
        )
    return text
