"""Topics that lived for one replay, removed afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupIdNotFound, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.admin import DeleteGroupsRequest

from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.errors import EngineError


async def remove_topics(
    bootstrap_servers: str, names: Sequence[str], group: str, *, security: Security
) -> None:
    """Delete topics and the consumer group that read them; what is not there is no error.

    The group's members have to be gone. Raises `EngineError` when no broker answers, or it refuses.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, **security.for_aiokafka())
    try:
        with reaching(bootstrap_servers):
            await admin.start()
            deleted = await admin.delete_topics(list(names))
            _check("the topic", deleted.topic_error_codes, UnknownTopicOrPartitionError.errno)
            coordinator = await admin.find_coordinator(group)
            # aiokafka has the request, but no method for it
            left = await admin._send_request(DeleteGroupsRequest([group]), coordinator)
            _check("the group", left.results, GroupIdNotFound.errno)
    finally:
        await admin.close()


def _check(what: str, results: Sequence[tuple[str, int]], not_there: int) -> None:
    for name, code in results:
        if code not in (0, not_there):
            raise EngineError(f"Kafka would not remove {what} {name}: {for_code(code).__name__}")
