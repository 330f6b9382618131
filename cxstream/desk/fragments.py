"""`POST /v1/fragments`: fragments and control events in our own format, one or a batch."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from cxstream.desk.answers import Answers, answered
from cxstream.desk.faults import documented, unreadable
from cxstream.desk.guard import Guard, documented_scheme
from cxstream.desk.intake import Intake
from cxstream.errors import UNREADABLE, RecordError
from cxstream.listen.faults import explain

_REF = "#/components/schemas/{name}"
_TRANSCRIPT: dict[str, Any] = {
    "anyOf": [{"$ref": _REF.format(name=n)} for n in ("Fragment", "Control")]
}
_ANY_ITEM: dict[str, Any] = {"description": "anything else is refused, and its neighbours are not"}
_LIST = {"type": "array", "items": {"anyOf": [_TRANSCRIPT, _ANY_ITEM]}, "minItems": 1}
_BODY = {
    "required": True,
    "description": "one record, or a list of them; the same as a message of cx.transcripts",
    "content": {"application/json": {"schema": {"anyOf": [_TRANSCRIPT, _LIST]}}},
}
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


def router(intake: Intake, guard: Guard) -> APIRouter:
    """The endpoint; accepted means that Kafka has the record."""
    fragments = APIRouter(tags=["ingest"], dependencies=[Depends(documented_scheme)])

    @fragments.post(
        "/v1/fragments",
        status_code=202,
        summary="Send fragments and control events",
        response_model=Answers,
        responses={
            207: {"model": Answers, "description": "some were refused; `items` says which and why"},
            **documented(401, 413, 422, 503),
        },
        openapi_extra={"requestBody": _BODY},
    )
    async def post_fragments(request: Request, response: Response) -> Answers:
        """One record, or a list of them. Send what was refused as `unavailable` again as it was.

        All accepted: 202. Of a list some or all refused: 207, and `items` says which. A single record
        refused, or a body that is no JSON: 422. Kafka takes nothing: 503.
        """
        guard.check(request)
        body = await request.body()
        try:
            values = _values(body)
        except RecordError as error:
            raise unreadable(error) from None
        answers = await intake.take(values, headers=request.headers)
        return answered(answers, response, whole=not _is_list(body))

    return fragments


def _is_list(body: bytes) -> bool:
    return body.lstrip()[:1] == b"["


def _values(body: bytes) -> list[bytes]:
    if not _is_list(body):
        return [body]
    try:
        values = [bytes(raw) for raw in _ARRAY.decode(body)]
    except UNREADABLE as error:
        raise explain(error, body) from None
    if not values:
        raise RecordError("empty", field="$", mend="send at least one record in the list")
    return values
