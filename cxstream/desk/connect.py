"""`POST` and `WS /v1/connect/{endpoint}`: what vendors push, in their own formats.

First the proof, over the bytes as they came; then the payload is read, and goes the same way in as
everything. Over HTTP a delivery that Kafka has not taken is answered 503, so that the vendor sends it
again. A vendor's socket can't be answered: each message is with Kafka before the next is read, and one that
can't be read is counted.
"""

from __future__ import annotations

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from msgspec.structs import replace

from cxstream.connectors.connector import Connector
from cxstream.connectors.session import Payload
from cxstream.connectors.shaped import form_body, json_body
from cxstream.desk.answers import Answers, answered
from cxstream.desk.faults import Refusal, documented, unreadable
from cxstream.desk.gate import Gate
from cxstream.desk.intake import UNAVAILABLE, Intake
from cxstream.desk.stream import deny, received
from cxstream.errors import RecordError

_log = logging.getLogger(__name__)
_TRY_AGAIN = 1013
_ANY: dict[str, Any] = {
    "required": True,
    "description": "as the vendor sends it",
    "content": {
        "application/json": {"schema": {"type": "object"}},
        "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        "message/rfc822": {"schema": {"type": "string"}},
    },
}
_QUERY = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": said,
        "schema": {"type": "string"},
    }
    for name, said in (
        ("conversation_id", "which conversation it is, where the vendor does not say"),
        ("customer_id", "who the customer is, as your CRM knows them"),
        ("agent_id", "whose desktop gets the nudges"),
        ("queue", "the queue"),
        ("channel", "the channel, where it is not the usual one of this vendor"),
        ("language", "BCP 47, where the vendor does not say"),
        ("started", "RFC 3339: when the call's audio began, for vendors that count from there"),
        ("roles", "track:role, comma separated, such as inbound_track:customer"),
    )
]
_Name = Annotated[str, Path(description="a connector's name, or one of your connectors file")]


def router(intake: Intake, gate: Gate) -> APIRouter:
    """Both endpoints; which proof is asked for is the connector's."""
    connect = APIRouter(tags=["vendors"])

    @connect.post(
        "/v1/connect/{endpoint}",
        status_code=202,
        summary="What a vendor pushes",
        response_model=Answers,
        responses={
            207: {"model": Answers, "description": "some records were refused; `items` says why"},
            **documented(401, 404, 413, 422, 503),
        },
        openapi_extra={"requestBody": _ANY, "parameters": _QUERY},
    )
    async def delivered(endpoint: _Name, request: Request, response: Response) -> Any:
        """A payload in the vendor's own format; docs/connectors.md lists the vendors."""
        place = gate.endpoint(endpoint)
        try:
            body = await request.body()
            mark = await gate.prove(place, request, body)
            session = gate.session(place, request)
            try:
                payload = _payload(place.connector, body)
                records = place.connector.records(
                    payload, place.connector.remember(session, payload)
                )
            except RecordError as error:
                intake.observer.received(place.name, error.reason)
                raise unreadable(error) from None
            answers = await intake.take_records(records, place.name, request.headers)
            result = answered(answers, response, whole=True)
        except Refusal as refused:
            intake.observer.rejected(place.name, refused.status_code)
            raise
        if not any(answer.reason == UNAVAILABLE for answer in answers):
            gate.accepted(place, mark)
        reply = place.connector.reply(payload)
        return result if reply is None else JSONResponse(dict(reply), 200)

    @connect.head("/v1/connect/{endpoint}", include_in_schema=False)
    async def there(endpoint: str) -> Response:
        """Some vendors look before they send."""
        gate.endpoint(endpoint)
        return Response()

    @connect.websocket("/v1/connect/{endpoint}")
    async def opened(socket: WebSocket, endpoint: str) -> None:
        try:
            place = gate.endpoint(endpoint)
            await gate.prove(place, socket, b"")
            session = gate.session(place, socket)
        except Refusal as refused:
            intake.observer.rejected(
                endpoint if refused.status_code != 404 else "", refused.status_code
            )
            await deny(socket, refused)
            return
        await socket.accept()
        if session.started_ms is None:  # these sockets carry live audio's words: near enough
            session = replace(session, started_ms=gate.clock_ms())
        intake.observer.sockets(1)
        try:
            while True:
                value = await received(socket)
                try:
                    payload = json_body(value)
                    session = place.connector.remember(session, payload)
                    records = place.connector.records(payload, session)
                except RecordError as error:
                    intake.observer.received(place.name, error.reason)
                    _log.warning("%s: a message can't be read: %s", place.name, error)
                    continue
                answers = await intake.take_records(records, place.name)
                if any(answer.reason == UNAVAILABLE for answer in answers):
                    await socket.close(_TRY_AGAIN, "Kafka does not take records now")
                    return
        except WebSocketDisconnect:
            pass
        finally:
            intake.observer.sockets(-1)

    return connect


def _payload(connector: Connector, body: bytes) -> Payload:
    if connector.body == "mime":
        return {"raw": body}
    return form_body(body) if connector.body == "form" else json_body(body)
