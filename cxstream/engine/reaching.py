"""What Kafka's client says when brokers cannot be reached or refuse, as one line that a person can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaConnectionError, KafkaError

from cxstream.errors import EngineError


@contextmanager
def reaching(bootstrap_servers: str) -> Iterator[None]:
    """Turns the client's errors into `EngineError`, which names the brokers and what to do."""
    try:
        yield
    except KafkaConnectionError as problem:
        raise EngineError(
            f"no Kafka broker answers at {bootstrap_servers}: give --brokers host:port or set"
            " CXSTREAM_BROKERS; `cxstream broker` starts one for a trial"
        ) from problem
    except KafkaError as problem:
        raise EngineError(f"Kafka at {bootstrap_servers}: {problem}") from problem
