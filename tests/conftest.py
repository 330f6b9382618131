"""Fixtures that every test may ask for: the two brokers, a topic prefix of one's own, the STAR data."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from brokers import Broker, kafka_cluster, missing, star_dialogues, why_no_kafka

from cxstream.engine.embedded import EmbeddedBroker
from cxstream.errors import ModelError
from cxstream.understand.fused import build


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[Broker]:
    """The embedded broker, one for the whole run."""
    with EmbeddedBroker() as embedded:
        yield Broker(embedded.bootstrap_servers, embedded=True)


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Real Kafka: $CXSTREAM_TEST_BROKERS, else one broker started for the run and stopped by its pid."""
    given = os.environ.get("CXSTREAM_TEST_BROKERS")
    if given:
        yield Broker(given, embedded=False)
        return
    if lacking := why_no_kafka():
        missing("Apache Kafka", f"{lacking}, or set CXSTREAM_TEST_BROKERS=host:port")
    with kafka_cluster().Cluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield Broker(cluster.bootstrap_servers, embedded=False)


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each broker in turn: what runs on one has to run on the other."""
    found: Broker = request.getfixturevalue(f"{request.param}_broker")
    return found


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that no other test uses, so that tests can share a broker."""
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.fixture(scope="session")
def star_data() -> Path:
    """The folder of the STAR dialogues."""
    return star_dialogues()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch calculates as in a worker: on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def fused() -> None:
    """The fused steps, compiled and loaded."""
    try:
        build.compile_library()
    except ModelError as problem:
        missing("a C++ compiler", str(problem))
    if not build.suits():
        missing("AVX2", "run these tests on another processor")
    build.loaded.cache_clear()  # who asked before it was compiled was told that it is not there
    assert build.loaded(), "compiled, but not loaded: see the log"
