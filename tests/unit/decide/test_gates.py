"""The gates before ranking: their order, what each asks, and that unknown is no."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from decide_moments import moment
from msgspec.structs import replace

from cxstream.context.standing import Agreed, Reached, Response, Standing
from cxstream.decide.decider import Decider
from cxstream.decide.load import load_playbook
from cxstream.decide.moment import Decided, Moment, RequestAction
from cxstream.events import Preferences

DAY_MS = 86_400_000
BOOK = """
playbook: t
version: '1'
purposes:
  offers: {needs_consent: true, eligible: customer.known}
contact_policy:
  limits: [{channel: email, at_most: 1, within_days: 7}, {channel: any, at_most: 3, within_days: 30}]
  suppression: [{after: 2, outcomes: [dismissed, ignored], within_days: 30, for_days: 60}]
  quiet_hours: {from: "21:00", until: "08:00", time_zone: Europe/London, then: THEN}
rules:
  - id: offer
    title: t
    purpose: offers
    on: [customer_utterance]
    phrases: [go]
    eligible: customer.attributes.age >= 18
    applicable: '!conversation.on_hold'
    suitable: conversation.level >= 0.0
    because: b
    cooldown_s: 0
    action: {name: send, contact: email}
"""
AT = datetime(2026, 6, 18, 11, tzinfo=UTC)
YES = {"offers": Agreed(True, 0)}
GOOD = {"known": True, "attributes": {"age": 30}}


def play(
    standing: Standing,
    *,
    at: datetime = AT,
    customer: dict[str, object] | None = None,
    conversation: dict[str, object] | None = None,
    book: str = BOOK,
    role_guessed: bool = False,
) -> Decided:
    asked: Moment = replace(
        moment(
            "go",
            customer=GOOD if customer is None else customer,
            conversation=conversation,
            role_guessed=role_guessed,
        ),
        event_time_ms=int(at.timestamp() * 1000),
        standing=standing,
    )
    playbook = load_playbook(book.replace("THEN", "refuse"), "t.yaml")
    return Decider([playbook]).decide(asked, ())


def refused(decided: Decided) -> tuple[str, str]:
    (rejection,) = decided.rejected
    assert not decided.decisions
    return rejection.gate, rejection.reason.partition(":")[0]


def test_who_passes_every_gate_gets_it() -> None:
    decided = play(Standing(consents=YES))
    assert [d.why.rule.id for d in decided.decisions] == ["offer"]
    assert [r.channel for r in decided.reached] == ["email"]


def test_the_gates_are_asked_in_their_order() -> None:
    """Everything is wrong at first; what is mended opens one gate after the other."""
    bad: dict[str, object] = {"on_hold": True, "level": -0.5}
    late = AT.replace(hour=23)
    full = Standing(reached=(Reached("email", int(late.timestamp() * 1000) - 5, "x"),))
    seen = [refused(play(full, at=late, customer={"known": False}, conversation=bad))]
    seen.append(refused(play(full, at=late, customer={"known": True}, conversation=bad)))
    seen.append(refused(play(full, at=late, conversation=bad, role_guessed=True)))
    seen.append(refused(play(full, at=late, conversation=bad)))
    seen.append(refused(play(full, at=late, conversation={"level": -0.5})))
    seen.append(refused(play(full, at=late)))
    agreed = replace(full, consents=YES)
    seen.append(refused(play(agreed, at=late)))
    seen.append(refused(play(replace(agreed, reached=()), at=late)))
    assert seen == [
        ("eligibility", "not eligible"),
        ("eligibility", "not eligible"),
        ("applicability", "role only guessed"),
        ("applicability", "not applicable"),
        ("suitability", "not suitable"),
        ("consent", "consent unknown"),
        ("contact_policy", "contact limit"),
        ("contact_policy", "quiet hours"),
    ]


@pytest.mark.parametrize(
    ("consents", "expected"),
    [
        ({}, "consent unknown"),
        ({"offers": Agreed(False, 0)}, "consent refused"),
        ({"offers": Agreed(True, 0), "offers email": Agreed(False, 0)}, "consent refused"),
        ({"offers": Agreed(True, 0, until_ms=1)}, "consent unknown"),
        ({"service": Agreed(True, 0)}, "consent unknown"),
        ({"offers": Agreed(False, 0), "offers email": Agreed(True, 0)}, None),
        ({"offers": Agreed(True, 0)}, None),
    ],
)
def test_unknown_is_no_and_the_narrower_word_counts(
    consents: dict[str, Agreed], expected: str | None
) -> None:
    decided = play(Standing(consents=consents))
    if expected is None:
        assert decided.decisions
    else:
        assert refused(decided) == ("consent", expected)


def test_a_no_counts_even_where_no_consent_is_needed_but_not_against_what_must_be_said() -> None:
    service = BOOK.replace("purpose: offers", "purpose: service")
    no = Standing(consents={"service": Agreed(False, 0)})
    assert refused(play(no, book=service)) == ("consent", "consent refused")
    must = service.replace("because: b", "because: b\n    must_say: true")
    assert play(no, book=must).decisions


def test_a_channel_that_is_never_welcome_is_not_used() -> None:
    standing = Standing(consents=YES, preferences=Preferences(never=("email",)))
    assert refused(play(standing)) == ("consent", "preferences")


def test_limits_count_their_channel_and_all_together_within_their_days() -> None:
    now = int(AT.timestamp() * 1000)

    def after(*reached: tuple[str, float]) -> Decided:
        times = tuple(Reached(c, now - int(d * DAY_MS), f"{c}{d}") for c, d in reached)
        return play(Standing(consents=YES, reached=times))

    assert refused(after(("email", 6.9)))[1] == "contact limit"
    assert after(("email", 7.1)).decisions
    assert after(("sms", 1), ("voice", 2)).decisions
    assert refused(after(("sms", 1), ("voice", 2), ("sms", 29)))[1] == "contact limit"


def test_two_refusals_within_a_month_give_two_months_of_peace() -> None:
    now = int(AT.timestamp() * 1000)

    def after(*days: float, kind: str = "dismissed", rule: str = "offer") -> Decided:
        said = [Response(rule, kind, now - int(d * DAY_MS), str(d)) for d in sorted(days)[::-1]]
        return play(Standing(consents=YES, responses=tuple(said)))

    assert after(5).decisions
    assert refused(after(5, 20)) == ("contact_policy", "suppressed")
    assert refused(after(59, 80))[1] == "suppressed"
    assert after(61, 80).decisions
    assert after(5, 40).decisions
    assert after(5, 20, kind="accepted").decisions
    assert after(5, 20, rule="another").decisions


@pytest.mark.parametrize(
    ("at", "zone", "hours", "quiet"),
    [
        ("2026-06-18T20:30", None, None, True),  # 21:30 in London, summer time
        ("2026-06-18T19:30", None, None, False),
        ("2026-12-18T20:30", None, None, False),  # 20:30 in London, winter time
        ("2026-06-18T06:59", None, None, True),
        ("2026-06-18T07:00", None, None, False),
        ("2026-06-18T20:30", "America/New_York", None, False),
        ("2026-06-18T02:30", "America/New_York", None, True),
        ("2026-06-18T13:30", "Asia/Tokyo", ("20:00", "23:00"), True),
        ("2026-06-18T15:30", "Asia/Tokyo", ("20:00", "23:00"), False),
    ],
)
def test_nobody_is_approached_in_their_quiet_hours(
    at: str, zone: str | None, hours: tuple[str, str] | None, quiet: bool
) -> None:
    begin, end = hours or (None, None)
    wanted = Preferences(time_zone=zone, quiet_from=begin, quiet_until=end)
    decided = play(
        Standing(consents=YES, preferences=wanted),
        at=datetime.fromisoformat(at).replace(tzinfo=UTC),
    )
    assert bool(decided.decisions) != quiet
    if quiet:
        assert refused(decided) == ("contact_policy", "quiet hours")


def test_what_may_wait_waits_for_the_end_of_the_quiet_hours() -> None:
    """In the night in which London's clocks go back: eight o'clock there is eight in UTC, not seven."""
    decided = play(
        Standing(consents=YES),
        at=datetime(2026, 10, 24, 22, 0, tzinfo=UTC),
        book=BOOK.replace("THEN", "wait"),
    )
    effect = decided.decisions[0].effect
    assert isinstance(effect, RequestAction)
    assert effect.not_before_ms == int(datetime(2026, 10, 25, 8, tzinfo=UTC).timestamp() * 1000)
