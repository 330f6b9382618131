"""A broker inside this process, so that a demo and a test need no Kafka installed.

It is librdkafka's own protocol-level broker, which comes inside confluent-kafka: real Kafka protocol on
loopback, in memory, on a thread of its own. Other processes may connect.
"""

from __future__ import annotations

from types import TracebackType

from confluent_kafka import KafkaException, Producer

from cxstream.errors import EngineError

PARTITIONS = 4  # fixed inside librdkafka; no setting reaches it
_ANSWER_WITHIN_S = 10.0
_LOG_ERRORS_ONLY = 3  # syslog level; spares the notice that a mock cluster is in use


class EmbeddedBroker:
    """A broker from construction until `close()` (or the end of the `with`), for demos and tests.

    What it is not:

    * durable: everything is in memory, and gone with `close()`;
    * a store: a partition keeps 5 MiB or 100,000 records and then silently drops the oldest, read or
      not, so whoever writes keeps the readers' lag small;
    * configurable: every topic springs up when it is first asked for and has 4 partitions; there is no
      CreateTopics, no retention, no compaction;
    * quick for a reader that waits: a record does not wake a waiting fetch, which is answered when its
      `fetch_max_wait_ms` is over, so readers here set that to a few milliseconds;
    * quick for a group: a member that rejoins waits for about the session timeout;
    * secured: no TLS, no SASL, no access control;
    * a judge of transactions, exactly-once, static membership, or throughput.

    Raises `EngineError` when it does not come up.
    """

    def __init__(self, *, brokers: int = 1) -> None:
        if brokers < 1:
            raise EngineError(f"the embedded broker needs at least one broker, not {brokers}")
        self._client: Producer | None = Producer(
            {"test.mock.num.brokers": brokers, "log_level": _LOG_ERRORS_ONLY}
        )
        try:
            known = self._client.list_topics(timeout=_ANSWER_WITHIN_S).brokers.values()
        except KafkaException as problem:
            self.close()
            raise EngineError(f"the embedded broker did not come up: {problem}") from problem
        self.bootstrap_servers: str = ",".join(f"{broker.host}:{broker.port}" for broker in known)

    def close(self) -> None:
        """Hang up on every client and forget every record; safe to call twice."""
        if self._client is not None:
            self._client.close(0)
            self._client = None  # the broker ends with the client that carries it

    def __enter__(self) -> EmbeddedBroker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
