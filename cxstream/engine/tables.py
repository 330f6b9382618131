"""Which tables a worker keeps, where they lie, and how long a key may be silent before it is seen to."""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import faust

from cxstream.engine.conversation_agent import SILENCE_MS
from cxstream.engine.ledger_agent import FORGOTTEN_AFTER_MS
from cxstream.engine.rocks import Memory, RocksRows
from cxstream.engine.state import MakeRows, StateTable, changelog_name
from cxstream.engine.stores import MemoryRows
from cxstream.settings import Settings


class Tables(NamedTuple):
    """The tables, under the names that their changelogs have."""

    conversations: StateTable
    customers: StateTable
    ledger: StateTable
    learnt: StateTable


TABLES: Final = Tables._fields


def tables(app: faust.App, settings: Settings, window_ms: int) -> Tables:
    """The tables of one worker; decisions wait `window_ms` for their outcomes."""
    store: MakeRows = partial(RocksRows, memory=Memory()) if settings.on_disk else MemoryRows
    silences_ms = (SILENCE_MS, window_ms, FORGOTTEN_AFTER_MS, None)
    return Tables(
        *(
            StateTable(
                app, name, partitions=settings.partitions, store=store, silence_ms=silence_ms
            )
            for name, silence_ms in zip(TABLES, silences_ms, strict=True)
        )
    )


def changelogs(settings: Settings) -> list[str]:
    """The changelog topics that the tables need."""
    return [changelog_name(settings.app_id, name) for name in TABLES]
