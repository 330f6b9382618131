"""The two pages, out of the package: plain files, no build, nothing from elsewhere.

The content security policy allows scripts and styles of this server only, none inside the page. The token
comes behind the `#` of the link, which browsers send to nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import PurePosixPath

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PAGES = {"/agent": "agent.html", "/floor": "floor.html", "/journey": "journey.html"}


def router(frame_ancestors: Sequence[str] = ()) -> APIRouter:
    """`/agent`, `/floor`, `/journey` and their assets; `frame_ancestors` are the sites that may embed them."""
    pages = APIRouter(include_in_schema=False)
    embedding = " ".join(frame_ancestors) or "'none'"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        f" base-uri 'none'; form-action 'none'; frame-ancestors {embedding}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    content = _content()

    def answer(request: Request, name: str) -> Response:
        body = content.get(name)
        if body is None:
            return Response(status_code=404)
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={**headers, "ETag": tag})
        kind = _TYPES[PurePosixPath(name).suffix]
        return Response(body, media_type=kind, headers={**headers, "ETag": tag})

    def page(path: str, name: str) -> None:
        @pages.get(path)
        async def show(request: Request) -> Response:
            return answer(request, name)

    for path, name in _PAGES.items():
        page(path, name)

    @pages.get("/assets/{name}")
    async def asset(request: Request, name: str) -> Response:
        return answer(request, name)

    @pages.get("/")
    async def start() -> Response:
        return RedirectResponse("/floor", headers=headers)

    return pages


def _content() -> dict[str, bytes]:
    folder = files("cxstream.desk") / "pages"
    return {
        entry.name: entry.read_bytes()
        for entry in folder.iterdir()
        if PurePosixPath(entry.name).suffix in _TYPES
    }
