"""The OpenAPI document: the framework's own, with the records' schemas as the decoder knows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from cxstream.listen.schema import transcript_schema

RECORDS = ("Fragment", "Control")


def describe(app: FastAPI) -> None:
    """Put the schemas of fragments and control events into the application's OpenAPI document."""
    ours: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = ours()
            document["components"]["schemas"] |= as_taken(record_schemas())
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def record_schemas() -> dict[str, Any]:
    """The schemas of the records and their parts by name, as components of a document."""
    schemas: dict[str, Any] = _moved(transcript_schema()["$defs"])
    return schemas


def as_taken(schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas as wide as the door is: with what `listen.mend` reads without being asked to."""
    schemas["Fragment"]["required"].remove("schema")
    for name in ("Fragment", "Control", "Speaker", "Source", "Redaction"):
        for field, schema in schemas[name]["properties"].items():
            if field not in schemas[name].get("required", ()):
                schemas[name]["properties"][field] = _or_null(schema)
    for field in ("role", "role_source"):
        schemas["Speaker"]["properties"][field] |= {
            "anyOf": [{"type": "string"}, {"type": "null"}],
            "description": "in any case; a word that is none of ours counts as unknown",
        }
    return schemas


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Null where there is a default: it counts as absent."""
    if {"type": "null"} in schema.get("anyOf", ()):
        return schema
    default = {"default": schema["default"]} if "default" in schema else {}
    plain = {name: part for name, part in schema.items() if name != "default"}
    return {"anyOf": [plain, {"type": "null"}], **default}


def _moved(part: Any) -> Any:
    """A schema whose references lead to components."""
    if isinstance(part, dict):
        return {
            name: value.replace("#/$defs/", "#/components/schemas/")
            if name == "$ref"
            else _moved(value)
            for name, value in part.items()
        }
    return [_moved(value) for value in part] if isinstance(part, list) else part
