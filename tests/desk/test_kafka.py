"""The desk in front of brokers: acknowledged means that it can be read there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from aiokafka import AIOKafkaConsumer, TopicPartition
from brokers import Broker
from desk_support import BEARER, TOKEN, serving_app

from cxstream.bootstrap.desk import build_desk
from cxstream.engine.embedded import EmbeddedBroker
from cxstream.engine.topics import Topics
from cxstream.settings import Settings


def settings_of(broker: Broker, prefix: str) -> Settings:
    return Settings(
        brokers=broker.bootstrap_servers,
        embedded=broker.embedded,
        topic_prefix=prefix,
        partitions=4,
        desk_write_timeout_s=30,  # a broker may take long to lead a topic that is new
    )


def record(number: int, conversation: str) -> dict[str, Any]:
    return {
        "schema": "cx.fragment.v1", "conversation_id": conversation, "fragment_id": f"u-{number}",
        "text": f"line {number}, my card is 4111 1111 1111 1111",
    }  # fmt: skip


async def written(broker: Broker, prefix: str) -> list[tuple[bytes, dict[str, Any]]]:
    """Everything in the topic at this moment, each partition in its order."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        topic = Topics(prefix).transcripts
        places = [TopicPartition(topic, n) for n in range(4)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: list[tuple[bytes, dict[str, Any]]] = []
        while sum(ends.values()) > len(found):
            message = await consumer.getone()
            found.append((message.key, json.loads(message.value)))
        return found
    finally:
        await consumer.stop()


def test_what_is_acknowledged_is_there(
    broker: Broker, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXSTREAM_SECRET_INGEST", TOKEN)
    app = build_desk(settings_of(broker, topic_prefix))

    async def send() -> None:
        async with serving_app(app) as url, httpx.AsyncClient(headers=BEARER) as client:
            await _ready(client, url)
            batch = [record(n, f"acme:{n % 3}") for n in range(60)]
            answer = await client.post(f"{url}/v1/fragments", json=batch)
            assert (answer.status_code, answer.json()["accepted"]) == (202, 60)
            assert len(await written(broker, topic_prefix)) == 60
            at = url.replace("http", "ws") + "/v1/fragments"
            async with websockets.connect(at, additional_headers=BEARER) as socket:
                for n in range(60, 160):
                    frame = {"id": str(n), "record": record(n, f"acme:{n % 3}")}
                    await socket.send(json.dumps(frame))
                for n in range(60, 160):
                    assert json.loads(await socket.recv()) == {"id": str(n), "accepted": True}
            found = await written(broker, topic_prefix)
            assert len(found) == 160
            for key, value in found:
                assert key.decode() == value["conversation_id"]
                assert value["text"].endswith("my card is [CARD]")
            for conversation in range(3):  # in order, and each once
                ours = [v["fragment_id"] for k, v in found if k == b"acme:%d" % conversation]
                assert ours == [f"u-{n}" for n in range(160) if n % 3 == conversation]

    asyncio.run(send())


def test_when_the_broker_goes_nothing_is_acknowledged(
    topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXSTREAM_SECRET_INGEST", TOKEN)

    async def send() -> None:
        with EmbeddedBroker() as running:
            broker = Broker(running.bootstrap_servers, embedded=True)
            settings = settings_of(broker, topic_prefix).model_copy(
                update={"desk_write_timeout_s": 1.0}
            )
            async with (
                serving_app(build_desk(settings)) as url,
                httpx.AsyncClient(headers=BEARER, timeout=30) as client,
            ):
                await _ready(client, url)
                running.__exit__(None, None, None)
                answer = await client.post(f"{url}/v1/fragments", json=record(1, "acme:1"))
                assert answer.status_code == 503
                assert answer.json()["reason"] == "unavailable"
                ready = await client.get(f"{url}/readyz")
                assert ready.status_code == 503
                assert ready.json()["waiting_for"] == {"kafka": "no broker answers"}

    asyncio.run(send())


async def _ready(client: httpx.AsyncClient, url: str) -> None:
    """The socket listens before the application has started; the first answer comes after."""
    assert (await client.get(f"{url}/readyz", timeout=60)).status_code == 200


def test_the_command_serves_and_ends_well(embedded_broker: Broker, tmp_path: Path) -> None:
    """As an operator runs it: it says where it listens, and SIGTERM ends it with 0."""
    (tmp_path / "ingest").write_text(TOKEN)
    command = [sys.executable, "-m", "cxstream", "desk", "--port", "0", "--embedded"]
    given = {
        "CXSTREAM_BROKERS": embedded_broker.bootstrap_servers,
        "CXSTREAM_SECRETS_DIR": str(tmp_path),
        "CXSTREAM_TOPIC_PREFIX": "command.",
    }
    with subprocess.Popen(command, env=os.environ | given, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = ""
        while "startup complete" not in said:
            line = process.stderr.readline().decode()
            assert line, said
            said += line
        found = re.search(r"http://\S+", said)
        assert found is not None
        answer = httpx.post(
            f"{found[0]}/v1/fragments", json=record(1, "acme:1"), headers=BEARER, timeout=30
        )
        assert answer.status_code == 202
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read().decode()
        assert process.wait(60) == 0, rest
    assert TOKEN not in said + rest


def test_without_a_token_it_says_what_to_set(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cxstream", "desk", "--port", "0"]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CXSTREAM_SECRET")}
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "CXSTREAM_SECRET_INGEST" in done.stderr
    assert len(done.stderr.splitlines()) == 1
