"""What a customer allows and wants, how often we reached out, and what came of it.

Pure facts; what follows from them is for the contact policy of a playbook (`decide.gates`). All of it is
bounded, and what is older than ninety days is forgotten, but for consents and preferences, which stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import asdict, replace

from cxstream.errors import RecordError
from cxstream.events import Consent, Preferences, to_ms

CONSENTS_MAX = 64
REACHED_MAX = 64
RESPONSES_MAX = 128
NAMES_MAX = 16
KEPT_MS = 90 * 86_400_000
"""How long contacts and responses count: limits and suppressions look back no further."""

Agreement = Literal["yes", "no", "unknown"]


class Agreed(Struct, frozen=True, array_like=True):
    """One word of the customer on a purpose: when it was given, and until when it holds (0: no end)."""

    given: bool
    at_ms: int
    until_ms: int = 0


class Reached(Struct, frozen=True, array_like=True):
    """One time that we got in touch with the customer by ourselves."""

    channel: str
    at_ms: int
    decision_id: str

    @property
    def order(self) -> tuple[int, str]:
        """Its place among the others."""
        return self.at_ms, self.decision_id


class Response(Struct, frozen=True, array_like=True):
    """What became of one decision of a rule."""

    rule: str
    kind: str
    at_ms: int
    outcome_id: str
    decision_id: str = ""

    @property
    def order(self) -> tuple[int, str]:
        """Its place among the others."""
        return self.at_ms, self.outcome_id


class Standing(Struct, frozen=True):
    """How things stand with a customer; every change gives a new one.

    `consents` is by purpose, or by purpose and channel with a blank between: the narrower word counts first.
    """

    consents: dict[str, Agreed] = {}
    preferences: Preferences = Preferences()
    preferences_ms: int = -1
    reached: tuple[Reached, ...] = ()
    responses: tuple[Response, ...] = ()

    def agrees(self, purpose: str, channel: str, at_ms: int) -> Agreement:
        """Whether the customer agrees to a purpose on a channel at a moment; silence is `unknown`."""
        for name in (f"{purpose} {channel}", purpose):
            agreed = self.consents.get(name)
            if agreed is not None and not (agreed.until_ms and agreed.until_ms <= at_ms):
                return "yes" if agreed.given else "no"
        return "unknown"

    def with_consents(self, consents: Iterable[Consent], at_ms: int) -> Standing:
        """Take over words on purposes; an older word never replaces a newer one.

        Raises `RecordError` for more than can be kept.
        """
        together = dict(self.consents)
        for consent in consents:
            until_ms = to_ms(consent.until) if consent.until else 0
            channels = [f"{consent.purpose} {c}" for c in consent.channels] or [consent.purpose]
            for name in channels:
                known = together.get(name)
                if known is None or known.at_ms <= at_ms:
                    together[name] = Agreed(consent.given, at_ms, until_ms)
        if len(together) > CONSENTS_MAX:
            raise RecordError(
                "bad_value",
                field="consents",
                mend=f"a customer has at most {CONSENTS_MAX} purposes and channels",
            )
        return replace(self, consents=together)

    def with_preferences(self, wanted: Preferences, at_ms: int) -> Standing:
        """Take over what is said; what is not said stays.

        Raises `RecordError` for too many channels, or a time zone that does not exist.
        """
        if at_ms < self.preferences_ms:
            return self
        said = {name: value for name, value in asdict(wanted).items() if value is not None}
        if any(isinstance(v, tuple) and len(v) > NAMES_MAX for v in said.values()):
            raise RecordError(
                "bad_value", field="preferences", mend=f"name at most {NAMES_MAX} channels"
            )
        if wanted.time_zone is not None and not _is_zone(wanted.time_zone):
            raise RecordError(
                "bad_value",
                field="preferences.time_zone",
                mend="send the name of a zone as Europe/London",
            )
        return replace(self, preferences=replace(self.preferences, **said), preferences_ms=at_ms)

    def after_reaching(self, reached: Reached) -> Standing:
        """Note that we got in touch, once a decision."""
        if any(r.decision_id == reached.decision_id for r in self.reached):
            return self
        return replace(self, reached=_newest((*self.reached, reached), REACHED_MAX))

    def without_reaching(self, decision_id: str) -> Standing:
        """What was to reach the customer was not done after all."""
        kept = tuple(r for r in self.reached if r.decision_id != decision_id)
        return self if len(kept) == len(self.reached) else replace(self, reached=kept)

    def after_response(self, response: Response) -> Standing:
        """Note what became of a decision, once an outcome."""
        if any(r.outcome_id == response.outcome_id for r in self.responses):
            return self
        return replace(self, responses=_newest((*self.responses, response), RESPONSES_MAX))

    def without_answer(self, decision_id: str) -> Standing:
        """Take back what was answered to a decision."""
        kept = tuple(r for r in self.responses if r.decision_id != decision_id)
        return replace(self, responses=kept)

    def without_old(self, now_ms: int) -> Standing:
        """Forget contacts and responses of more than ninety days ago."""
        horizon = now_ms - KEPT_MS
        oldest = [r.at_ms for r in self.reached[:1]] + [r.at_ms for r in self.responses[:1]]
        if all(at_ms > horizon for at_ms in oldest):
            return self
        return replace(
            self,
            reached=tuple(r for r in self.reached if r.at_ms > horizon),
            responses=tuple(r for r in self.responses if r.at_ms > horizon),
        )

    def merged(self, other: Standing) -> Standing:
        """Join what two keys knew of one person; of two words on one thing the later holds."""
        consents = dict(self.consents)
        for name, agreed in other.consents.items():
            if name not in consents or consents[name].at_ms < agreed.at_ms:
                consents[name] = agreed
        newer = max(self, other, key=lambda s: s.preferences_ms)
        merged = replace(
            self,
            consents=dict([*consents.items()][:CONSENTS_MAX]),
            preferences=newer.preferences,
            preferences_ms=newer.preferences_ms,
        )
        for reached in other.reached:
            merged = merged.after_reaching(reached)
        for response in other.responses:
            merged = merged.after_response(response)
        return merged

    def empty(self) -> bool:
        """Whether nothing is known."""
        return self == Standing()


_Timed = TypeVar("_Timed", Reached, Response)


def _newest(members: tuple[_Timed, ...], most: int) -> tuple[_Timed, ...]:
    return tuple(sorted(members, key=lambda one: one.order))[-most:]


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # not found, a folder, or no name at all
        return False
    return True
