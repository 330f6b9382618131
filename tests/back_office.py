"""A back office that answers as told, on a real socket: each request takes the next answer of the script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

BROKEN_OFF = -1
SILENT = 0


class Said(NamedTuple):
    """One request as it came in; header names are lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


class BackOffice:
    """Where it listens, and what it was asked."""

    def __init__(self, script: Iterable[int], headers: dict[str, str], body: bytes) -> None:
        self.asked: list[Said] = []
        self.port = 0
        self._script = iter(script)
        self._headers = headers
        self._body = body

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := (await reader.readline()).decode().strip():
                headers: dict[str, str] = {}
                while header := (await reader.readline()).decode().strip():
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.asked.append(Said(line, headers, body))
                status = next(self._script)
                if status == BROKEN_OFF:
                    return
                if status == SILENT:
                    await reader.read()
                    return
                sent = {**self._headers, "content-length": str(len(self._body))}
                lines = [f"HTTP/1.1 {status} said", *(f"{n}: {v}" for n, v in sent.items()), "", ""]
                writer.write("\r\n".join(lines).encode() + self._body)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def back_office(
    *script: int, headers: dict[str, str] | None = None, body: bytes = b"{}"
) -> AsyncIterator[BackOffice]:
    """A back office on a free port of the loopback."""
    office = BackOffice(script, headers or {}, body)
    server = await asyncio.start_server(office.serve, "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    async with server:
        yield office
