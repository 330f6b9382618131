"""The gates before ranking, in this order; who is turned down at one never reaches the next.

eligibility ─▶ applicability ─▶ suitability ─▶ consent and preferences ─▶ contact policy

Unknown is no: a condition that cannot be evaluated does not hold, and who never said yes to a purpose that
needs consent has not agreed. What must be said passes the last two: law and safety ask nobody's leave.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cxstream.context.standing import Reached, Standing
from cxstream.decide.conditions import Condition, NotEvaluated, View
from cxstream.decide.index import Ranked
from cxstream.decide.moment import Kind, Moment
from cxstream.decide.policy import ANY_CHANNEL, DAY_MS, QuietHours, Suppression
from cxstream.events import from_ms, to_ms

_SHOWN_MAX = 120
_QUIET_AT_NIGHT = QuietHours(0, 0)


class Refusal(NamedTuple):
    """A gate that stayed shut, and why; the words before the colon are fixed, so that they can be counted."""

    gate: str
    reason: str


class Asked(NamedTuple):
    """What asks to pass: an effect of a rule, where it would be shown, how it would reach the customer."""

    ranked: Ranked
    kind: Kind
    has_place: bool
    contact: str = ""


class Gates:
    """The gates of one moment; `reached` are the contacts that were let through."""

    def __init__(self, moment: Moment, view: View) -> None:
        self._moment = moment
        self._view = view
        self.standing: Standing = moment.standing
        self.reached: tuple[Reached, ...] = ()

    def refusal(self, asked: Asked) -> Refusal | None:
        """The first gate that stays shut; None when all are open."""
        rule, purpose = asked.ranked.rule, asked.ranked.purpose
        return (
            self._no_agent(asked)
            or self._unless(purpose.gates.eligible, "eligibility", "not eligible")
            or self._unless(rule.gates.eligible, "eligibility", "not eligible")
            or self._weak_evidence(asked)
            or self._unless(purpose.gates.applicable, "applicability", "not applicable")
            or self._unless(rule.gates.applicable, "applicability", "not applicable")
            or self._unless(purpose.gates.suitable, "suitability", "not suitable")
            or self._unless(rule.gates.suitable, "suitability", "not suitable")
            or (None if rule.must_say else self._consent(asked) or self._contact_policy(asked))
        )

    def wait_until_ms(self, asked: Asked) -> int:
        """When an action that reaches the customer may begin: now, or at the end of the quiet hours."""
        end_ms = self._quiet_until_ms(asked)
        return self._moment.event_time_ms if end_ms is None else end_ms

    def reach(self, channel: str, decision_id: str) -> None:
        """Note that the customer is reached by what was let through."""
        reached = Reached(channel, self._moment.event_time_ms, decision_id)
        self.standing = self.standing.after_reaching(reached)
        self.reached = (*self.reached, reached)

    def _no_agent(self, asked: Asked) -> Refusal | None:
        if asked.kind == "nudge" and not asked.has_place:
            return Refusal("eligibility", "no agent on the conversation")
        return None

    def _weak_evidence(self, asked: Asked) -> Refusal | None:
        """What rests on a guess of who spoke, or on the lexicon, when the rule wants better."""
        rule = asked.ranked.rule
        needs_role = rule.needs_known_role
        if needs_role is None:
            needs_role = asked.kind != "nudge"
        if needs_role and self._moment.role_guessed:
            return Refusal("applicability", "role only guessed: who spoke is not known for sure")
        if rule.needs_model and self._moment.degraded:
            return Refusal(
                "applicability",
                "scores degraded: a lighter model answered, this rule needs the model",
            )
        return None

    def _unless(self, condition: Condition | None, gate: str, words: str) -> Refusal | None:
        """Shut unless the condition holds."""
        if condition is None:
            return None
        self._view.ready(condition)
        try:
            if self._view.holds(condition):
                return None
        except NotEvaluated as error:
            return Refusal(gate, f"{words}: {error}")
        source = condition.source
        return Refusal(
            gate, f"{words}: {source if len(source) <= _SHOWN_MAX else source[:_SHOWN_MAX] + '…'}"
        )

    def _consent(self, asked: Asked) -> Refusal | None:
        purpose, channel = asked.ranked.purpose, asked.contact or self._moment.channel
        agrees = self.standing.agrees(purpose.name, channel, self._moment.event_time_ms)
        if agrees == "no":
            return Refusal(
                "consent",
                f"consent refused: the customer does not want {purpose.name} by {channel}",
            )
        if purpose.needs_consent and agrees == "unknown":
            return Refusal(
                "consent",
                f"consent unknown: {purpose.name} by {channel} needs a yes, and nobody has it",
            )
        if asked.contact and asked.contact in (self.standing.preferences.never or ()):
            return Refusal(
                "consent", f"preferences: the customer does not want to be reached by {channel}"
            )
        return None

    def _contact_policy(self, asked: Asked) -> Refusal | None:
        policy = asked.ranked.policy.contact
        for suppression in policy.suppressions:
            until_ms = self._suppressed_until_ms(asked.ranked, suppression)
            if until_ms > self._moment.event_time_ms:
                outcomes = " or ".join(suppression.outcomes)
                return Refusal(
                    "contact_policy",
                    f"suppressed: {suppression.after} times {outcomes} within"
                    f" {suppression.within_days} days, pauses until {_day(until_ms)}",
                )
        if not asked.contact:
            return None
        for limit in policy.limits:
            if limit.channel not in (asked.contact, ANY_CHANNEL):
                continue
            since_ms = self._moment.event_time_ms - limit.within_days * DAY_MS
            count = sum(
                r.at_ms > since_ms and limit.channel in (r.channel, ANY_CHANNEL)
                for r in self.standing.reached
            )
            if count >= limit.at_most:
                return Refusal(
                    "contact_policy",
                    f"contact limit: reached {count} times by {limit.channel} within"
                    f" {limit.within_days} days, at most {limit.at_most}",
                )
        end_ms = self._quiet_until_ms(asked)
        if end_ms is not None and (policy.quiet or _QUIET_AT_NIGHT).then == "refuse":
            return Refusal(
                "contact_policy",
                f"quiet hours: nobody is approached before {from_ms(end_ms):%Y-%m-%d %H:%M} UTC",
            )
        return None

    def _suppressed_until_ms(self, ranked: Ranked, suppression: Suppression) -> int:
        if suppression.purpose and suppression.purpose != ranked.purpose.name:
            return 0
        times = [
            r.at_ms
            for r in self.standing.responses
            if r.rule == ranked.rule.id and r.kind in suppression.outcomes
        ]
        span_ms, last = suppression.within_days * DAY_MS, suppression.after - 1
        runs = zip(times, times[last:], strict=False)
        return max(
            (end + suppression.for_days * DAY_MS for begin, end in runs if end - begin <= span_ms),
            default=0,
        )

    def _quiet_until_ms(self, asked: Asked) -> int | None:
        """When the quiet hours end in which the moment lies; None outside of them."""
        quiet, wanted = asked.ranked.policy.contact.quiet, self.standing.preferences
        if not asked.contact or (quiet and quiet.channels and asked.contact not in quiet.channels):
            return None
        begin, end = (quiet.begin_min, quiet.end_min) if quiet else (0, 0)
        if wanted.quiet_from and wanted.quiet_until:
            begin, end = _minute(wanted.quiet_from), _minute(wanted.quiet_until)
        if begin == end:
            return None
        zone = ZoneInfo(wanted.time_zone or (quiet.time_zone if quiet else "UTC"))
        here = from_ms(self._moment.event_time_ms).astimezone(zone)
        minute = here.hour * 60 + here.minute
        quiet_now = begin <= minute < end if begin < end else minute >= begin or minute < end
        if not quiet_now:
            return None
        day = here.date() + timedelta(days=1 if begin > end and minute >= begin else 0)
        over = datetime(day.year, day.month, day.day, end // 60, end % 60, tzinfo=zone)
        return to_ms(over.astimezone(UTC))


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _day(at_ms: int) -> str:
    return f"{from_ms(at_ms):%Y-%m-%d}"
