"""Topics that lived for one replay, removed afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient

from cxstream.engine.reaching import reaching
from cxstream.engine.topics import Security


async def remove_topics(
    bootstrap_servers: str, names: Sequence[str], group: str, *, security: Security
) -> None:
    """Delete topics and the consumer group that read them; what is not there is no error.

    Raises `EngineError` when no broker answers.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, **security.for_aiokafka())
    try:
        with reaching(bootstrap_servers):
            await admin.start()
            await admin.delete_topics(list(names))
            await admin.delete_consumer_groups([group])
    finally:
        await admin.close()
