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
            document["components"]["schemas"] |= record_schemas()
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def record_schemas() -> dict[str, Any]:
    """The schemas of the records and their parts by name, as components of a document."""
    schemas: dict[str, Any] = _moved(transcript_schema()["$defs"])
    return schemas


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
