"""How does a written line become what telephony would send? Partials, finals, corrections, on a clock.

Voice: an utterance grows through partials to its final, with its place on the media clock; the event time
of a partial or final is the moment its last word ended. Typed channels: one fragment a message, at the
moment it was sent. A `late` line keeps its event time and arrives later, so that only its place in the
list, and its ingest time, tell.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from cxstream.demo.script import SPEAKERS, Conversation, Line
from cxstream.events import (
    Control,
    ControlKind,
    Fragment,
    Role,
    RoleSource,
    Source,
    Speaker,
    Stage,
    Transcript,
    from_ms,
    to_ms,
)

WORDS_A_SECOND = 2.6
TURN_GAP_S = 0.7
AMENDED_AFTER_MS = 900
DUPLICATE_AFTER_MS = 400

# Seconds before a typed message goes out: to read the one before, and for each character typed.
TYPING = {"chat": (4.0, 0.16), "sms": (25.0, 0.25), "email": (1800.0, 0.0)}


class Arrival(Struct, frozen=True):
    """A record, and when it arrives (epoch milliseconds)."""

    at_ms: int
    record: Transcript


class Moment(Struct, frozen=True):
    """When a line happened, in epoch milliseconds: from its first word to its last revision's arrival."""

    conversation_id: str
    fragment_id: str | None
    start_ms: int
    end_ms: int


class Told(Struct, frozen=True):
    """A conversation as it arrives, and where its lines stand in time (in the order of the lines)."""

    arrivals: tuple[Arrival, ...]
    moments: tuple[Moment, ...]


def wire_id(conversation: str) -> str:
    """The conversation's id on the wire: vendor and id."""
    return f"demo:{conversation}"


def seconds(text: str) -> float:
    """`12.4`, `2:07.5` or `1:02:07` in seconds; raises ValueError."""
    total = 0.0
    for part in text.split(":"):
        if float(part) < 0:
            raise ValueError(text)
        total = total * 60 + float(part)
    return total


def tell(conversation: Conversation, start_ms: int, tenant: str) -> Told:
    """All records of one conversation that starts at `start_ms`, and the moments of its lines."""
    teller = _Teller(conversation, start_ms, tenant)
    moments = tuple(teller.take(line) for line in conversation.lines)
    return Told(tuple(teller.arrivals), moments)


