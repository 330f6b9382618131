"""Customers as the engine keeps them, and signals about them, for benchmarks of state: as many as you like.

A hundred conversations are heard and decided about, without a model; each gives a customer's state with a
contact behind it, and the signals that led there. Customer number n is the n-th of these hundred again, under a
name of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from conversations import SEED, fragments
from msgspec.structs import replace

from cxstream.context.conversation import Conversation
from cxstream.context.customer import Customer
from cxstream.context.snapshot import dump
from cxstream.decide.decider import Decider
from cxstream.decide.load import default_playbook
from cxstream.engine import codec
from cxstream.events import Signal, record_id
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.metrics import Metrics
from cxstream.pipeline import ConversationHop, CustomerHop
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.scorer import readings
from cxstream.understand.trajectory import RuleTrajectory

HEARD: Final = 2500
"""Fragments that the hundred conversations are made of."""
RECORD: Final = 150
"""Bytes of a record beside its value: key, headers, frame."""
LONG_ENOUGH: Final = 8
"""Signals of a conversation that counts."""


class Known(NamedTuple):
    """A customer, and the signals that made it."""

    state: Customer
    signals: list[Signal]


class Customers:
    """Any number of customers, and of signals about them."""

    def __init__(self, now_ms: int, seed: int = SEED) -> None:
        self.written: list[int] = []
        """Bytes that each fragment writes to Kafka: itself, its signal, and both states."""
        heard = _heard(now_ms, seed, self.written)
        self._known = [known for known in heard if len(known.signals) >= LONG_ENOUGH]

    def key(self, number: int) -> bytes:
        """A customer's key, as long as real ones are."""
        return b"acme:customer-%010d" % number

    def state(self, number: int) -> bytes:
        """A customer's state as the table keeps it."""
        known = self._known[number % len(self._known)].state
        key = self.key(number).decode()
        contacts = {f"{key}/{name}": contact for name, contact in known.contacts.items()}
        return dump(replace(known, key=key, contacts=contacts))

    def signal(self, number: int, turn: int, conversation: int) -> bytes:
        """What a customer says next in a conversation that is going on."""
        signals = self._known[number % len(self._known)].signals
        signal = signals[turn % len(signals)]
        name = f"acme:conversation-{number}-{conversation}-{turn // len(signals)}"
        return codec.encode(
            replace(
                signal,
                id=record_id("signal", name, str(turn)),
                conversation_id=name,
                customer_id=self.key(number).decode(),
            )
        )


def _heard(now_ms: int, seed: int, written: list[int]) -> Iterator[Known]:
    metrics, lexicon = Metrics(), LexiconScorer()
    hear = ConversationHop(redactor=PatternRedactor(), foresight=RuleTrajectory(), observer=metrics)
    decide = CustomerHop(decider=Decider([default_playbook()]), observer=metrics)
    conversations: dict[str, Conversation] = {}
    known: dict[str, Known] = {}
    for fragment in fragments(HEARD, seed):
        name = fragment.conversation_id
        state = conversations.setdefault(name, Conversation(id=name))
        heard = hear.read(codec.encode(fragment), key=name.encode(), arrival_ms=now_ms)
        text = hear.to_score(state, heard)
        reading = readings(lexicon, [text])[0] if text else None
        customer = known.setdefault(name, Known(Customer(key=fragment.customer_id or name), []))
        size = len(codec.encode(fragment)) + RECORD
        for out in hear.hear(state, heard, reading):
            if isinstance(out.record, Signal):
                customer.signals.append(out.record)
                outs = [out, *decide.decide(customer.state, out.record)]
                size += sum(len(codec.encode(o.record)) + RECORD for o in outs)
        written.append(size + len(dump(state)) + len(dump(customer.state)) + 2 * RECORD)
    yield from known.values()
