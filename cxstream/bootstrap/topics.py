"""Settings -> the topics on the broker."""

from __future__ import annotations

from cxstream.engine import temporary
from cxstream.engine.provision import TopicState, cluster_id, ensure_topics, list_topics
from cxstream.engine.security import Security
from cxstream.engine.tables import changelogs
from cxstream.engine.topics import FOREVER_MS, Topics, TopicSpec
from cxstream.settings import Settings


async def prepare_topics(settings: Settings, *, forever: bool = False) -> None:
    """Create the topics that are missing. Raises `TopicMismatch` when some do not fit.

    Retention counts from a record's own time. `forever` is for topics that get recorded conversations
    under the time at which they happened, where it would take what has just been written.
    """
    specs = _specs(settings)
    if forever:
        specs = [s if s.compacted else s._replace(retention_ms=FOREVER_MS) for s in specs]
    await ensure_topics(
        settings.brokers,
        specs,
        partitions=settings.partitions,
        replication=settings.replication,
        embedded=settings.embedded,
        security=Security.of(settings),
    )


async def which_cluster(settings: Settings) -> str:
    """The id of the cluster that the settings name. Raises `EngineError`."""
    return await cluster_id(settings.brokers, security=Security.of(settings))


async def topics_there(settings: Settings) -> list[TopicState]:
    """Every topic of cxstream, there or missing."""
    return await list_topics(settings.brokers, _specs(settings), security=Security.of(settings))


async def remove_topics(settings: Settings) -> None:
    """Remove the topics and the group of a run that had its own."""
    names = [spec.name for spec in _specs(settings)]
    await temporary.remove_topics(
        settings.brokers, names, settings.app_id, security=Security.of(settings)
    )


def _specs(settings: Settings) -> list[TopicSpec]:
    return Topics(settings.topic_prefix).specs(changelogs(settings))
