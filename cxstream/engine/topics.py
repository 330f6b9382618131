"""The topics: their names, how long each keeps what, and how they come to be.

Only this module creates topics, so that no typing error does and every topic has the partition count that
the keys were dealt out by. Start-up calls `ensure_topics`.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from aiokafka.protocol.metadata import MetadataRequest

from cxstream.engine.reaching import reaching
from cxstream.errors import EngineError, SettingsError, TopicMismatch
from cxstream.settings import Settings

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_MIB = 1024 * 1024
_SHOWN_WITHIN_S = 30.0
FOREVER_MS = -1
"""Kafka's word for a retention without an end."""

_LEGAL = re.compile(r"[A-Za-z0-9._-]*\Z")


class TopicSpec(NamedTuple):
    """How a topic is to be created: compacted (`retention_ms` None), or kept for a time or `FOREVER_MS`."""

    name: str
    retention_ms: int | None
    max_record_bytes: int = _MIB

    @property
    def compacted(self) -> bool:
        """Whether the newest record of each key is kept for ever."""
        return self.retention_ms is None

    def config(self, replication: int) -> dict[str, str]:
        """Kafka's topic settings, as strings."""
        config = {
            "max.message.bytes": str(self.max_record_bytes + 64 * 1024),  # room for key and headers
            # A producer's clock a year ahead is dead-lettered by us, not refused by Kafka.
            "message.timestamp.after.max.ms": str(2**63 - 1),
        }
        if self.retention_ms is None:
            # Small segments: only closed ones are compacted, and recovery reads what is not.
            config |= {
                "cleanup.policy": "compact",
                "segment.bytes": str(64 * _MIB),
                "segment.ms": str(_HOUR_MS),
            }
        else:
            config |= {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}
            if self.retention_ms != FOREVER_MS:
                # A segment goes when its newest record is old: a quarter keeps the promise within 25 %.
                config["segment.ms"] = str(self.retention_ms // 4)
        if replication >= 3:
            config["min.insync.replicas"] = str(replication - 1)
        return config


_SPECS: Mapping[str, TopicSpec] = {
    spec.name: spec
    for spec in (
        # The only topic with what people said before redaction: short.
        TopicSpec("transcripts", _DAY_MS),
        TopicSpec("signals", 7 * _DAY_MS),
        TopicSpec("nudges", 7 * _DAY_MS),
        TopicSpec("actions", 7 * _DAY_MS),
        TopicSpec("escalations", 30 * _DAY_MS),
        TopicSpec("outcomes", 30 * _DAY_MS),
        TopicSpec("approvals", 30 * _DAY_MS),
        # Links and consents share a key: compaction would let one erase the other.
        TopicSpec("customers", 30 * _DAY_MS),
        TopicSpec("playbooks", None),
        TopicSpec("summaries", 30 * _DAY_MS),
        # Holds what could not be read, whole, as text inside JSON.
        TopicSpec("dead_letters", 14 * _DAY_MS, max_record_bytes=8 * _MIB),
    )
}


@dataclass(frozen=True)
class Topics:
    """The topics' names on the wire, from their roles and a prefix.

    Raises `SettingsError` for a prefix that Kafka would not take.
    """

    prefix: str = "cx."
    transcripts: str = field(init=False)
    signals: str = field(init=False)
    nudges: str = field(init=False)
    actions: str = field(init=False)
    escalations: str = field(init=False)
    outcomes: str = field(init=False)
    approvals: str = field(init=False)
    customers: str = field(init=False)
    playbooks: str = field(init=False)
    summaries: str = field(init=False)
    dead_letters: str = field(init=False)

    def __post_init__(self) -> None:
        if not _LEGAL.match(self.prefix) or len(self.prefix) > 200:
            raise SettingsError(
                f"topic_prefix {self.prefix!r}: up to 200 letters, digits, '.', '_' and '-'"
            )
        for role in _SPECS:
            object.__setattr__(self, role, self.prefix + role.replace("_", "-"))

    def by_role(self) -> dict[str, str]:
        """The name on the wire of each role (`dead_letters` -> `cx.dead-letters`)."""
        return {role: getattr(self, role) for role in _SPECS}

    def specs(self, changelogs: Iterable[str] = ()) -> list[TopicSpec]:
        """What `ensure_topics` is to make: these topics, and compacted ones of the tables."""
        ours = [_SPECS[role]._replace(name=name) for role, name in self.by_role().items()]
        return ours + [TopicSpec(name, None) for name in changelogs]


@dataclass(frozen=True)
class Security:
    """How a client proves itself to the brokers and they to it; the default is plain text."""

    protocol: str = "PLAINTEXT"
    mechanism: str = "PLAIN"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    cafile: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Security:
        """What the settings say."""
        secret = settings.sasl_password
        return cls(
            protocol=settings.security_protocol,
            mechanism=settings.sasl_mechanism,
            username=settings.sasl_username,
            password=secret.get_secret_value() if secret else None,
            cafile=settings.ssl_cafile,
        )

    def for_aiokafka(self) -> dict[str, object]:
        """Keyword arguments that aiokafka's producer, consumer and admin client all take."""
        given: dict[str, object] = {"security_protocol": self.protocol}
        if self.protocol.endswith("SSL"):
            given["ssl_context"] = ssl.create_default_context(cafile=self.cafile)
        if self.protocol.startswith("SASL"):
            given |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return given


PLAIN_TEXT = Security()


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
        async with asyncio.timeout(_SHOWN_WITHIN_S) as patience:
            try:
                while not all(state.led for state in found.values()):
                    found = await _look(admin, names, create=embedded)
                    await asyncio.sleep(0.02)
            except TimeoutError:
                if not patience.expired():
                    raise
                unled = ", ".join(state.name for state in found.values() if not state.led)
                raise EngineError(
                    f"topics without a leader: {unled}; are all brokers up?"
                ) from None
        _check(found.values(), partitions, embedded=embedded)
    return [spec.name for spec in missing]


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
