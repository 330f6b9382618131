"""Records of the topics, and state."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
from decoder import NOW_MS, Decoder, of_bytes, of_text
from examples import sample_of

from cxstream import events
from cxstream.backtest import play
from cxstream.context import snapshot
from cxstream.context.conversation import Conversation
from cxstream.context.customer import Customer
from cxstream.desk.floor import Floor
from cxstream.desk.hub import Hub
from cxstream.desk.newsroom import Newsroom
from cxstream.engine import archive, codec, history, letters, posting, tail, tracing
from cxstream.errors import RecordError
from cxstream.execute import ledger
from cxstream.lessons.propensity import Propensity
from cxstream.listen.decode import decode_record, decode_transcript
from cxstream.listen.glance import is_partial
from cxstream.listen.redact import PatternRedactor
from cxstream.listen.unread import without_personal_data
from cxstream.observe.desk_metrics import DeskMetrics

_journeys = partial(history.readable, archive._decoder)
_backtest = partial(history.readable, play._decoder)


def _transcript(value: bytes) -> None:
    record = decode_transcript(value, key=None, arrival_ms=NOW_MS)
    assert decode_record(msgspec.json.encode(record)) is not None


class _Silent:
    async def write(
        self, record: events.Outcome | events.Approval, trace: events.Trace | None = None
    ) -> None: ...


def _heard(value: bytes) -> None:
    """What the desk does with whatever lies on its topics."""
    room = Newsroom(
        Floor(),
        Hub("fuzz"),
        writer=_Silent(),
        observer=DeskMetrics(),
        redactor=PatternRedactor(),
        clock_ms=lambda: NOW_MS,
    )
    room.take(value, NOW_MS)
    room.overhear(value + b' "partial"', NOW_MS)
    room.overhear(value.replace(b"final", b"partial"), NOW_MS)
    room.expire()


def _dead_letter(value: bytes) -> None:
    """A letter is made of anything, and gives back what it holds."""
    error, place = RecordError("not_json", field="$", mend="x"), codec.Place("cx.transcripts", 0, 0)
    letter = codec.dead_letter(error, place, value[:600], value, PatternRedactor())
    held = letters.read_one(codec.encode(letter))
    assert held == letter
    assert letters.value_of(letter) == without_personal_data(value, PatternRedactor())


def _letter(value: bytes) -> None:
    found = letters.read_one(value)
    if found is not None:
        letters.value_of(found)


_LETTER = msgspec.json.encode(
    {**msgspec.json.decode(sample_of(events.DeadLetter)), "encoding": "utf-8", "value": "{}"}
)


def _headers(value: bytes) -> None:
    for name in (codec.SENT, letters.REPLAYS):
        assert codec.cause([(name, value)], 1.0).sent_ms / 1000 >= 0
    trace = codec.cause([("traceparent", value), ("tracestate", value)], 1.0).trace
    if trace is not None:
        assert events.Trace.read(dict(trace.headers())) == trace
    letters.replays({letters.REPLAYS: value})
    ours = [("ce_source", b"/cxstream"), ("ce_id", value), ("ce_type", value)]
    assert tracing.read_facts(codec.Place("cx.nudges", 0, 0), ours)


_OF_A_RECORD: dict[str, tuple[Callable[[bytes | None], object], tuple[type, ...]]] = {
    "signals": (
        codec.decode_signal,
        (events.Signal, events.CarryOver, events.CustomerRecord, events.Outcome, events.Approval),
    ),
    "customers": (codec.decode_customer, (events.CustomerRecord,)),
    "actions": (codec.decode_action, (events.Action,)),
    "ledger events": (codec.decode_ledger_event, (events.LedgerEvent,)),
    "playbooks": (codec.decode_playbook, (events.PlaybookRecord, events.PlaybookRelease)),
    "approvals": (codec.decode_approval, (events.Approval,)),
    "outcomes": (codec.decode_outcome, (events.Outcome,)),
    "lessons": (codec.decode_lesson, (events.Lesson,)),
    "learnt": (codec.decode_learnt, (events.Learnt,)),
}
RECORDS = tuple(
    kind
    for name in events.__all__
    if isinstance(kind := getattr(events, name), type)
    and issubclass(kind, msgspec.Struct)
    and kind.__struct_config__.tag
)
"""Every record that crosses a topic."""
_ALL_RECORDS = tuple(sample_of(kind) for kind in RECORDS)


def of_the_topics() -> list[Decoder]:
    made = [
        Decoder(f"topic {name}", ("engine.codec",), of_bytes(read), tuple(map(sample_of, kinds)))
        for name, (read, kinds) in _OF_A_RECORD.items()
    ]
    transcripts = (sample_of(events.Fragment), sample_of(events.Control))
    reading = ("listen.decode", "listen.mend", "listen.faults")
    return [
        *made,
        Decoder("glance", ("listen.glance",), of_bytes(is_partial), transcripts, ()),
        Decoder("topic transcripts", reading, of_bytes(_transcript), transcripts),
        Decoder("desk's topics", ("desk.newsroom",), of_bytes(_heard), _ALL_RECORDS, ()),
        Decoder(
            "dead letter, made",
            ("engine.codec", "listen.unread"),
            of_bytes(_dead_letter),
            _ALL_RECORDS,
            (),
        ),
        Decoder(
            "dead letter, read",
            ("engine.letters",),
            of_bytes(_letter),
            (_LETTER,),
        ),
        Decoder(
            "headers",
            ("engine.codec", "engine.letters", "engine.tracing", "events.trace"),
            of_bytes(_headers),
            (b"1795428100000", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            (),
        ),
        Decoder(
            "journeys", ("engine.archive", "engine.history"), of_bytes(_journeys), _ALL_RECORDS, ()
        ),
        Decoder("backtest", ("backtest.play",), of_bytes(_backtest), transcripts, ()),
        Decoder("webhooks' topics", ("engine.posting",), of_bytes(posting.read), _ALL_RECORDS),
        Decoder("tail", ("engine.tail",), of_bytes(_tailed), _ALL_RECORDS, ()),
    ]


def _tailed(value: bytes) -> None:
    from rich.console import Console

    tail.pretty(Console(quiet=True))(tail.as_line(value))


def _propensity() -> bytes:
    learnt = Propensity()
    learnt.learn_once("lesson-1", [0.0] * len(learnt._names), 1.0)
    return learnt.snapshot()


def of_the_state() -> list[Decoder]:
    conversation, customer = Conversation(id="c-1"), Customer(key="p-1")
    kept = ledger.Kept()
    kept.take(msgspec.json.decode(sample_of(events.LedgerEvent), type=events.LedgerEvent), NOW_MS)
    return [
        Decoder(
            "conversation",
            ("context.snapshot",),
            of_bytes(snapshot.load_conversation),
            (snapshot.dump(conversation),),
        ),
        Decoder(
            "customer",
            ("context.snapshot",),
            of_bytes(snapshot.load_customer),
            (snapshot.dump(customer),),
        ),
        Decoder(
            "carried customer",
            ("context.snapshot",),
            of_text(snapshot.customer_from_json),
            (snapshot.customer_to_json(customer).encode(),),
        ),
        Decoder(
            "ledger row", ("execute.ledger",), of_bytes(ledger.load_kept), (ledger.dump_kept(kept),)
        ),
        Decoder("beliefs", ("lessons.propensity",), of_bytes(Propensity.restore), (_propensity(),)),
    ]
