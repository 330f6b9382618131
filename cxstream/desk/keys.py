"""Public keys of the clouds that sign their tokens, fetched when they are needed and kept for an hour."""

from __future__ import annotations

import time
from typing import Protocol

import httpx

from cxstream.errors import EngineError

KEPT_S = 3600


class Keys(Protocol):
    """Where public keys come from."""

    async def at(self, url: str) -> str:
        """The JWKS document there. Raises `EngineError` when it can't be had."""


class FetchedKeys:
    """Keys by HTTPS; while a fetch fails, the ones fetched before still hold."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._kept: dict[str, tuple[float, str]] = {}

    async def at(self, url: str) -> str:
        """See `Keys`."""
        kept = self._kept.get(url)
        if kept is not None and time.monotonic() - kept[0] < KEPT_S:
            return kept[1]
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=5) as client:
                answer = (await client.get(url)).raise_for_status()
        except httpx.HTTPError as error:
            if kept is not None:
                return kept[1]
            raise EngineError(f"the keys at {url} can't be fetched") from error
        self._kept[url] = time.monotonic(), answer.text
        return answer.text
