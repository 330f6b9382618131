"""What the next one needs to know, so that the customer does not have to say it again."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct


class Tried(Struct, frozen=True, omit_defaults=True):
    """Something that was tried: by us (`by` is a rule) or, as they told us, by the customer (`by` empty)."""

    what: str
    at: datetime
    by: str = ""
    outcome: str = ""


class Promised(Struct, frozen=True, omit_defaults=True):
    """A promise that is open: the words, and when it is due."""

    what: str
    at: datetime
    due: datetime | None = None


class Mood(Struct, frozen=True):
    """How one conversation went: its channel, the mean mood at its beginning, its lowest, and now (-1 to 1)."""

    conversation_id: str
    channel: str
    at: datetime
    level: float
    lowest: float


class Passport(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.passport.v1"):
    """What travels with the customer to whoever is next (`cx.passport.v1`). Key: customer_id.

    `conversation_id` is the conversation it is for, `cause` why it was made. `scope` is `conversation` when it
    tells only of that one (the customer does not want more to be passed on), else `customer`. All text is
    redacted. It must not be shown after `expires_at`; a later one of the same customer takes its place.
    """

    id: str
    customer_id: str
    conversation_id: str
    cause: Literal["transfer", "escalation", "channel_change", "return_visit"]
    event_time: datetime
    expires_at: datetime
    scope: Literal["conversation", "customer"]
    channel: str
    who: dict[str, str | bool | int | float] = {}
    why: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()
    promises: tuple[Promised, ...] = ()
    arc: tuple[Mood, ...] = ()
    do_not_ask: tuple[str, ...] = ()
    tenant: str = "default"
    agent_id: str | None = None
    queue: str | None = None
