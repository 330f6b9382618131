"""Transcript records to signals: what happens to one fragment before anything is decided."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from cxstream.context import identity
from cxstream.context.conversation import ALLOWED_LATENESS_MS, Change, Conversation, Fate
from cxstream.context.entry import Entry, control_entry, utterance_entry
from cxstream.context.foresight import Foresight
from cxstream.errors import RecordError
from cxstream.events import (
    STAGE_RANK,
    Control,
    ControlKind,
    Fragment,
    Role,
    Stage,
    from_ms,
)
from cxstream.execute.delivery import Outbound
from cxstream.listen.decode import decode_transcript, settle_time
from cxstream.listen.glance import is_partial
from cxstream.listen.redact import Redactor
from cxstream.pipeline.observer import Observer
from cxstream.pipeline.overload import Rung
from cxstream.understand.scorer import Reading
from cxstream.understand.signals import signal_of

SCORED_ROLES = frozenset((Role.CUSTOMER, Role.AGENT, Role.UNKNOWN))
_SILENT = frozenset((ControlKind.HEARTBEAT,))


class Heard(NamedTuple):
    """A transcript record that was read: redacted, with the event time to use."""

    record: Fragment | Control
    at_ms: int
    arrival_ms: int


class ConversationHop:
    """Transcript records to signals: listen, and what is remembered of the conversation."""

    def __init__(
        self,
        *,
        redactor: Redactor,
        foresight: Foresight,
        observer: Observer,
        lateness_ms: int = ALLOWED_LATENESS_MS,
    ) -> None:
        self._redactor = redactor
        self._foresight = foresight
        self._observer = observer
        self._lateness_ms = lateness_ms

    def read(
        self,
        value: bytes | None,
        *,
        key: bytes | None,
        arrival_ms: int,
        believed_ms: int | None = None,
    ) -> Heard:
        """Bytes from the topic to a redacted record. Raises `RecordError` for what cannot be read.

        `arrival_ms` is the record's stamp, the same at every delivery; `believed_ms` when it came, where the
        stamp is of a clock that runs ahead.
        """
        record = decode_transcript(value, key=key, arrival_ms=arrival_ms)
        at_ms, corrected = settle_time(record, arrival_ms if believed_ms is None else believed_ms)
        if isinstance(record, Fragment):
            record = self._redact(record)
        if corrected:
            self._observer.clock_corrected(record.channel or "")
        return Heard(record, at_ms, arrival_ms)

    def to_score(self, state: Conversation, heard: Heard) -> str | None:
        """The text that must be scored before `hear`, or None when scores would change nothing."""
        record = heard.record
        if not isinstance(record, Fragment) or not _is_said(record):
            return None
        if record.speaker.role not in SCORED_ROLES:
            return None
        precedence = (STAGE_RANK[record.stage], record.revision)
        return record.text if state.would_take(_entry_id(record), precedence) else None

    @staticmethod
    def passes_over(value: bytes | None, rung: Rung) -> bool:
        """Whether a record is not even read on this rung: a partial, whose final will come."""
        return rung >= Rung.PARTIALS and is_partial(value)

    @staticmethod
    def scores(heard: Heard, rung: Rung) -> bool:
        """Whether what was said is scored on this rung: agents' words may go without, others' never."""
        record = heard.record
        return (
            rung < Rung.AGENTS
            or not isinstance(record, Fragment)
            or record.speaker.role is not Role.AGENT
        )

    def hear(
        self,
        state: Conversation,
        heard: Heard,
        reading: Reading | None,
        rung: Rung = Rung.NORMAL,
    ) -> list[Outbound]:
        """Fold one record into the conversation (in place) and say what follows from it.

        The signal carries the rung on which it was made. Raises `RecordError` for a record that came after
        its place was forgotten.
        """
        record, at_ms = heard.record, heard.at_ms
        out = _identify(state, record, at_ms)
        if isinstance(record, Fragment):
            change, entry = self._hear_fragment(state, record, at_ms, reading)
        else:
            change, entry = self._hear_control(state, record, at_ms)
        self._observer.heard(record.channel or state.arc.channel, change.fate)
        if change.fate is Fate.FORGOTTEN:
            raise RecordError(
                "too_late",
                field="event_time",
                mend="send fragments within the allowed lateness; this conversation has moved on",
            )
        if entry is not None and change.fate in _MOVES:
            state.number_signal(heard.arrival_ms)
            signal = signal_of(
                state, record, entry, change, reading, self._foresight, overload=rung.mark
            )
            self._observer.signalled(signal)
            out.append(Outbound("signals", state.customer.value or state.id, signal))
        return out

    def time_out(self, state: Conversation, now_ms: int) -> list[Outbound]:
        """End a conversation that fell silent without an end."""
        at_ms = state.latest_ms + 1
        control = Control(
            conversation_id=state.id,
            type=ControlKind.ENDED,
            control_id="timeout",
            event_time=from_ms(at_ms),
            tenant=state.tenant,
            reason="timeout",
        )
        return self.hear(state, Heard(control, at_ms, now_ms), None)

    def _redact(self, fragment: Fragment) -> Fragment:
        redacted = self._redactor.redact(fragment.text)
        if not redacted.counts:
            return fragment
        for kind, count in redacted.counts.items():
            self._observer.redacted(kind, count)
        return replace(fragment, text=redacted.text)

    def _hear_fragment(
        self, state: Conversation, fragment: Fragment, at_ms: int, reading: Reading | None
    ) -> tuple[Change, Entry | None]:
        if fragment.clears is not None:
            state.clear(fragment.clears.fragment_id, fragment.clears.below)
        if fragment.stage is Stage.PARTIAL:
            return state.take_partial(fragment.fragment_id, fragment.revision), None
        if not _is_said(fragment):
            return Change(Fate.EMPTY), None
        scores, gist = reading or (None, b"")
        entry = utterance_entry(fragment, at_ms, scores, gist=gist, entry_id=_entry_id(fragment))
        return state.take(entry, self._foresight, self._lateness_ms), entry

    def _hear_control(
        self, state: Conversation, control: Control, at_ms: int
    ) -> tuple[Change, Entry | None]:
        entry = control_entry(control, at_ms)
        if control.type in _SILENT:
            return Change(Fate.APPLIED), None
        if control.type is ControlKind.SPEAKER_REVISED:
            if not control.fragment_id or control.speaker is None:
                raise RecordError(
                    "missing_field",
                    field="fragment_id, speaker",
                    mend="speaker.revised names the fragment and its new speaker",
                )
            role = control.speaker.role.value
            return state.revise_role(control.fragment_id, at_ms, role, self._foresight), entry
        return state.take(entry, self._foresight, self._lateness_ms), entry


_MOVES = frozenset((Fate.APPLIED, Fate.REVISED, Fate.LATE))


def _is_said(fragment: Fragment) -> bool:
    """Whether this is a final with words, said to the other side (an internal note is not)."""
    return (
        fragment.stage is not Stage.PARTIAL
        and fragment.visibility == "public"
        and not fragment.text.isspace()
        and fragment.text != ""
    )


def _entry_id(fragment: Fragment) -> str:
    """A final that is a delta (`part`) is an utterance of its own."""
    if fragment.part is None:
        return fragment.fragment_id
    return f"{fragment.fragment_id}#{fragment.part}"


def _identify(state: Conversation, record: Fragment | Control, at_ms: int) -> list[Outbound]:
    """Note who takes part; when the customer becomes known, what is kept elsewhere follows them."""
    was_known = state.customer.value
    state.tenant = record.tenant
    state.customer = state.customer.set(at_ms, record.customer_id)
    state.agent = state.agent.set(at_ms, record.agent_id)
    state.queue = state.queue.set(at_ms, record.queue)
    if isinstance(record, Control) and record.type is ControlKind.ENDED:
        state.end_reason = state.end_reason.set(at_ms, record.reason or "completed")
    if was_known or not state.customer.value or not state.seq:
        return []
    carry = identity.link(state.id, state.customer.value, at_ms, state.tenant)
    return [Outbound("signals", state.id, carry)]
