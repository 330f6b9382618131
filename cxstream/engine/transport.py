"""Faust's connection to Kafka with the one wait shortened that it hard-codes.

Faust asks a broker to hold an empty fetch for 1.5 s. Apache Kafka answers as soon as data comes; the
embedded broker does not, so there every fragment would wait up to 1.5 s.
"""

from __future__ import annotations

from faust.transport.drivers import aiokafka as driver

FETCH_WAIT_MS = 500
FETCH_WAIT_EMBEDDED_MS = 10


class QuickThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Sets the wait on aiokafka's consumer before it starts; it is read there."""

    def _create_worker_consumer(self, transport: driver.Transport) -> object:
        consumer = super()._create_worker_consumer(transport)
        if not hasattr(consumer, "_fetch_max_wait_ms"):
            raise AttributeError("aiokafka has renamed _fetch_max_wait_ms; see engine/transport.py")
        consumer._fetch_max_wait_ms = self.app.fetch_wait_ms
        return consumer


class QuickConsumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer on a `QuickThread`."""

    def _new_consumer_thread(self) -> QuickThread:
        return QuickThread(self, loop=self.loop, beacon=self.beacon)


class QuickTransport(driver.Transport):  # type: ignore[misc]
    """Faust's aiokafka transport on a `QuickConsumer`."""

    Consumer = QuickConsumer
