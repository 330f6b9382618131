"""What a refused request is told: a status, and in the body the reason, the field and the mend."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException
from pydantic import BaseModel, Field

from cxstream.errors import RecordError


class Fault(BaseModel):
    """Why something was refused, and how to mend it. Never repeats what was sent."""

    reason: str = Field(description="a word for programs, out of a bounded vocabulary")
    field: str = Field(description="the JSON path, header or parameter at fault")
    mend: str = Field(description="what to do about it")


class Refusal(HTTPException):
    """A refused request; its answer is a `Fault`."""

    def __init__(
        self, status: int, reason: str, field: str, mend: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, detail=Fault(reason=reason, field=field, mend=mend).model_dump())
        if headers:
            self.headers = headers


def unauthorised(field: str, mend: str) -> Refusal:
    """401: who this is did not become clear."""
    return Refusal(401, "unauthorised", field, mend, {"WWW-Authenticate": "Bearer"})


def unreadable(error: RecordError) -> Refusal:
    """422: the request can be read by nobody as it is."""
    return Refusal(422, error.reason, error.field, error.mend)


def unavailable(mend: str = "send it again in a moment; nothing of it was taken") -> Refusal:
    """503: Kafka does not take records now."""
    return Refusal(503, "unavailable", "$", mend, {"Retry-After": "2"})


_SAID = {
    400: "the body cannot be parsed",
    401: "who sends this did not become clear",
    403: "it is clear who asks, and they may not",
    404: "there is no such place",
    413: "the body is too large",
    422: "it could not be read; `field` and `mend` say why",
    503: "Kafka does not take records now; send it again",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an operation, for its OpenAPI document."""
    return {status: {"model": Fault, "description": _SAID[status]} for status in statuses}
