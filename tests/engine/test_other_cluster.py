"""A worker that is pointed at another Kafka does not take the old one's state for its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from brokers import Broker

from cxstream import bootstrap
from cxstream.engine.life import Life
from cxstream.errors import StateError
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings
from cxstream.understand.lexicon import LexiconScorer


@pytest.mark.kafka
def test_a_worker_refuses_a_folder_of_another_cluster(
    kafka_broker: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = Settings(
        brokers=kafka_broker.bootstrap_servers,
        topic_prefix=topic_prefix,
        app_id=topic_prefix.rstrip("."),
        data_dir=tmp_path,
    )

    async def prepared() -> Path:
        metrics = Metrics()
        shown = bootstrap.Front(metrics, Life(metrics.phase))
        app = bootstrap.working(settings, shown, LexiconScorer())
        assert app.prepare is not None
        assert app.place is not None
        try:
            await app.prepare()
        finally:
            app.place.held.close()
            app.pool.close()
            app.explainer.close()
        return app.place.folder / "kafka-cluster"

    marked = asyncio.run(prepared())
    assert marked.read_text("utf-8").strip()
    assert asyncio.run(prepared()) == marked, "the same again"
    marked.write_text("another\n", "utf-8")
    with pytest.raises(StateError, match="of the Kafka cluster another"):
        asyncio.run(prepared())