class _Teller:
    """Walks down the lines of one conversation with the clock in its hand."""

    def __init__(self, conversation: Conversation, start_ms: int, tenant: str) -> None:
        self.conversation = conversation
        self.id = wire_id(conversation.id)
        self.start_ms = start_ms
        self.tenant = tenant
        self.source = Source(vendor="native", connector="demo", stream_id=conversation.id)
        self.voice = conversation.channel == "voice"
        self.agent = conversation.agent
        self.clock_ms = start_ms  # where the line before ended
        self.spoken = 0
        self.controls = 0
        self.arrivals: list[Arrival] = []
        self.control(
            ControlKind.STARTED,
            start_ms,
            channel=conversation.channel,
            customer_id=conversation.customer,
            agent_id=conversation.agent,
            queue=conversation.queue,
        )

    def take(self, line: Line) -> Moment:
        kind = line.kinds()[0]
        if kind in SPEAKERS:
            return self.said(line, Role(kind), getattr(line, kind))
        return self.happened(line, kind)

    def begins_ms(self, line: Line, natural_s: float) -> int:
        if line.at is not None:
            return self.start_ms + round(seconds(line.at) * 1000)
        if line.overlap is not None:
            return max(self.start_ms, self.clock_ms - round(line.overlap * 1000))
        wait_s = natural_s if line.pause is None else line.pause
        return self.clock_ms + round(wait_s * 1000)

    def happened(self, line: Line, kind: str) -> Moment:
        at_ms = self.begins_ms(line, 0.5)
        self.clock_ms = max(self.clock_ms, at_ms)
        if line.transfer is not None:
            self.agent = line.transfer.to
            change = line.transfer
            self.control(
                ControlKind.TRANSFER,
                at_ms,
                agent_id=change.to,
                queue=change.queue,
                reason=change.reason,
            )
        elif line.updated is not None:
            known = line.updated
            self.agent = known.agent or self.agent
            self.control(
                ControlKind.UPDATED,
                at_ms,
                customer_id=known.customer,
                agent_id=known.agent,
                queue=known.queue,
            )
        elif line.ended is not None:
            self.control(ControlKind.ENDED, at_ms, reason=line.ended or "completed")
        else:
            self.control(ControlKind(kind), at_ms, reason=getattr(line, kind) or None)
        return Moment(self.id, None, at_ms, at_ms)

    def control(
        self,
        kind: ControlKind,
        at_ms: int,
        *,
        channel: str | None = None,
        customer_id: str | None = None,
        agent_id: str | None = None,
        queue: str | None = None,
        reason: str | None = None,
    ) -> None:
        self.controls += 1
        record = Control(
            conversation_id=self.id,
            type=kind,
            control_id=f"{self.conversation.id}-c{self.controls:02}",
            event_time=from_ms(at_ms),
            tenant=self.tenant,
            source=self.source,
            channel=channel,
            customer_id=customer_id,
            agent_id=agent_id,
            queue=queue,
            reason=reason,
        )
        self.arrivals.append(Arrival(at_ms, record))

    def said(self, line: Line, role: Role, text: str) -> Moment:
        self.spoken += 1
        fragment_id = f"{self.conversation.id}-{self.spoken:03}"
        if self.voice:
            begin_ms = self.begins_ms(line, TURN_GAP_S)
            takes_s = line.takes or 0.3 + len(text.split()) / WORDS_A_SECOND
            end_ms = begin_ms + round(takes_s * 1000)
        else:
            reading_s, character_s = TYPING[self.conversation.channel]
            begin_ms = end_ms = self.begins_ms(line, reading_s + character_s * len(text))
        self.clock_ms = max(self.clock_ms, end_ms)

        final = self.fragment(line, fragment_id, role, text, begin_ms, end_ms)
        for number in range(1, line.partials + 1):
            self.arrive(_partial(final, line, number, begin_ms, end_ms), 0)
        late_ms = round(line.late * 1000)
        last_ms = self.arrive(final, late_ms)
        if line.duplicate:  # a redelivery: the very same record
            last_ms += DUPLICATE_AFTER_MS
            self.arrivals.append(Arrival(last_ms, self.arrivals[-1].record))
        if line.amended is not None:
            last_ms = max(last_ms, self.arrive(_amended(final, line.amended), late_ms))
        return Moment(self.id, fragment_id, begin_ms, last_ms)

    def arrive(self, fragment: Fragment, late_ms: int) -> int:
        assert fragment.event_time is not None
        at_ms = to_ms(fragment.event_time) + late_ms
        if late_ms:
            fragment = replace(fragment, ingest_time=from_ms(at_ms))
        self.arrivals.append(Arrival(at_ms, fragment))
        return at_ms

    def fragment(
        self, line: Line, fragment_id: str, role: Role, text: str, begin_ms: int, end_ms: int
    ) -> Fragment:
        source = self.conversation.roles or ("channel_map" if self.voice else "explicit")
        by_agent = role is Role.AGENT
        media_end_ms = end_ms - self.start_ms
        return Fragment(
            conversation_id=self.id,
            fragment_id=fragment_id,
            text=text,
            revision=media_end_ms if self.voice else 0,
            speaker=Speaker(role, RoleSource(source), id=self.agent if by_agent else None),
            channel=self.conversation.channel,
            event_time=from_ms(end_ms),
            tenant=self.tenant,
            source=self.source,
            visibility="internal" if line.internal else "public",
            track=f"{role}_track" if self.voice else None,
            start_ms=begin_ms - self.start_ms if self.voice else None,
            end_ms=media_end_ms if self.voice else None,
            clock="conversation" if self.voice else "none",
            clock_origin=from_ms(self.start_ms) if self.voice else None,
            language=self.conversation.language,
            confidence=line.confidence,
        )


def _partial(final: Fragment, line: Line, number: int, begin_ms: int, end_ms: int) -> Fragment:
    """The `number`-th of the line's partials: the first words, as first `heard` where that differs."""
    words = (line.heard or final.text).split()
    share = number / (line.partials + 1)
    shown = max(1, round(len(words) * share))
    at_ms = begin_ms + round((end_ms - begin_ms) * share)
    lag_ms = end_ms - at_ms
    assert final.end_ms is not None
    return replace(
        final,
        text=" ".join(words[:shown]),
        stage=Stage.PARTIAL,
        revision=final.end_ms - lag_ms,
        end_ms=final.end_ms - lag_ms,
        event_time=from_ms(at_ms),
        confidence=None,
        stability=round(0.5 + 0.4 * share, 2),
    )


def _amended(final: Fragment, text: str) -> Fragment:
    assert final.event_time is not None
    return replace(
        final,
        text=text,
        stage=Stage.AMENDED,
        revision=final.revision + 1,
        event_time=final.event_time + timedelta(milliseconds=AMENDED_AFTER_MS),
    )
