"""Words while they are being said: a line that is not final yet, for those who look at the conversation now.

Nothing is kept of it beyond the utterance that is going on: a partial is replaced by the next, and goes when
its final comes, or words that the same side said later. Some vendors send only what is new (`part`); the
pieces are put together here.
"""

from __future__ import annotations

from msgspec import Struct, field

from cxstream.events import Fragment, to_ms

_SIDES_MAX = 8


class Unfinished(Struct):
    """What one side is saying: its fragment, and the newest revision and text of each of its parts."""

    fragment_id: str
    at_ms: int
    parts: dict[int, tuple[int, str]] = field(default_factory=dict)

    def text(self) -> str:
        """The words so far."""
        return " ".join(text.strip() for _, (_, text) in sorted(self.parts.items()))


class Hearing(Struct):
    """What each side of a conversation is saying now, by role."""

    sides: dict[str, Unfinished] = field(default_factory=dict)

    def take(self, partial: Fragment, side: str, arrived_ms: int) -> Unfinished | None:
        """Note a partial; None when it tells nothing new."""
        if not partial.text.strip():
            return None
        said = self.sides.get(side)
        when = partial.event_time or partial.ingest_time
        at_ms = arrived_ms if when is None else to_ms(when)
        if said is None or said.fragment_id != partial.fragment_id:
            if said is None and len(self.sides) >= _SIDES_MAX:
                return None
            said = Unfinished(partial.fragment_id, at_ms)
        part = partial.part or 0
        held = said.parts.get(part)
        if held is not None and partial.revision <= held[0]:
            return None
        self.sides[side] = said
        said.parts[part] = (partial.revision, partial.text)
        said.at_ms = max(said.at_ms, at_ms)
        return said

    def finish(self, side: str, fragment_id: str, at_ms: int) -> None:
        """A line is final: what the same side was saying until then is over."""
        said = self.sides.get(side)
        if said is not None and (said.fragment_id == fragment_id or said.at_ms <= at_ms):
            del self.sides[side]
