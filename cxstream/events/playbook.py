"""Playbooks on their way to the workers: the text of a version, and which version decides."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from cxstream.events.base import Id, Probability


class PlaybookRecord(
    Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.playbook.v1"
):
    """One version of a playbook, whole, as YAML. Key: `name@version`; a version never changes."""

    name: Id
    version: Id
    text: str
    event_time: datetime
    by: str | None = None


class PlaybookRelease(
    Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.playbook-release.v1"
):
    """Which version of a playbook decides, and which is on trial. Key: `name`.

    In `shadow` the trial decides beside the live one and nothing of it is done; as a `canary` it decides for
    a `share` of the customers, the same ones at every moment. `previous` is where a rollback goes.
    """

    name: Id
    live: Id
    event_time: datetime
    previous: Id | None = None
    trial: Id | None = None
    mode: Literal["shadow", "canary"] = "shadow"
    share: Probability = 0.0
    by: str | None = None


class Shadow(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.shadow.v1"):
    """What a playbook in shadow would have decided otherwise at one moment. Key: the customer.

    Members are `kind:rule`, such as `nudge:channel_switch`. Moments at which both agree are not published.
    """

    id: str
    conversation_id: str
    event_time: datetime
    playbook: str
    version: str
    only_live: tuple[str, ...] = ()
    only_trial: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    tenant: str = "default"
    customer_id: str | None = None

    def sides(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What only the live one, only the trial, and both decided."""
        return ("live", self.only_live), ("trial", self.only_trial), ("both", self.both)


PlaybookEvent = PlaybookRecord | PlaybookRelease
