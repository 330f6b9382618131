"""Records what this version writes, for the next one to read: run once at a release, and commit the file.

.venv/bin/python tests/upgrades/record.py         # writes tests/upgrades/<version>.json.gz
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from cxstream import __version__
from cxstream.context.conversation import Conversation
from cxstream.context.customer import Customer
from cxstream.context.snapshot import dump
from cxstream.decide.decider import Decider
from cxstream.decide.load import default_playbook
from cxstream.demo.story import bundled
from cxstream.engine import codec
from cxstream.events import Control, Fragment, Output, to_ms
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.metrics import Metrics
from cxstream.pipeline import ConversationHop, CustomerHop
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.scorer import readings
from cxstream.understand.trajectory import RuleTrajectory

STORIES = ("bill", "chat-then", "known", "transfer")


class Loop:
    """Both hops over states in dictionaries, with the lexicon for a model: no broker, the same every time."""

    def __init__(
        self,
        conversations: dict[str, Conversation] | None = None,
        customers: dict[str, Customer] | None = None,
    ) -> None:
        self.conversations = conversations or {}
        self.customers = customers or {}
        metrics = Metrics()
        self._hear = ConversationHop(
            redactor=PatternRedactor(), foresight=RuleTrajectory(), observer=metrics
        )
        self._decide = CustomerHop(decider=Decider([default_playbook()]), observer=metrics)

    def play(self, value: bytes) -> Iterable[tuple[str, Output]]:
        """One transcript record through both hops: what came out, with the role of its topic."""
        record = msgspec.json.decode(value, type=Fragment | Control)
        key = record.conversation_id
        state = self.conversations.setdefault(key, Conversation(id=key))
        assert record.event_time is not None
        heard = self._hear.read(value, key=key.encode(), arrival_ms=to_ms(record.event_time))
        text = self._hear.to_score(state, heard)
        reading = readings(LexiconScorer(), [text])[0] if text else None
        queue: list[Any] = self._hear.hear(state, heard, reading)
        while queue:
            out = queue.pop(0)
            yield out.topic, out.record
            if out.topic == "signals":
                customer = self.customers.setdefault(out.key, Customer(key=out.key))
                queue += self._decide.decide(customer, out.record)


def main() -> None:
    """Write the recording of this version."""
    loop = Loop()
    topics: dict[str, list[str]] = {"transcripts": []}
    rest: list[str] = []
    for story in bundled():
        if not any(part in story.name for part in STORIES):
            continue
        records = [codec.encode(record) for record in story.records()]
        now = len(records) * 2 // 3
        rest += [value.decode() for value in records[now:]]
        for value in records[:now]:
            topics["transcripts"].append(value.decode())
            for role, record in loop.play(value):
                topics.setdefault(role, []).append(codec.encode(record).decode())

    def kept(states: dict[str, Any]) -> dict[str, str]:
        return {key: base64.b64encode(dump(state)).decode() for key, state in states.items()}

    recording = {
        "version": __version__,
        "conversations": kept(loop.conversations),
        "customers": kept(loop.customers),
        "topics": topics,
        "rest": rest,
    }
    path = Path(__file__).with_name(f"{__version__}.json.gz")
    if path.exists():
        sys.exit(f"{path.name} is there: a released version's recording is never changed")
    packed = gzip.compress(json.dumps(recording, ensure_ascii=False).encode(), 9, mtime=0)
    path.write_bytes(packed)


if __name__ == "__main__":
    main()
