"""How topics come to be: created where missing, refused where they do not fit, never changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from aiokafka.protocol.metadata import MetadataRequest

from cxstream.engine.reaching import reaching
from cxstream.engine.security import PLAIN_TEXT, Security
from cxstream.engine.topics import TopicSpec
from cxstream.errors import EngineError, TopicMismatch

_SHOWN_WITHIN_S = 30.0


class TopicState(NamedTuple):
    """A topic as the brokers show it; zero partitions and replicas when it does not exist."""

    name: str
    partitions: int
    replication: int
    led: bool

    @property
    def exists(self) -> bool:
        """Whether the brokers know it."""
        return self.partitions > 0


async def list_topics(
    bootstrap_servers: str, specs: Sequence[TopicSpec], *, security: Security = PLAIN_TEXT
) -> list[TopicState]:
    """How each of the topics stands, in the order asked for; creates none. Raises `EngineError`."""
    async with _admin(bootstrap_servers, security) as admin:
        found = await _look(admin, [spec.name for spec in specs], create=False)
    return [found[spec.name] for spec in specs]


async def ensure_topics(
    bootstrap_servers: str,
    specs: Sequence[TopicSpec],
    *,
    partitions: int,
    replication: int,
    embedded: bool,
    security: Security = PLAIN_TEXT,
) -> list[str]:
    """Create the topics that are missing, wait until they can be used, and return their names.

    Existing topics are never changed. On the embedded broker, which knows no CreateTopics, asking for a
    topic makes it. Idempotent, and safe to run in several processes at once.
    Raises `TopicMismatch` with every topic of another partition count (nothing is created then), and
    `EngineError` when no broker answers or it refuses.
    """
    names = [spec.name for spec in specs]
    async with _admin(bootstrap_servers, security) as admin:
        found = await _look(admin, names, create=False)
        _check(found.values(), partitions, embedded=embedded)
        missing = [spec for spec in specs if not found[spec.name].exists]
        if missing and not embedded:
            await _create(admin, missing, partitions, replication)
        try:
            async with asyncio.timeout(_SHOWN_WITHIN_S):
                while not all(state.led for state in found.values()):
                    found = await _look(admin, names, create=embedded)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            unled = ", ".join(state.name for state in found.values() if not state.led)
            raise EngineError(f"topics without a leader: {unled}; are all brokers up?") from None
        _check(found.values(), partitions, embedded=embedded)
    return [spec.name for spec in missing]


async def cluster_id(bootstrap_servers: str, *, security: Security = PLAIN_TEXT) -> str:
    """What the cluster behind these brokers calls itself, for as long as it lives. Raises `EngineError`."""
    async with _admin(bootstrap_servers, security) as admin:
        answer = await admin._send_request(MetadataRequest([], False))
    named = answer.to_object().get("cluster_id")
    if not named:
        raise EngineError(
            f"the brokers at {bootstrap_servers} do not say which cluster they are of"
        )
    return str(named)


@asynccontextmanager
async def _admin(bootstrap_servers: str, security: Security) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap_servers, request_timeout_ms=15_000, **security.for_aiokafka()
    )
    try:
        with reaching(bootstrap_servers):
            await admin.start()
            yield admin
    finally:
        await admin.close()


async def _look(
    admin: AIOKafkaAdminClient, names: Sequence[str], *, create: bool
) -> dict[str, TopicState]:
    """Ask for the topics' metadata; `create` lets a broker that makes topics by itself do so."""
    answer = await admin._send_request(MetadataRequest(list(names), create))
    found = {name: TopicState(name, 0, 0, led=False) for name in names}
    for topic in answer.to_object()["topics"]:
        parts = topic["partitions"]
        if parts and topic["topic"] in found:
            found[topic["topic"]] = TopicState(
                topic["topic"],
                partitions=len(parts),
                replication=max(len(part["replicas"]) for part in parts),
                led=all(part["leader"] >= 0 for part in parts),
            )
    return found


async def _create(
    admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec], partitions: int, replication: int
) -> None:
    if admin._client.cluster.controller is None:
        raise EngineError(
            "the broker cannot create topics; when it is the embedded one, say --embedded or set"
            " CXSTREAM_EMBEDDED=true"
        )
    answer = await admin.create_topics(
        [
            NewTopic(spec.name, partitions, replication, topic_configs=spec.config(replication))
            for spec in specs
        ]
    )
    for name, code, *reason in answer.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            said = reason[0] if reason and reason[0] else for_code(code).__name__
            raise EngineError(f"Kafka would not create {name}: {said}")


def _check(found: Iterable[TopicState], partitions: int, *, embedded: bool) -> None:
    other = [state for state in found if state.exists and state.partitions != partitions]
    if not other:
        return
    shown = ", ".join(f"{state.name} has {state.partitions}" for state in other)
    counts = {state.partitions for state in other}
    if embedded:
        mend = f"the embedded broker always makes {other[0].partitions}: set CXSTREAM_PARTITIONS to that"
    elif len(counts) == 1:
        mend = (
            f"set CXSTREAM_PARTITIONS={counts.pop()} if all topics have that many, or choose another"
            " CXSTREAM_TOPIC_PREFIX and CXSTREAM_APP_ID"
        )
    else:
        mend = "all topics need the same number: choose another CXSTREAM_TOPIC_PREFIX and CXSTREAM_APP_ID"
    raise TopicMismatch(
        f"{partitions} partitions are configured, but {shown}; adding partitions to a topic in use would"
        f" part customers from their state, so: {mend}"
    )
