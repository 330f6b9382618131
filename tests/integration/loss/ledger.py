"""What came out, and whether it is what had to come: the oracle's judgement.

Pure: fed with records, asked for a verdict. It knows the wire format (JSON records, a changelog row of one
version byte and MessagePack) and nothing else of cxstream.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import msgspec
from loop import STANDING, Loop
from script import Sent

OUTPUTS = (
    "signals",
    "nudges",
    "actions",
    "escalations",
    "summaries",
    "decisions",
    "passports",
    "outcomes",
    "lessons",
    "ledger-events",
    "dead-letters",
)
TABLES = ("conversations", "customers")
_TURNS, _ENTRIES = 5, 0  # places in the row of an arc: how many the customer said, how many records


@dataclass(frozen=True)
class Verdict:
    """What was counted, and every kind of thing that must not be. `faults` is empty when all is well."""

    sent: int
    applied: int
    answers: int
    outputs: dict[str, int]
    duplicates: int
    faults: dict[str, list[str]]

    @property
    def well(self) -> bool:
        """Whether nothing was lost, doubled, disordered or wrong."""
        return not self.faults

    def count(self, fault: str) -> int:
        """How many of one kind of fault there were."""
        return len(self.faults.get(fault, ()))

    def __str__(self) -> str:
        outputs = " ".join(f"{name}={n}" for name, n in self.outputs.items() if n)
        said = f"sent={self.sent} applied={self.applied} answers={self.answers} {outputs}"
        said += f" duplicates={self.duplicates}"
        for kind, cases in self.faults.items():
            said += f"\n  {kind}: {len(cases)}, such as {'; '.join(cases[:3])}"
        return said


class Out(NamedTuple):
    """One output record as it was first seen."""

    digest: bytes
    written_ms: int


class Screen(Protocol):
    """A desk that follows along."""

    def take(self, role: str, value: bytes) -> None:
        """One record, as it came off its topic."""

    def twice(self) -> list[str]:
        """What it showed more than once."""


@dataclass
class Ledger:
    """Everything sent and everything seen, in the order of each partition."""

    screen: Screen | None = None
    words: bool = True
    """Whether the words that carried a decision count: with a deadline some go out without."""
    sent: dict[tuple[str, int], Sent] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    """By conversation the number of the record that ends it."""
    partition_of: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, dict[str, Out]] = field(
        default_factory=lambda: {name: {} for name in OUTPUTS}
    )
    records: Counter[str] = field(default_factory=Counter)
    unequal: list[str] = field(default_factory=list)
    heard: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    turns: dict[str, int] = field(default_factory=dict)
    rows: dict[str, dict[bytes, bytes]] = field(
        default_factory=lambda: {name: {} for name in TABLES}
    )
    went_back: list[str] = field(default_factory=list)
    answered_ms: dict[tuple[str, int], int] = field(default_factory=dict)
    loop: Loop = field(default_factory=Loop)

    def note_sending(self, record: Sent) -> None:
        """This record is on its way: what comes of it may be seen before the broker's answer is."""
        if record.ends:
            self.ends[record.conversation] = record.number

    def note_sent(self, record: Sent, partition: int) -> None:
        """The broker has this record."""
        if record.topic == "transcripts":
            self.sent[record.conversation, record.number] = record
        else:
            self.loop.told[record.conversation] = record
        self.partition_of[record.conversation] = partition

    def note_output(self, role: str, value: bytes, written_ms: int) -> None:
        """A record of an output topic."""
        found: dict[str, Any] = json.loads(value)
        if self.screen is not None:
            self.screen.take(role, value)
        if role in STANDING:
            self.loop.note_standing(role, found)
            return
        name = _identity(role, found)
        if not self.words and role in ("nudges", "actions", "escalations"):
            found["why"].pop("carried", None)
            value = json.dumps(found).encode()
        digest = blake2b(value, digest_size=8).digest()
        self.records[role] += 1
        if name not in self.outputs[role]:
            self.outputs[role][name] = Out(digest, written_ms)
            self.loop.note_new(role, found, written_ms)
            if role == "signals" and found["schema"] == "cx.signal.v1":
                self._note_signal(found, written_ms)
        elif self.outputs[role][name].digest != digest:
            self.unequal.append(f"{role} {name}")

    def note_row(self, table: str, key: bytes, value: bytes | None) -> None:
        """A record of a changelog; a conversation's row must never fall behind an earlier one."""
        rows = self.rows[table]
        if value is None:
            rows.pop(key, None)
            return
        if (
            table == "conversations"
            and key in rows
            and _arc(value)[_ENTRIES] < _arc(rows[key])[_ENTRIES]
        ):
            self.went_back.append(f"{key.decode()} {_arc(rows[key])[0]} -> {_arc(value)[0]}")
        rows[key] = value

    def unanswered(self) -> list[tuple[str, int]]:
        """What was sent and has no signal yet."""
        return [place for place in self.sent if place not in self.answered_ms]

    def decided_again_ms(self, fault_ms: int) -> dict[int, int]:
        """By partition: when the first record sent after the fault was answered."""
        again: dict[int, int] = {}
        talk = ((name, at_ms) for (name, _), at_ms in self.answered_ms.items())
        for name, at_ms in (*talk, *self.loop.heard_ms.items()):
            partition = self.partition_of[name]
            if at_ms > fault_ms:
                again[partition] = min(at_ms, again.get(partition, at_ms))
        return again

    def verdict(self, *, ordered: bool = True) -> Verdict:
        """What this ledger says by itself; `ordered` when records were sent in their own order."""
        faults: dict[str, list[str]] = {
            "lost": [f"{c}/{n}" for c, n in self.unanswered()],
            **self.loop.faults(),
            "shown twice": self.screen.twice() if self.screen else [],
            "unequal duplicates": self.unequal,
            "state went back": self.went_back,
            "dead letters": list(self.outputs["dead-letters"]),
            "state": list(self._wrong_states()),
        }
        if ordered:
            faults["order"] = list(self._disorder())
        return Verdict(
            sent=len(self.sent),
            applied=len(self.answered_ms),
            answers=len(self.loop.heard_ms),
            outputs={name: len(ids) for name, ids in self.outputs.items()},
            duplicates=sum(self.records.values()) - sum(len(o) for o in self.outputs.values()),
            faults={kind: cases for kind, cases in faults.items() if cases},
        )

    def unlike(self, control: Ledger) -> dict[str, list[str]]:
        """Where this ledger differs, in bytes, from one of the same records without faults."""
        faults: dict[str, list[str]] = {}
        for role, expected in control.outputs.items():
            found = self.outputs[role]
            missing = [f"{role} {name}" for name in expected if name not in found]
            extra = [f"{role} {name}" for name in found if name not in expected]
            other = [
                f"{role} {name}"
                for name, out in expected.items()
                if name in found and found[name].digest != out.digest
            ]
            _add(faults, "outputs missing", missing)
            _add(faults, "outputs too many", extra)
            _add(faults, "outputs that differ", other)
        for table, rows in control.rows.items():
            differ = [
                k
                for k in rows.keys() | self.rows[table].keys()
                if rows.get(k) != self.rows[table].get(k)
            ]
            _add(faults, "rows that differ", [f"{table} {key.decode()}" for key in differ])
        mine, theirs = self.loop.standing["ledger"], control.loop.standing["ledger"]
        differ_too = [
            name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)
        ]
        _add(faults, "ledger rows that differ", differ_too)
        return faults

    def _note_signal(self, found: Mapping[str, Any], written_ms: int) -> None:
        conversation = found["conversation_id"]
        if found["kind"] == "utterance":
            number = int(found["fragment_id"].rpartition("/")[2])
        elif found["kind"] == "conversation.ended":
            number = self.ends[conversation]
        else:
            return
        if (conversation, number) not in self.answered_ms:
            self.answered_ms[conversation, number] = written_ms
            self.heard[conversation].append(number)
        turns = found.get("conversation", {}).get("customer_turns", 0)
        self.turns[conversation] = max(turns, self.turns.get(conversation, 0))

    def _disorder(self) -> Iterable[str]:
        for conversation, numbers in self.heard.items():
            for before, after in pairwise(numbers):
                if after < before:
                    yield f"{conversation}: {after} after {before}"

    def _wrong_states(self) -> Iterable[str]:
        said = Counter(c for (c, _), sent in self.sent.items() if not sent.ends)
        for conversation, turns in said.items():
            if self.turns.get(conversation, 0) != turns:
                yield f"{conversation}: {self.turns.get(conversation, 0)} of {turns} turns in its signals"
            row = self.rows["conversations"].get(conversation.encode())
            kept = _arc(row)[_TURNS] if row else None
            if kept != turns:
                yield f"{conversation}: {kept} of {turns} turns in its row"


def _identity(role: str, found: dict[str, Any]) -> str:
    """What a reader tells repetitions by; an action comes once more with each status."""
    name: str = found["id"]
    return f"{name} {found.get('status', 'proposed')}" if role == "actions" else name


def _arc(row: bytes) -> list[Any]:
    arc: list[Any] = msgspec.msgpack.decode(row[1:])["arc"]
    return arc


def _add(faults: dict[str, list[str]], kind: str, cases: list[str]) -> None:
    if cases:
        faults.setdefault(kind, []).extend(cases)
