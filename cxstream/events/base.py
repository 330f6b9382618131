"""What all records share: times, ids, who speaks, how settled a text is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated

from msgspec import Meta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_MS = timedelta(milliseconds=1)


def to_ms(when: datetime) -> int:
    """Epoch milliseconds of an aware datetime; below a millisecond is cut off."""
    return (when - EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """The UTC datetime of epoch milliseconds."""
    return EPOCH + ms * _MS


def record_id(prefix: str, *parts: object) -> str:
    """A deterministic id: the same parts give the same id in every process and on every replay."""
    digest = blake2b("\x1f".join(map(str, parts)).encode("utf-8", "replace"), digest_size=12)
    return f"{prefix}_{digest.hexdigest()}"


Id = Annotated[str, Meta(min_length=1, max_length=512)]


Probability = Annotated[float, Meta(ge=0, le=1)]


class Role(StrEnum):
    """Who speaks."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SUPERVISOR = "supervisor"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class RoleSource(StrEnum):
    """How the role is known; rules may refuse to act on a guess (`diarization`, `unknown`)."""

    EXPLICIT = "explicit"
    CHANNEL_MAP = "channel_map"
    LABEL = "label"
    DIARIZATION = "diarization"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """How settled the text of a fragment is; `amended` beats `final` beats `partial`."""

    PARTIAL = "partial"
    FINAL = "final"
    AMENDED = "amended"


STAGE_RANK = {Stage.PARTIAL: 0, Stage.FINAL: 1, Stage.AMENDED: 2}
