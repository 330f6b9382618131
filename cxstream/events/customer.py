"""What is said of a customer: by a CRM, or by another key on its way to the customer it belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from cxstream.events.base import Id

ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class CarryOver(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.carryover.v1"):
    """Everything known under one key, on its way to the customer it turned out to belong to.

    First it travels empty to `from_key` (what is kept there?), then with `state` to `customer_id`.
    """

    id: str
    from_key: str
    customer_id: str
    event_time: datetime
    tenant: str = "default"
    state: str | None = None


class Consent(Struct, frozen=True, omit_defaults=True):
    """Whether the customer agrees to one purpose, on some channels (none named: on all), until when.

    A later word on the same purpose and channel takes the place of an earlier one.
    """

    purpose: Id
    given: bool
    channels: tuple[str, ...] = ()
    until: datetime | None = None


class Preferences(Struct, frozen=True, omit_defaults=True):
    """How the customer wants to be reached; what is not said stays as it was said before.

    `channels` are welcome, the best first; on those in `never` nobody gets in touch. `time_zone` is an IANA
    name, `quiet_from` and `quiet_until` are times of day there ("21:00", "08:00").
    """

    channels: tuple[str, ...] | None = None
    never: tuple[str, ...] | None = None
    time_zone: str | None = None
    quiet_from: ClockTime | None = None
    quiet_until: ClockTime | None = None
    language: str | None = None


class CustomerRecord(
    Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.customer.v1"
):
    """What a CRM or the privacy officer says of a customer (`cx.customer.v1`).

    `identity.linked`: `alias` (a conversation id, a phone number, another customer id) is this customer.
    `attributes.set`: facts that playbooks may read (segment, vulnerable, language).
    `consent.set`: what the customer agrees to, or does not. `preferences.set`: how they want to be reached.
    """

    customer_id: Id
    type: Literal["identity.linked", "attributes.set", "consent.set", "preferences.set"]
    event_time: datetime
    tenant: str = "default"
    alias: Id | None = None
    attributes: dict[str, str | bool | int | float] = {}
    consents: tuple[Consent, ...] = ()
    preferences: Preferences | None = None
