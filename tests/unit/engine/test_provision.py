"""Topics that nobody leads are told by name: not with a bare TimeoutError, which no command expects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cxstream.engine import provision
from cxstream.engine.provision import TopicState, ensure_topics
from cxstream.engine.topics import Topics
from cxstream.errors import EngineError


def test_topics_without_a_leader_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def admin(*_: Any) -> AsyncIterator[None]:
        yield

    async def look(_: Any, names: Sequence[str], *, create: bool) -> dict[str, TopicState]:
        return {name: TopicState(name, 4, 1, led=name != "cx.signals") for name in names}

    monkeypatch.setattr(provision, "_admin", admin)
    monkeypatch.setattr(provision, "_look", look)
    monkeypatch.setattr(provision, "_SHOWN_WITHIN_S", 0.1)
    making = ensure_topics("h:1", Topics().specs(), partitions=4, replication=1, embedded=False)
    with pytest.raises(EngineError, match=r"topics without a leader: cx\.signals; are all"):
        asyncio.run(making)
