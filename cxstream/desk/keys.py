"""Public keys of the clouds that sign their tokens, fetched when they are needed and kept for an hour."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

import httpx

from cxstream.errors import EngineError

KEPT_S = 3600
WITHIN_S = 5
SIZE_MAX = 1024 * 1024
"""Bytes of a document of keys; a cloud's has about 5,000."""


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
            async with (
                asyncio.timeout(2 * WITHIN_S),  # the client's own counts from byte to byte
                httpx.AsyncClient(transport=self._transport, timeout=WITHIN_S) as client,
            ):
                found = await self._fetched(client, url)
        except (httpx.HTTPError, TimeoutError) as error:
            if kept is not None:
                return kept[1]
            raise EngineError(f"the keys at {url} can't be fetched") from error
        self._kept[url] = time.monotonic(), found
        return found

    @staticmethod
    async def _fetched(client: httpx.AsyncClient, url: str) -> str:
        heard = b""
        async with client.stream("GET", url) as answer:
            answer.raise_for_status()
            async for part in answer.aiter_bytes():
                heard += part
                if len(heard) > SIZE_MAX:
                    raise httpx.TransportError("longer than any document of keys")
        return heard.decode("utf-8", "replace")
