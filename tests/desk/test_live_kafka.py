"""The live desk on both brokers: topics to streams, answers to topics, decisions to webhooks."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from brokers import Broker
from fastapi import FastAPI, Request, Response
from live_records import escalation, nudge, signal
from live_support import DESK, TOM, events
from msgspec import Struct
from msgspec.structs import replace
from waiting import until_async

from cxstream.bootstrap.desk import build_desk
from cxstream.bootstrap.live import tokens
from cxstream.desk.secrets import Secrets
from cxstream.desk.serve import listen, server_of
from cxstream.events import Nudge, from_ms
from cxstream.settings import Settings

WITHIN_S = 120.0
WEBHOOK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRETS = Secrets(
    environ={
        "CXSTREAM_SECRET_INGEST": "an-ingest-secret-of-the-tests",
        "CXSTREAM_SECRET_DESK": DESK,
        "CXSTREAM_SECRET_CRM": WEBHOOK,
    }
)


def settings_of(broker: Broker, prefix: str, **given: object) -> Settings:
    """Settings of a desk that shares a broker."""
    return Settings(
        brokers=broker.bootstrap_servers,
        embedded=broker.embedded,
        topic_prefix=prefix,
        app_id=prefix.rstrip("."),
        **given,  # type: ignore[arg-type]
    )


@contextlib.asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """An application on a free port."""
    listening = listen("127.0.0.1", 0)
    server: uvicorn.Server = server_of(app, drain_s=1.0)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    await until_async(lambda: server.started or running.done(), "the desk")
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@contextlib.asynccontextmanager
async def writing(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A producer."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.brokers)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def put(producer: AIOKafkaProducer, topic: str, key: str, *records: Struct) -> None:
    """Write records under a key."""
    for record in records:
        await producer.send_and_wait(topic, msgspec.json.encode(record), key=key.encode())


async def read(settings: Settings, topic: str, count: int) -> list[dict[str, object]]:
    """The first records of a topic."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=settings.brokers,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=20,
    )
    await consumer.start()
    try:
        return [json.loads((await consumer.getone()).value) for _ in range(count)]
    finally:
        await consumer.stop()


def lasting() -> Nudge:
    """A nudge that does not expire while the test runs."""
    return replace(nudge(), expires_at=from_ms(4_000_000_000_000))


def test_topics_to_streams_and_answers_to_topics(broker: Broker, topic_prefix: str) -> None:
    settings = settings_of(broker, topic_prefix)
    bearer = {"Authorization": f"Bearer {tokens(settings, SECRETS).issue(TOM)[0]}"}

    async def scene() -> None:
        async with (
            serving(build_desk(settings, SECRETS)) as url,
            httpx.AsyncClient(timeout=WITHIN_S, base_url=url, headers=bearer) as client,
            writing(settings) as producer,
        ):
            async with client.stream("GET", "/v1/nudges/stream") as response:
                stream = events(response)
                assert (await anext(stream)).kind == "hello"
                await put(producer, f"{topic_prefix}signals", "c-1", signal())
                await put(producer, f"{topic_prefix}nudges", "a-1", lasting(), lasting())
                assert (await anext(stream)).data["nudge"]["id"] == "nudge_1"
                for _ in range(2):
                    said = await client.post(
                        "/v1/nudges/nudge_1/answers", json={"kind": "accepted"}
                    )
                    assert said.status_code == 200
                assert (await anext(stream)).data["state"] == "accepted"
            (record,) = await read(settings, f"{topic_prefix}outcomes", 1)
            assert (record["kind"], record["id"]) == ("accepted", said.json()["id"])
            # another process, or this one anew: it knows what is live, and what was said of it
            async with (
                serving(build_desk(settings, SECRETS)) as other,
                client.stream("GET", f"{other}/v1/nudges/stream") as response,
            ):
                (card,) = (await anext(events(response))).data["cards"]
                assert (card["nudge"]["id"], card["state"]) == ("nudge_1", "accepted")

    asyncio.run(asyncio.wait_for(scene(), WITHIN_S))


def test_decisions_reach_webhooks_and_what_does_not_is_a_dead_letter(
    broker: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    took: dict[str, list[str]] = {"crm": [], "gone": []}
    tries: list[str] = []
    crm = FastAPI()

    @crm.post("/{name}")
    async def receive(name: str, request: Request) -> Response:
        message = request.headers["webhook-id"]
        if name == "gone":
            return Response(status_code=410)
        tries.append(message)
        if tries.count(message) == 1:
            return Response(status_code=503)
        took[name].append(message)
        return Response(status_code=204)

    async def scene() -> None:
        async with serving(crm) as url:
            path = tmp_path / "webhooks.yaml"
            entry = "  - {{name: {name}, url: {url}/{name}, secret: crm, records: [nudges, escalations]}}\n"
            path.write_text("webhooks:\n" + "".join(entry.format(name=n, url=url) for n in took))
            settings = settings_of(broker, topic_prefix, webhooks_file=path)
            async with serving(build_desk(settings, SECRETS)), writing(settings) as producer:
                await put(producer, f"{topic_prefix}nudges", "a-1", nudge(1), nudge(2))
                await put(producer, f"{topic_prefix}escalations", "call-1", escalation())
                await until_async(lambda: len(took["crm"]) == 3, "three posts", 300.0)
                letters = await read(settings, f"{topic_prefix}dead-letters", 3)
            assert sorted(took["crm"]) == ["escalation_1", "nudge_1", "nudge_2"]
            assert took["crm"].index("nudge_1") < took["crm"].index("nudge_2")
            assert {letter["reason"] for letter in letters} == {"undelivered"}
            assert {letter["field"] for letter in letters} == {"webhook gone"}
            assert all("410" in str(letter["mend"]) for letter in letters)

    asyncio.run(asyncio.wait_for(scene(), WITHIN_S))
