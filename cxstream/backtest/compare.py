"""Two runs over the same records: which decisions came, went, or read differently, and whom that touches.

Decisions are matched by conversation, moment, kind and rule, so that a new version of a playbook, which gives
every decision another id, changes nothing by itself. Cards taken away count with the cards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

from cxstream.events import Action, Escalation, Nudge, Output, Signal

How = Literal["gained", "lost", "changed"]
HOWS: Final[tuple[How, ...]] = ("gained", "lost", "changed")
BEFORE: Final = 3
"""Utterances quoted before the moment of a change."""


class Made(Struct, frozen=True):
    """One decision as a reader sees it."""

    kind: str
    rule: str
    conversation_id: str
    customer_id: str
    at: datetime
    what: str
    why: str

    @property
    def place(self) -> tuple[str, datetime, str, str]:
        """What it is matched by."""
        return self.conversation_id, self.at, self.kind, self.rule


class Change(Struct, frozen=True):
    """A decision that only one side made, or both in other words, with what was said just before."""

    how: How
    made: Made
    instead: Made | None
    said: tuple[tuple[str, str], ...]


class RuleCount(Struct, frozen=True):
    """One rule's decisions of one kind on both sides."""

    rule: str
    kind: str
    before: int
    after: int
    gained: int = 0
    lost: int = 0
    changed: int = 0


class Comparison(Struct, frozen=True):
    """All of it; `changes` in the order of time."""

    old: str
    new: str
    conversations: int
    customers: int
    touched_conversations: int
    touched_customers: int
    before: int
    after: int
    rules: tuple[RuleCount, ...]
    changes: tuple[Change, ...]


def compare(
    old: Iterable[Output], new: Iterable[Output], *, old_name: str, new_name: str
) -> Comparison:
    """What changes from the outputs of one run to those of another on the same records."""
    old, new = list(old), list(new)
    before, after = _decisions(old), _decisions(new)
    said = _said(new)
    changes = [
        Change("gained", made, None, _just_before(said, made))
        for place, made in after.items()
        if place not in before
    ]
    changes += [
        Change("lost", made, None, _just_before(said, made))
        for place, made in before.items()
        if place not in after
    ]
    changes += [
        Change("changed", made, before[place], _just_before(said, made))
        for place, made in after.items()
        if place in before and before[place].what != made.what
    ]
    changes.sort(key=lambda c: (c.made.at, c.made.conversation_id, HOWS.index(c.how), c.made.rule))
    heard = [r for r in new if isinstance(r, Signal)]
    return Comparison(
        old=old_name,
        new=new_name,
        conversations=len({s.conversation_id for s in heard}),
        customers=len({_who(s) for s in heard}),
        touched_conversations=len({c.made.conversation_id for c in changes}),
        touched_customers=len({c.made.customer_id for c in changes}),
        before=len(before),
        after=len(after),
        rules=_by_rule(before.values(), after.values(), changes),
        changes=tuple(changes),
    )


def _by_rule(
    before: Iterable[Made], after: Iterable[Made], changes: Iterable[Change]
) -> tuple[RuleCount, ...]:
    """A line a rule and kind, those that change most first."""
    olds = Counter((m.rule, m.kind) for m in before)
    news = Counter((m.rule, m.kind) for m in after)
    moved = Counter((c.made.rule, c.made.kind, c.how) for c in changes)
    rows = [
        RuleCount(
            rule,
            kind,
            olds[rule, kind],
            news[rule, kind],
            **{how: moved[rule, kind, how] for how in HOWS},
        )
        for rule, kind in {*olds, *news}
    ]
    rows.sort(key=lambda r: (-(r.gained + r.lost + r.changed), r.rule, r.kind))
    return tuple(rows)


def _decisions(records: Iterable[Output]) -> dict[tuple[str, datetime, str, str], Made]:
    made = (_made(r) for r in records if isinstance(r, Nudge | Action | Escalation))
    return {one.place: one for one in made}


def _made(record: Nudge | Action | Escalation) -> Made:
    if isinstance(record, Nudge):
        kind = "nudge" if record.status == "shown" else "withdrawal"
        what = f"{record.title}: {record.say}" if record.say else record.title
    elif isinstance(record, Action):
        kind, what = "action", record.action
        if record.parameters:
            what += f" ({', '.join(f'{n}: {v}' for n, v in sorted(record.parameters.items()))})"
    else:
        kind, what = "escalation", f"{record.reason} ({record.severity})"
    return Made(
        kind=kind,
        rule=record.why.rule.id,
        conversation_id=record.conversation_id,
        customer_id=record.customer_id or record.conversation_id,
        at=record.event_time,
        what=what,
        why=record.why.because,
    )


def _said(records: Iterable[Output]) -> dict[str, list[tuple[datetime, str, str]]]:
    said: dict[str, list[tuple[datetime, str, str]]] = {}
    for record in records:
        if isinstance(record, Signal) and record.text:
            who = record.role.value if record.role else ""
            said.setdefault(record.conversation_id, []).append(
                (record.event_time, who, record.text)
            )
    return {conversation: sorted(lines) for conversation, lines in said.items()}


def _just_before(
    said: dict[str, list[tuple[datetime, str, str]]], made: Made
) -> tuple[tuple[str, str], ...]:
    lines = [(who, text) for at, who, text in said.get(made.conversation_id, ()) if at <= made.at]
    return tuple(lines[-BEFORE:])


def _who(signal: Signal) -> str:
    return signal.customer_id or signal.conversation_id
