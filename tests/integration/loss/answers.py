"""What people answer to what was decided: agents to nudges, supervisors to actions, a CRM to what it did.

A function of the decision and the seed, so that a session with faults is answered as the one without.
Agents and CRM answer in one half of the turns, supervisors in the other: on the way to a customer's state
their topics cross, and what crosses in another order may rightly decide otherwise.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from script import Sent, rfc3339

AFTER_MS = 3_000


class Decided(NamedTuple):
    """A decision that somebody may answer."""

    role: str
    id: str
    conversation: str
    customer: str
    at_ms: int
    needs_approval: bool


def decided(role: str, record: dict[str, Any]) -> Decided | None:
    """What may be answered in an output, if it may."""
    new = record.get("status", {"nudges": "shown", "actions": "proposed"}.get(role))
    if (role, new) not in (("nudges", "shown"), ("actions", "proposed")):
        return None
    at = datetime.fromisoformat(record["event_time"])
    return Decided(
        role,
        record["id"],
        record["conversation_id"],
        record["customer_id"],
        int(at.timestamp() * 1000),
        record.get("needs_approval", False),
    )


def answers(open_: Iterable[Decided], turn: int, seed: int) -> list[Sent]:
    """What is said in this turn, a customer's answers in the order of their ids."""
    of_supervisors = turn % 2 == 1
    mine = [one for one in open_ if one.needs_approval == of_supervisors]
    return [
        record
        for one in sorted(mine, key=lambda d: (d.at_ms, d.id))
        if (record := _answer(one, random.Random(f"{seed} {one.id}"))) is not None
    ]


def _answer(one: Decided, dice: random.Random) -> Sent | None:
    at_ms = one.at_ms + AFTER_MS
    about = {
        "id": f"answer-{blake2b(one.id.encode(), digest_size=8).hexdigest()}",
        "decision_id": one.id,
        "conversation_id": one.conversation,
        "customer_id": one.customer,
        "event_time": rfc3339(at_ms),
    }
    if one.needs_approval:
        topic = "approvals"
        verdict = dice.choice(["approved", "approved", "refused"])
        said = {
            "schema": "cx.approval.v1",
            "verdict": verdict,
            "by": "sam",
            "roles": ["supervisor"],
        }
    else:
        topic = "outcomes"
        by_agents = ["accepted", "dismissed", "acted", None]
        kind = dice.choice(by_agents if one.role == "nudges" else ["confirmed", "failed", None])
        if kind is None:  # nobody says anything
            return None
        source = "desk" if one.role == "nudges" else "crm"
        said = {"schema": "cx.outcome.v1", "kind": kind, "source": source}
    value = json.dumps({**said, **about}).encode()
    return Sent(about["id"], -1, one.customer, value, at_ms, ends=False, topic=topic)
