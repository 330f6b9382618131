"""A glance at a record of `cx.transcripts`, for a worker that has no time to read it."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from cxstream.listen.decode import MAX_BYTES


class _Seen(Struct):
    schema: str = ""
    stage: str = ""
    clears: object = None


_DECODER = msgspec.json.Decoder(_Seen)


def is_partial(value: bytes | None) -> bool:
    """Whether this is a partial, and no more, in about a microsecond.

    What is in doubt is none (another spelling, a record that cannot be read, one that clears others): it
    goes the whole way, and gets its answer there.
    """
    if not value or len(value) > MAX_BYTES or b'"is_final"' in value:
        return False
    try:
        seen = _DECODER.decode(value)
    except (ValueError, RecursionError):
        return False
    return seen.schema == "cx.fragment.v1" and seen.stage == "partial" and seen.clears is None
