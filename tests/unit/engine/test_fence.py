"""A produce request asks the lease last of all before the socket, when it is bytes already."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest

from cxstream.engine.lease import LeaseLost
from cxstream.engine.transport import _fenced


class Socket:
    """What reached it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)


class Asked:
    """A lease that is good for so many looks; it counts them."""

    def __init__(self, good_for: int) -> None:
        self.good_for = good_for
        self.times = 0

    def admit(self) -> None:
        self.times += 1
        if self.times > self.good_for:
            raise LeaseLost("others have the partitions")


async def send_through(socket: Socket, request: Any, lease: Asked) -> None:
    """A request through aiokafka's own connection, as far as its socket."""
    connection = AIOKafkaConnection("localhost", 9092)
    connection._writer, connection._versions = socket, {0: (0, 9), 3: (0, 9)}

    async def send(node_id: int, asked: Any) -> object:
        connection.send(asked).close()
        return None

    try:
        await _fenced(send, lease.admit)(0, request)
    finally:
        connection._writer = None


def produced() -> ProduceRequest:
    return ProduceRequest(None, -1, 1000, [("cx.signals", [(0, b"records of a batch")])])


def test_what_is_produced_asks_again_when_it_is_bytes() -> None:
    socket, lease = Socket(), Asked(good_for=2)
    asyncio.run(send_through(socket, produced(), lease))
    (data,) = socket.written
    assert b"records of a batch" in data
    assert lease.times == 2


def test_who_loses_the_lease_while_it_is_put_into_bytes_does_not_reach_the_socket() -> None:
    socket, lease = Socket(), Asked(good_for=1)
    with pytest.raises(LeaseLost):
        asyncio.run(send_through(socket, produced(), lease))
    assert lease.times == 2
    assert not socket.written


def test_what_only_asks_needs_no_lease() -> None:
    socket, lease = Socket(), Asked(good_for=0)
    asyncio.run(send_through(socket, MetadataRequest([]), lease))
    assert len(socket.written) == 1
    assert lease.times == 0
