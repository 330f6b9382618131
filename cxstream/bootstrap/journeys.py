"""Settings -> the journeys of customers, read back from the topics."""

from __future__ import annotations

from typing import Any

import msgspec

from cxstream.engine.archive import Archive
from cxstream.lessons.journey import Journey, gather, journey
from cxstream.settings import Settings


class Journeys:
    """Finds journeys in the topics of one broker; what the desk's endpoint asks (`desk.journeys`)."""

    def __init__(self, settings: Settings) -> None:
        self._archive = Archive(settings)

    async def find(self, customer_id: str, tenant: str | None = None) -> Journey | None:
        """The journey of a customer, None when the topics hold nothing. Raises `EngineError`."""
        return journey(customer_id, await gather(self._archive, customer_id, tenant))

    async def journey(self, tenant: str, customer_id: str) -> dict[str, Any] | None:
        """The same as plain values, for JSON."""
        found = await self.find(customer_id, tenant)
        return None if found is None else msgspec.to_builtins(found)
