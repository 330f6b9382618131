"""What could not be read."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class DeadLetter(
    Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.dead-letter.v1"
):
    """What could not be read, whole, with the reason and the place it came from. Key: the source key.

    `value` is the record's bytes: as text where they are UTF-8, else in base64 with `encoding` saying so.
    `masked`: personal data in it was replaced by masks, as in any text.
    """

    id: str
    reason: str
    field: str
    mend: str
    topic: str
    partition: int
    offset: int
    value: str
    encoding: Literal["utf-8", "base64"] = "utf-8"
    key: str | None = None
    masked: bool = False
