"""The pieces that the schema of a playbook is made of."""

from __future__ import annotations

from typing import Any

from cxstream.decide import vocabulary

Schema = dict[str, Any]

ID: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"}
CLOCK: Schema = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
PHRASES: Schema = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ]
}


def fields(properties: dict[str, Schema], *required: str) -> Schema:
    """An object with these fields and no others."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": list(required)} if required else {})


def says(description: str, schema: Schema) -> Schema:
    """A schema with what it means."""
    return {"description": description, **schema}


def list_of(items: Schema) -> Schema:
    """A list that is not empty."""
    return {"type": "array", "items": items, "minItems": 1}


def map_of(values: Schema) -> Schema:
    """An object whose names are free."""
    return {"type": "object", "additionalProperties": values}


def one_of(words: tuple[str, ...]) -> Schema:
    """One of a few words."""
    return {"enum": list(words)}


def intent() -> Schema:
    """The name of an intent."""
    return one_of(vocabulary.INTENTS)


def whole(least: int, most: int) -> Schema:
    """A whole number between two bounds."""
    return {"type": "integer", "minimum": least, "maximum": most}


def percent(description: str) -> Schema:
    """Whole percents more, or less below 0."""
    return says(description, whole(-100, 1_000))


def flag(description: str) -> Schema:
    """True or false."""
    return says(description, {"type": "boolean"})


def text(description: str, longest: int = 500) -> Schema:
    """A text that is not empty."""
    return says(description, {"type": "string", "minLength": 1, "maxLength": longest})


def condition(description: str) -> Schema:
    """An expression."""
    return says(f"{description} (CEL)", {"type": ["string", "boolean"], "maxLength": 2_000})
