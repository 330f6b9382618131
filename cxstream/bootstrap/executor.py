"""Settings and the description of the back office -> an executor that runs until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import AsyncExitStack

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from cxstream.bootstrap.topics import prepare_topics
from cxstream.bootstrap.tracing import tracer
from cxstream.desk.secrets import Secrets
from cxstream.engine.executor import Executor
from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.errors import SettingsError
from cxstream.execute.carrying_out import Carrier
from cxstream.execute.configuration import load_plans
from cxstream.execute.http import HttpTransport
from cxstream.execute.plan import Plan
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.executor_metrics import ExecutorMetrics
from cxstream.observe.serving import serve
from cxstream.settings import Settings

_log = logging.getLogger(__name__)


def plans(settings: Settings) -> dict[str, Plan]:
    """The plans of the configured file. Raises `SettingsError` with every problem in it."""
    if settings.executor_config is None:
        raise SettingsError(
            "executor_config (CXSTREAM_EXECUTOR_CONFIG): name the file that describes your back"
            " office, or give it as --config; docs/actions.md shows one"
        )
    return load_plans(
        settings.executor_config,
        secret_of=Secrets(settings.secrets_dir).valid,
        environ=os.environ,
    )


async def execute(settings: Settings, stop: asyncio.Event) -> None:
    """Carry out actions until `stop`, then finish what is in hand.

    Raises `SettingsError` and `EngineError`; a process that ends with one should be started anew: what was
    not committed comes again.
    """
    chosen = plans(settings)
    metrics = ExecutorMetrics()
    await prepare_topics(settings)
    async with AsyncExitStack() as stack:
        secured = Security.of(settings).for_aiokafka()
        producer = AIOKafkaProducer(
            bootstrap_servers=settings.brokers,
            enable_idempotence=True,
            acks="all",
            max_request_size=8_000_000,
            **secured,
        )
        session_ms = round(settings.session_timeout_s * 1000)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.brokers,
            group_id=f"{settings.app_id}-executor",
            group_instance_id=settings.instance_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 5,
            fetch_max_wait_ms=100,
            **secured,
        )
        spans = tracer("cxstream-executor", os.environ)
        if spans is not None:
            stack.callback(spans.close)
        with reaching(settings.brokers):
            await producer.start()
            stack.push_async_callback(producer.stop)
            await consumer.start()
            stack.push_async_callback(consumer.stop)
        transport = await stack.enter_async_context(HttpTransport(metrics))
        port = serve(metrics.registry, settings.metrics_host, settings.metrics_port)
        _log.info("metrics on http://%s:%s/metrics", settings.metrics_host, port)
        executor = Executor(
            consumer,
            producer,
            Topics(settings.topic_prefix),
            Carrier(chosen, transport, lambda: time.time_ns() // 1_000_000),
            redactor=PatternRedactor(),
            observer=metrics,
            most=settings.executor_in_flight,
            held_most=settings.executor_held,
            drain_s=settings.drain_s,
            tracer=spans,
        )
        _log.info("ready: carries out %s", ", ".join(sorted(chosen)))
        with reaching(settings.brokers):
            await executor.run(stop)
