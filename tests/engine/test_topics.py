"""Topics: names, settings, creation on both brokers, and the refusal of the wrong partition count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from brokers import Broker

from cxstream.engine.provision import ensure_topics, list_topics
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics, TopicSpec
from cxstream.errors import EngineError, SettingsError, TopicMismatch
from cxstream.settings import Settings

HOUR_MS = 3_600_000
Make = Callable[..., list[str]]


@pytest.fixture
def make(broker: Broker) -> Make:
    """`ensure_topics` on the broker under test; returns the names that were created."""

    def run(specs: list[TopicSpec], partitions: int = 4, replication: int = 1) -> list[str]:
        return asyncio.run(
            ensure_topics(
                broker.bootstrap_servers,
                specs,
                partitions=partitions,
                replication=replication,
                embedded=broker.embedded,
            )
        )

    return run


def test_names_on_the_wire() -> None:
    topics = Topics("eu.")
    assert topics.transcripts == "eu.transcripts"
    assert topics.dead_letters == "eu.dead-letters"
    assert topics.by_role()["dead_letters"] == "eu.dead-letters"
    assert Topics().signals == "cx.signals"


@pytest.mark.parametrize("prefix", ["a b", "kö.", "a/b", "x" * 201, "a\n"])
def test_a_prefix_that_kafka_would_refuse(prefix: str) -> None:
    with pytest.raises(SettingsError, match="topic_prefix"):
        Topics(prefix)


def test_only_state_and_playbooks_are_compacted() -> None:
    specs = {spec.name: spec for spec in Topics().specs(["app-customers-changelog"])}
    compacted = {name for name, spec in specs.items() if spec.compacted}
    assert compacted == {"cx.playbooks", "cx.ledger", "cx.learnt", "app-customers-changelog"}
    assert specs["cx.transcripts"].config(1)["retention.ms"] == str(24 * HOUR_MS)
    assert "retention.ms" not in specs["cx.playbooks"].config(1)


@pytest.mark.parametrize(("replication", "insync"), [(1, None), (2, None), (3, "2")])
def test_three_replicas_must_agree_by_two(replication: int, insync: str | None) -> None:
    assert TopicSpec("t", HOUR_MS).config(replication).get("min.insync.replicas") == insync


def test_missing_topics_are_made_once(make: Make, broker: Broker, topic_prefix: str) -> None:
    specs = Topics(topic_prefix).specs([f"{topic_prefix}app-customers-changelog"])
    assert make(specs) == [spec.name for spec in specs]
    assert make(specs) == []
    states = asyncio.run(list_topics(broker.bootstrap_servers, specs))
    assert [state.name for state in states] == [spec.name for spec in specs]
    assert {(state.partitions, state.led) for state in states} == {(4, True)}


def test_list_says_what_does_not_exist(broker: Broker, topic_prefix: str) -> None:
    [state] = asyncio.run(
        list_topics(broker.bootstrap_servers, [TopicSpec(f"{topic_prefix}x", HOUR_MS)])
    )
    assert (state.exists, state.partitions) == (False, 0)


def test_two_processes_may_start_at_once(broker: Broker, topic_prefix: str) -> None:
    specs = Topics(topic_prefix).specs()

    async def both() -> None:
        await asyncio.gather(
            *(
                ensure_topics(
                    broker.bootstrap_servers,
                    specs,
                    partitions=4,
                    replication=1,
                    embedded=broker.embedded,
                )
                for _ in range(3)
            )
        )

    asyncio.run(both())


def test_every_topic_of_another_count_is_named(make: Make, topic_prefix: str) -> None:
    old = [TopicSpec(f"{topic_prefix}a", HOUR_MS), TopicSpec(f"{topic_prefix}b", None)]
    make(old)
    with pytest.raises(TopicMismatch) as caught:
        make([*old, TopicSpec(f"{topic_prefix}c", HOUR_MS)], partitions=6)
    said = str(caught.value)
    assert f"{topic_prefix}a has 4, {topic_prefix}b has 4" in said
    assert "CXSTREAM_PARTITIONS" in said
    assert f"{topic_prefix}c" not in said


def test_a_mismatch_creates_nothing(make: Make, broker: Broker, topic_prefix: str) -> None:
    old, new = TopicSpec(f"{topic_prefix}a", HOUR_MS), TopicSpec(f"{topic_prefix}new", HOUR_MS)
    make([old])
    with pytest.raises(TopicMismatch):
        make([old, new], partitions=6)
    [state] = asyncio.run(list_topics(broker.bootstrap_servers, [new]))
    assert not state.exists


def test_the_embedded_broker_cannot_be_asked_for_another_count(
    embedded_broker: Broker, topic_prefix: str
) -> None:
    with pytest.raises(TopicMismatch, match="always makes 4"):
        asyncio.run(
            ensure_topics(
                embedded_broker.bootstrap_servers,
                [TopicSpec(f"{topic_prefix}a", HOUR_MS)],
                partitions=6,
                replication=1,
                embedded=True,
            )
        )


def test_more_replicas_than_brokers_is_said(kafka_broker: Broker, topic_prefix: str) -> None:
    with pytest.raises(EngineError, match=r"would not create .*a:.*[Rr]eplication factor"):
        asyncio.run(
            ensure_topics(
                kafka_broker.bootstrap_servers,
                [TopicSpec(f"{topic_prefix}a", HOUR_MS)],
                partitions=1,
                replication=30,
                embedded=False,
            )
        )


def test_kafka_keeps_the_settings(kafka_broker: Broker, topic_prefix: str) -> None:
    specs = Topics(topic_prefix).specs([f"{topic_prefix}changelog"])
    where = kafka_broker.bootstrap_servers

    async def kept() -> dict[str, dict[str, str]]:
        await ensure_topics(where, specs, partitions=2, replication=1, embedded=False)
        admin = AIOKafkaAdminClient(bootstrap_servers=where)
        await admin.start()
        try:
            asked = [ConfigResource(ConfigResourceType.TOPIC, spec.name) for spec in specs]
            [answer] = await admin.describe_configs(asked)
        finally:
            await admin.close()
        return {
            resource[3]: {entry[0]: entry[1] for entry in resource[4]}
            for resource in answer.resources
        }

    found = asyncio.run(kept())
    for spec in specs:
        assert spec.config(1).items() <= found[spec.name].items()


def test_no_broker_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:1"):
        asyncio.run(list_topics("127.0.0.1:1", [TopicSpec("x", HOUR_MS)]))


def test_security_comes_from_the_settings_and_hides_the_password() -> None:
    settings = Settings(
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="cx",
        sasl_password="hunter2",
    )
    security = Security.of(settings)
    assert "hunter2" not in repr(security)
    given = security.for_aiokafka()
    assert given["sasl_plain_password"] == "hunter2"
    assert given["sasl_mechanism"] == "SCRAM-SHA-512"
    assert "ssl_context" in given
    assert Security().for_aiokafka() == {"security_protocol": "PLAINTEXT"}
