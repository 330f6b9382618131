"""What the oracle says: numbered fragments of many conversations, the same for the same seed.

Nothing here knows cxstream but its wire format (docs/fragments.md): the judge shares no code with the judged.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

CONVERSATIONS = 16
"""How many go on at once."""
TURNS = 8
"""Fragments of one conversation in one round."""
ROUNDS_LONG = 3
"""After so many rounds a conversation ends, and its customer begins another."""
STEP_MS = 2_000
"""Between two fragments of a conversation: fifty rounds are over within a quarter of an hour of event time.

No stamp may be ahead of the workers' clock, which would hold against it, and none so old that a worker which is
started anew, and finds its partition quiet, forgets a conversation that ended half an hour ago.
"""

SAYINGS = (
    "I was charged twice on my last bill",
    "and nobody calls me back about it",
    "I lost my card on the bus this morning",
    "let me speak to a manager please",
    "okay thanks",
    "I want to cancel my contract",
    "the internet is not working again",
    "this is the third time, it is really awful",
    "my parcel has not arrived, where is my order",
    "I can't log in, I forgot my password",
    "yes",
    "that was great, thank you so much",
)


class Sent(NamedTuple):
    """One record to send, and what must come of it."""

    conversation: str
    number: int
    customer: str
    value: bytes
    at_ms: int
    ends: bool
    topic: str = "transcripts"

    @property
    def key(self) -> bytes:
        """On the wire: a conversation's records keep their order, and so do the answers of one customer."""
        return (self.conversation if self.topic == "transcripts" else self.customer).encode()


def begin_ms(rounds: int, now_ms: int) -> int:
    """Event time at which so many rounds begin that are over by now, answers to them included."""
    return now_ms - (rounds + 1) * TURNS * STEP_MS


class Script:
    """Rounds of records; the n-th of a conversation is `<conversation>/<n>`, two seconds apart."""

    def __init__(self, seed: int, base_ms: int) -> None:
        self._random = random.Random(seed)
        self._base_ms = base_ms
        self._round = 0

    def next_round(self) -> list[Sent]:
        """The records of the next round, interleaved; the order within a conversation is its own."""
        now, self._round = self._round, self._round + 1
        lanes = [list(self._lane(lane, now)) for lane in range(CONVERSATIONS)]
        order = [lane for lane in range(CONVERSATIONS) for _ in lanes[lane]]
        self._random.shuffle(order)
        return [lanes[lane].pop(0) for lane in order]

    def _lane(self, lane: int, now: int) -> Iterator[Sent]:
        # Lanes end in different rounds, so that every round begins and ends conversations.
        life, age = divmod(now + lane % ROUNDS_LONG, ROUNDS_LONG)
        conversation, customer = f"talk-{lane}-{life}", f"person-{lane}"
        first = age * TURNS if life else (now * TURNS)
        for turn in range(TURNS):
            number = first + turn
            at_ms = self._base_ms + (now * TURNS + turn) * STEP_MS
            yield _said(conversation, number, customer, at_ms, self._random.choice(SAYINGS), lane)
        if age == ROUNDS_LONG - 1:
            yield _ended(conversation, first + TURNS, customer, at_ms + 1000)


def disorder(records: list[Sent], dice: random.Random) -> list[Sent]:
    """The same records, some twice and each up to a few places from its own (within the allowed lateness)."""
    twice = records + [r for r in records if dice.random() < 0.2 and not r.ends]
    places = {id(r): n for n, r in enumerate(records)}
    return sorted(twice, key=lambda r: places[id(r)] + dice.uniform(0, 3 * CONVERSATIONS))


def _said(conversation: str, number: int, customer: str, at_ms: int, text: str, lane: int) -> Sent:
    record = {
        "schema": "cx.fragment.v1",
        "conversation_id": conversation,
        "fragment_id": f"{conversation}/{number}",
        "text": text,
        "speaker": {"role": "customer"},
        "channel": "chat",
        "event_time": rfc3339(at_ms),
        "customer_id": customer,
        "agent_id": f"agent-{lane % 4}",
    }
    return Sent(conversation, number, customer, json.dumps(record).encode(), at_ms, ends=False)


def _ended(conversation: str, number: int, customer: str, at_ms: int) -> Sent:
    record = {
        "schema": "cx.control.v1",
        "conversation_id": conversation,
        "type": "conversation.ended",
        "event_time": rfc3339(at_ms),
        "customer_id": customer,
        "reason": "completed",
    }
    return Sent(conversation, number, customer, json.dumps(record).encode(), at_ms, ends=True)


def rfc3339(at_ms: int) -> str:
    """A time as it stands on the wire."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
