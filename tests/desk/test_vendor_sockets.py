"""Vendors that open a socket: what the first message says holds for the later ones."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
import websockets
from desk_support import Desk, serving
from proving import AUDIENCE, headers, secret_of
from samples import SAMPLES
from test_connectors import said
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cxstream.connectors import registry

TALKING = ("azure", "assemblyai", "deepgram")


def desk_of(name: str, folder: Path) -> Desk:
    (folder / name).write_text(secret_of(registry.connector(name), "one") + "\n")
    setups = folder / "connectors.toml"
    setups.write_text(f'[{name}]\naudience = "{AUDIENCE}"\n')
    return Desk(folder=folder, connectors=setups)


async def talk(desk: Desk, name: str, secret: str = "one", closes: bool = True) -> None:
    """Send the sample without telling which conversation it is, and wait until it is through."""
    sample = SAMPLES[name]
    query = "&".join(p for p in sample.query.lstrip("?").split("&") if "conversation_id" not in p)
    given = headers(registry.connector(name), secret, "", b"", 0)
    async with serving(desk) as url:
        at = f"{url.replace('http', 'ws')}/v1/connect/{name}?{query}"
        async with websockets.connect(at, additional_headers=given) as socket:
            with contextlib.suppress(ConnectionClosed):
                for body in sample.bodies:
                    await socket.send(body.decode())
                    await socket.send("rubbish")
            if not closes:
                await socket.recv()


@pytest.mark.parametrize("name", TALKING)
def test_a_conversation_comes_in(name: str, tmp_path: Path) -> None:
    desk = desk_of(name, tmp_path)
    asyncio.run(talk(desk, name))
    assert said(desk.written.records) == SAMPLES[name].said
    assert {record.source.connector for record in desk.written.records} == {name}
    unread = f'cxstream_desk_records_total{{connector="{name}",outcome="not_json"}}'
    assert f"{unread} {len(SAMPLES[name].bodies)}.0" in desk.metrics.page().decode()


@pytest.mark.parametrize("name", TALKING)
def test_who_does_not_prove_itself_is_refused_at_the_upgrade(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(talk(desk_of(name, tmp_path), name, secret="two"))
    assert refused.value.response.status_code == 401


def test_without_kafka_the_vendor_is_told_to_come_back(tmp_path: Path) -> None:
    desk = desk_of("azure", tmp_path)
    desk.written.refuses = True
    with pytest.raises(ConnectionClosed) as closed:
        asyncio.run(talk(desk, "azure", closes=False))
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
