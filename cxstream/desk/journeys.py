"""What a supervisor asks for now and then: the trend of the last hour, and the journey of a customer."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from cxstream.desk.doors import Doors
from cxstream.desk.faults import documented, unavailable
from cxstream.desk.live import not_there
from cxstream.desk.newsroom import Newsroom
from cxstream.desk.tokens import ALL_QUEUES
from cxstream.errors import EngineError

_JSON = "application/json"


class Journeys(Protocol):
    """Finds the journey of a customer: what was heard, understood, decided, done, and what came of it."""

    async def journey(self, tenant: str, customer_id: str) -> dict[str, Any] | None:
        """JSON-ready, in order of time; None for a customer of whom nothing is known.

        Raises `EngineError` when it cannot be read now.
        """


def router(newsroom: Newsroom, doors: Doors, journeys: Journeys | None) -> APIRouter:
    """`GET /v1/floor/trend`, and `GET /v1/customers/{id}/journey` where journeys are kept."""
    asked = APIRouter(tags=["live"])

    @asked.get(
        "/v1/floor/trend",
        summary="The last hour of your queues, a minute at a time",
        responses=documented(401, 403),
    )
    async def trend(request: Request) -> Response:
        viewer = doors.supervisor(request)
        queues = None if ALL_QUEUES in viewer.queues else viewer.queues
        minutes = newsroom.floor.hour.view(viewer.tenant, queues, newsroom.clock_ms())
        return Response(msgspec.json.encode(minutes), media_type=_JSON)

    if journeys is not None:

        @asked.get(
            "/v1/customers/{customer_id}/journey",
            summary="A customer's journey: heard, understood, decided, done, and what came of it",
            responses=documented(401, 403, 404, 422, 503),
        )
        async def journey(
            request: Request, customer_id: Annotated[str, Path(max_length=512)]
        ) -> Response:
            viewer = doors.supervisor(request)
            if not newsroom.floor.may_see_customer(viewer, customer_id):
                raise not_there("customer_id")
            try:
                found = await journeys.journey(viewer.tenant, customer_id)
            except EngineError as error:
                raise unavailable("ask again in a moment") from error
            if found is None:
                raise not_there("customer_id")
            return Response(msgspec.json.encode(found), media_type=_JSON)

    return asked
