"""Values with places in them, filled from an action and the answers to its calls.

    "{customer_id}"           a field of the action
    "{parameters.amount}"     a parameter that the playbook gave
    "{answer.id}"             a field of the answer, where one is there (in `undo` and `reference`)

A value that is one place alone can be made another type: "{parameters.amount|number}", `integer`, `boolean`.
Nothing is evaluated, and nothing but these places is reachable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from msgspec import Struct

from cxstream.errors import DeliveryError

Scalar = str | int | float | bool | None
Value = Scalar | dict[str, "Value"] | list["Value"]
Facts = Mapping[str, object]

ACTION_FIELDS = frozenset(
    "id action conversation_id customer_id agent_id tenant because event_time".split()
)
_PLACE = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"(parameters|answer)\.[A-Za-z0-9_.-]{1,100}\Z")


def _boolean(text: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[
        text.lower()
    ]


_KINDS: dict[str, Callable[[str], Scalar]] = {
    "": str,
    "number": float,
    "integer": int,
    "boolean": _boolean,
}


class Wording(Struct, frozen=True):
    """A text and its places: pieces of text, and between them (name, kind)."""

    pieces: tuple[str | tuple[str, str], ...]

    @property
    def needs(self) -> frozenset[str]:
        """The names of its places."""
        return frozenset(p[0] for p in self.pieces if isinstance(p, tuple))

    def fill(self, facts: Facts) -> Scalar:
        """The value. Raises `DeliveryError` naming what is missing, or is not what it should be."""
        if len(self.pieces) == 1 and isinstance(self.pieces[0], tuple):
            return _found(facts, *self.pieces[0])
        return "".join(p if isinstance(p, str) else str(_found(facts, *p)) for p in self.pieces)

    def fill_path(self, facts: Facts) -> str:
        """The same for a path: what is filled in cannot leave its place."""
        return "".join(
            p if isinstance(p, str) else _segment(str(_found(facts, *p)), p[0]) for p in self.pieces
        )


Filled = Wording | Scalar | dict[str, "Filled"] | list["Filled"]
"""A body with places in it, as YAML gives it."""


def wording(text: str, *, answers: bool) -> Wording:
    """A text's places; `answers` where an answer is there to read. Raises `ValueError` saying what is wrong."""
    pieces: list[str | tuple[str, str]] = []
    end = 0
    for found in _PLACE.finditer(text):
        if found.start() > end:
            pieces.append(text[end : found.start()])
        name, _, kind = found[1].partition("|")
        if name not in ACTION_FIELDS and not _NAME.match(name):
            known = ", ".join(sorted(ACTION_FIELDS))
            raise ValueError(f"{found[0]} is not known; expected parameters.NAME or one of {known}")
        if name.startswith("answer.") and not answers:
            raise ValueError(f"{found[0]}: there is no answer yet")
        if kind not in _KINDS:
            raise ValueError(f"{found[0]}: expected |number, |integer or |boolean")
        pieces.append((name, kind))
        end = found.end()
    if end < len(text):
        pieces.append(text[end:])
    return Wording(tuple(pieces))


def words_of(value: object, *, answers: bool) -> Filled:
    """A body as YAML gives it with the places in its texts found. Raises `ValueError`."""
    if isinstance(value, str):
        return wording(value, answers=answers)
    if isinstance(value, dict):
        return {str(name): words_of(part, answers=answers) for name, part in value.items()}
    if isinstance(value, list):
        return [words_of(part, answers=answers) for part in value]
    if value is None or isinstance(value, int | float):
        return value
    raise ValueError(f"{value!r} is no text, number, list or mapping")


def fill(value: Filled, facts: Facts) -> Value:
    """A body with its places filled. Raises `DeliveryError`."""
    if isinstance(value, Wording):
        return value.fill(facts)
    if isinstance(value, dict):
        return {name: fill(part, facts) for name, part in value.items()}
    if isinstance(value, list):
        return [fill(part, facts) for part in value]
    return value


def _found(facts: Facts, name: str, kind: str) -> Scalar:
    value: object = facts
    for part in name.split(".") if "." in name else (name,):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None or isinstance(value, Mapping | list):
        raise DeliveryError("missing_value", f"{name} is not there", sure=True)
    if not kind and isinstance(value, int | float | bool):
        return value
    try:
        return _KINDS[kind](str(value))
    except (ValueError, KeyError) as error:
        raise DeliveryError("wrong_value", f"{name} is no {kind}", sure=True) from error


def _segment(text: str, name: str) -> str:
    if text in ("", ".", ".."):
        raise DeliveryError("wrong_value", f"{name} is no part of a path", sure=True)
    return quote(text, safe="")
