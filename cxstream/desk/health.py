"""For operations: does the process live, can it serve, what has it counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Response
from pydantic import BaseModel

from cxstream.desk.ports import Readiness

PROMETHEUS = "text/plain; version=1.0.0; charset=utf-8"


class Health(BaseModel):
    """How it is, and what is in the way of each part that is not ready."""

    status: str
    waiting_for: dict[str, str] = {}


def router(parts: Mapping[str, Readiness], metrics_page: Callable[[], bytes]) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`, open to all: bind them to a network that may see them."""
    health = APIRouter(tags=["operations"])

    @health.get("/healthz", summary="Does the process live")
    async def healthz() -> Health:
        return Health(status="ok")

    @health.get(
        "/readyz",
        summary="Can it serve",
        responses={503: {"model": Health, "description": "not now, and why"}},
    )
    async def readyz(response: Response) -> Health:
        found = {name: await part.trouble() for name, part in parts.items()}
        waiting = {name: trouble for name, trouble in found.items() if trouble}
        if waiting:
            response.status_code = 503
        return Health(status="waiting" if waiting else "ready", waiting_for=waiting)

    @health.get(
        "/metrics",
        summary="Figures for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        return Response(metrics_page(), media_type=PROMETHEUS)

    return health
