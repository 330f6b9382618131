"""What is said of a customer: by a CRM, or by another key on its way to the customer it belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from cxstream.events.base import Id


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


class CustomerRecord(
    Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.customer.v1"
):
    """What a CRM or the privacy officer says of a customer (`cx.customer.v1`).

    `identity.linked`: `alias` (a conversation id, a phone number, another customer id) is this customer.
    `attributes.set`: facts that playbooks may read (segment, vulnerable, language, consent flags).
    """

    customer_id: Id
    type: Literal["identity.linked", "attributes.set"]
    event_time: datetime
    tenant: str = "default"
    alias: Id | None = None
    attributes: dict[str, str | bool | int | float] = {}
