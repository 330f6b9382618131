"""Where a record stands in its trace: W3C trace context, carried beside records in headers, never inside.

What is malformed counts as not there: headers come from everybody, and no record is refused for them.
Source: W3C Trace Context, https://www.w3.org/TR/trace-context/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Final, NamedTuple

PARENT: Final = "traceparent"
STATE: Final = "tracestate"

_PARENT: Final = re.compile(
    "(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_STATE: Final = re.compile("[ -~]{1,512}")


class Trace(NamedTuple):
    """One span, as others refer to it. Ids are lower-case hex.

    `shared` says that it belongs to what brought several records at once: each of them begins a trace of its
    own and is linked to this one.
    """

    trace_id: str
    span_id: str
    flags: str = "01"
    state: str = ""
    shared: bool = False

    @classmethod
    def read(cls, headers: Mapping[str, object] | None, *, shared: bool = False) -> Trace | None:
        """The trace that the headers of a message or a request tell; None where there is no sound one."""
        if not headers or PARENT not in headers:
            return None
        given = _text(headers[PARENT])
        found = _PARENT.fullmatch(given)
        if found is None or (found[1] == "00" and found[5]):
            return None
        state = _text(headers.get(STATE))
        return cls(found[2], found[3], found[4], state if _STATE.fullmatch(state) else "", shared)

    def headers(self) -> Iterator[tuple[str, str]]:
        """What to send along, so that what follows is in the same trace."""
        if self.shared:
            return
        yield PARENT, f"00-{self.trace_id}-{self.span_id}-{self.flags}"
        if self.state:
            yield STATE, self.state


CURRENT: ContextVar[Trace | None] = ContextVar("trace", default=None)
"""The trace of what this task is doing, for calls to other systems to tell them."""


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("ascii", "replace").strip()
    return value.strip() if isinstance(value, str) else ""
