"""The application, put together from routers and services that are given to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from cxstream.desk.document import describe
from cxstream.desk.faults import Fault, Refusal
from cxstream.desk.limits import BodyLimit
from cxstream.desk.ports import Service

DESCRIPTION = """
Telephony pushes transcripts in; desktops, supervisors and CRMs get what follows from them.
Every refusal has a `reason` for programs, the `field` at fault, and in `mend` what to do about it.
"""


def build_app(
    *,
    routers: Sequence[APIRouter],
    services: Sequence[Service] = (),
    closing: Sequence[Callable[[], None]] = (),
    body_max_bytes: int,
) -> FastAPI:
    """An ASGI application; services start in their order and stop in the reverse one.

    `closing` is called when the server is about to stop, before it waits for requests in hand: live streams
    would never end by themselves.
    """

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for service in services:
                await service.start()
                stack.push_async_callback(service.stop)
            yield

    app = FastAPI(title="cxstream desk", description=DESCRIPTION, version="1", lifespan=running)
    app.state.closing = tuple(closing)
    app.add_middleware(BodyLimit, most_bytes=body_max_bytes)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    for router in routers:
        app.include_router(router)
    describe(app)
    return app


async def _malformed(_: Request, error: Exception) -> JSONResponse:
    """What the framework found wrong with a request: in our words, and without what was sent."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    reason = "missing_field" if first["type"] == "missing" else "bad_value"
    field = ".".join(str(part) for part in first["loc"])
    return JSONResponse(Fault(reason=reason, field=field, mend=first["msg"]).model_dump(), 422)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    """Every refusal in one shape, the framework's own (no such place, wrong method) included."""
    assert isinstance(error, HTTPException)
    said: object = error.detail
    if not isinstance(error, Refusal):
        reason = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "refused")
        mend = f"{error.detail}; /docs lists what is there"
        said = Fault(reason=reason, field="request", mend=mend).model_dump()
    return JSONResponse(said, error.status_code, headers=dict(error.headers or {}))
