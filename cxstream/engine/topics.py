"""The topics: their names, and how long each keeps what.

Only `provision` creates topics, so that no typing error does and every topic has the partition count that
the keys were dealt out by. Start-up calls `ensure_topics`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cxstream.errors import SettingsError

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_MIB = 1024 * 1024
FOREVER_MS = -1
"""Kafka's word for a retention without an end."""

_LEGAL = re.compile(r"[A-Za-z0-9._-]*\Z")


class TopicSpec(NamedTuple):
    """How a topic is to be created: compacted (`retention_ms` None), or kept for a time or `FOREVER_MS`."""

    name: str
    retention_ms: int | None
    max_record_bytes: int = _MIB

    @property
    def compacted(self) -> bool:
        """Whether the newest record of each key is kept for ever."""
        return self.retention_ms is None

    def config(self, replication: int) -> dict[str, str]:
        """Kafka's topic settings, as strings."""
        config = {
            "max.message.bytes": str(self.max_record_bytes + 64 * 1024),  # room for key and headers
            # A producer's clock a year ahead is dead-lettered by us, not refused by Kafka.
            "message.timestamp.after.max.ms": str(2**63 - 1),
        }
        if self.retention_ms is None:
            # Small segments: only closed ones are compacted, and recovery reads what is not.
            config |= {
                "cleanup.policy": "compact",
                "segment.bytes": str(64 * _MIB),
                "segment.ms": str(_HOUR_MS),
            }
        else:
            config |= {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}
            if self.retention_ms != FOREVER_MS:
                # A segment goes when its newest record is old: a quarter keeps the promise within 25 %.
                config["segment.ms"] = str(self.retention_ms // 4)
        if replication >= 3:
            config["min.insync.replicas"] = str(replication - 1)
        return config


_SPECS: Mapping[str, TopicSpec] = {
    spec.name: spec
    for spec in (
        # The only topic with what people said before redaction: short.
        TopicSpec("transcripts", _DAY_MS),
        TopicSpec("signals", 7 * _DAY_MS),
        TopicSpec("nudges", 7 * _DAY_MS),
        TopicSpec("actions", 7 * _DAY_MS),
        TopicSpec("escalations", 30 * _DAY_MS),
        TopicSpec("passports", 30 * _DAY_MS),
        TopicSpec("ledger_events", 30 * _DAY_MS),
        # One record an action or promise, all of its history inside.
        TopicSpec("ledger", None),
        TopicSpec("outcomes", 30 * _DAY_MS),
        TopicSpec("approvals", 30 * _DAY_MS),
        # What was chosen among what, and what it earned: long enough to judge a new policy by.
        TopicSpec("decisions", 90 * _DAY_MS),
        TopicSpec("lessons", 90 * _DAY_MS),
        TopicSpec("learnt", None),
        # Links and consents share a key: compaction would let one erase the other.
        TopicSpec("customers", 30 * _DAY_MS),
        TopicSpec("playbooks", None),
        TopicSpec("shadows", 7 * _DAY_MS),
        TopicSpec("summaries", 30 * _DAY_MS),
        # Holds what could not be read, whole, as text inside JSON.
        TopicSpec("dead_letters", 14 * _DAY_MS, max_record_bytes=8 * _MIB),
    )
}


@dataclass(frozen=True)
class Topics:
    """The topics' names on the wire, from their roles and a prefix.

    Raises `SettingsError` for a prefix that Kafka would not take.
    """

    prefix: str = "cx."
    transcripts: str = field(init=False)
    signals: str = field(init=False)
    nudges: str = field(init=False)
    actions: str = field(init=False)
    escalations: str = field(init=False)
    passports: str = field(init=False)
    ledger_events: str = field(init=False)
    ledger: str = field(init=False)
    outcomes: str = field(init=False)
    approvals: str = field(init=False)
    decisions: str = field(init=False)
    lessons: str = field(init=False)
    learnt: str = field(init=False)
    customers: str = field(init=False)
    playbooks: str = field(init=False)
    shadows: str = field(init=False)
    summaries: str = field(init=False)
    dead_letters: str = field(init=False)

    def __post_init__(self) -> None:
        if not _LEGAL.match(self.prefix) or len(self.prefix) > 200:
            raise SettingsError(
                f"topic_prefix {self.prefix!r}: up to 200 letters, digits, '.', '_' and '-'"
            )
        for role in _SPECS:
            object.__setattr__(self, role, self.prefix + role.replace("_", "-"))

    def by_role(self) -> dict[str, str]:
        """The name on the wire of each role (`dead_letters` -> `cx.dead-letters`)."""
        return {role: getattr(self, role) for role in _SPECS}

    def specs(self, changelogs: Iterable[str] = ()) -> list[TopicSpec]:
        """What `ensure_topics` is to make: these topics, and compacted ones of the tables."""
        ours = [_SPECS[role]._replace(name=name) for role, name in self.by_role().items()]
        return ours + [TopicSpec(name, None) for name in changelogs]
