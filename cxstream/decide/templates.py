"""Sentences with facts in them: `"Anger {utterance.anger|percent}, {conversation.negative_run} in a row"`.

A name between braces is a fact, checked against the vocabulary when the playbook is loaded; after `|` comes
how to write it. `{said}` stands for the words that the rule matched, `{heard}` for those words in quotes and
how they were understood. A missing fact is written "unknown".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from cxstream.decide import vocabulary
from cxstream.decide.reading import Path

TEXT_MAX = 200
_SLOT = re.compile(r"\{([^{}]*)\}")
_OWN: tuple[Path, ...] = (("said",), ("heard",))


class Values(Protocol):
    """Where a text takes its facts from."""

    def value(self, path: Path) -> object:
        """The fact under a path, None when missing."""


class Words(Struct, frozen=True):
    """What started a rule: its words, a half-sentence about them ("said ..."), and all that was said."""

    said: str = ""
    heard: str = ""
    whole: str = ""


class Slot(Struct, frozen=True):
    """A place in a text: the fact, and how to write it."""

    path: Path
    style: str


class Template(Struct, frozen=True):
    """A text with slots; `paths` are the facts it shows."""

    source: str
    parts: tuple[str | Slot, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The facts in the text, in order."""
        return tuple(p.path for p in self.parts if isinstance(p, Slot) and p.path not in _OWN)

    def render(self, values: Values, words: Words) -> str:
        """The text with its facts, and the words that started the rule."""
        return "".join(
            [
                part if isinstance(part, str) else _STYLES[part.style](_fill(part, values, words))
                for part in self.parts
            ]
        )


def _fill(slot: Slot, values: Values, words: Words) -> object:
    if slot.path in _OWN:
        return words.said if slot.path == ("said",) else words.heard
    return values.value(slot.path)


def compile_template(source: str) -> tuple[Template, list[str]]:
    """A text and all that is wrong with it."""
    parts: list[str | Slot] = []
    problems: list[str] = []
    end = 0
    for slot in _SLOT.finditer(source):
        parts.append(source[end : slot.start()])
        name, _, style = (word.strip() for word in slot.group(1).partition("|"))
        path = tuple(name.split("."))
        style = style or "plain"
        if style not in _STYLES:
            known = [word for word in _STYLES if word != "plain"]
            problems.append(
                f"{slot.group()}: {style!r} is no way to write a fact; {vocabulary.suggest(style, known)}"
            )
            style = "plain"
        if path not in _OWN:
            problem = vocabulary.resolve(path)[1]
            if problem is None and not _is_fact(path):
                problem = f"{name!r} is a group of fields; name one of them"
            if problem is not None:
                problems.append(f"{slot.group()}: {problem}")
        parts.append(Slot(path, style))
        end = slot.end()
    parts.append(source[end:])
    if any(isinstance(part, str) and re.search("[{}]", part) for part in parts):
        problems.append("a brace without its partner; facts are written {conversation.level}")
    return Template(source, tuple(part for part in parts if part != "")), problems


def _is_fact(path: Path) -> bool:
    return vocabulary.find(vocabulary.resolve(path)[0]) is not None


def _plain(value: object) -> str:
    if value is None or value == "":
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, list | tuple):
        return ", ".join(_words(member) for member in value) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(name)} {_plain(n)}" for name, n in value.items()) or "none"
    text = str(value)
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"


def _words(value: object) -> str:
    return _plain(value).replace("_", " ")


def _percent(value: object) -> str:
    return f"{value:.0%}" if isinstance(value, int | float) else _plain(value)


def _first(value: object) -> str:
    return _words(value[0] if isinstance(value, list | tuple) and value else None)


def _duration(value: object) -> str:
    if not isinstance(value, int | float):
        return _plain(value)
    seconds = int(value)
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}s"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def _channel(value: object) -> str:
    """A channel as people say it: nobody calls "by voice"."""
    return _CHANNELS.get(str(value)) or _words(value)


_CHANNELS = {"voice": "phone", "sms": "text message", "email": "e-mail"}
_STYLES: dict[str, Callable[[object], str]] = {
    "plain": _plain,
    "words": _words,
    "percent": _percent,
    "first": _first,
    "duration": _duration,
    "channel": _channel,
}
