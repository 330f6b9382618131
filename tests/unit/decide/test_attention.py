"""An agent's attention: nothing twice, never more than three at once, expiry, withdrawal, late events."""

from __future__ import annotations

from collections.abc import Sequence

from decide_moments import START_MS, decider, moment
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cxstream.context.customer import GIVEN_MAX
from cxstream.context.given import Given
from cxstream.decide.attention import LIVE_MAX
from cxstream.decide.moment import Decided, Moment

RULE = (
    "- {{id: {id}, title: t, on: [customer_utterance], phrases: [{id}], because: b, priority: {priority},"
    " cooldown_s: {cooldown}, valid_for_s: {valid}, nudge: {{title: {id}, say: {id}}}{more}}}\n"
)


def rule(
    name: str, *, priority: int = 50, cooldown: int = 100, valid: int = 30, more: str = ""
) -> str:
    return RULE.format(id=name, priority=priority, cooldown=cooldown, valid=valid, more=more)


def names(decided: Decided) -> list[tuple[str, str]]:
    return [(d.why.rule.id, d.kind) for d in decided.decisions]


def reasons(decided: Decided) -> dict[str, str]:
    return {r.rule: r.reason for r in decided.rejected}


def play(
    rules: str, told: Sequence[tuple[float, str]], conversation_id: str = "c-1"
) -> list[Decided]:
    one, given, answers = decider(rules), (), []
    for at_s, text in told:
        decided = one.decide(moment(text, at_s=at_s, conversation_id=conversation_id), given)
        given = decided.given  # type: ignore[assignment]
        answers.append(decided)
    return answers


def test_in_force_then_cool_down_then_again() -> None:
    first, in_force, cooling, again = play(
        rule("alpha"), [(0, "alpha"), (20, "alpha"), (90, "alpha"), (100, "alpha")]
    )
    assert names(first) == [("alpha", "nudge")]
    assert reasons(in_force) == {"alpha": "in force: given 20 s ago"}
    assert reasons(cooling) == {"alpha": "cool-down: given 90 s ago, at most every 100 s"}
    assert names(again) == [("alpha", "nudge")]


def test_a_nudge_is_repeated_in_another_conversation_an_action_is_not() -> None:
    act = rule("alpha").replace("nudge: {title: alpha, say: alpha}", "action: {name: do}")
    for rules, expected in ((rule("alpha"), 1), (act, 0)):
        one = decider(rules)
        first = one.decide(moment("alpha"), ())
        second = one.decide(moment("alpha", at_s=5, conversation_id="c-2"), first.given)
        assert len(second.decisions) == expected


def test_once_per_conversation_and_customer() -> None:
    per = rule("alpha", more=", once_per: {}")
    for scope, expected in (("conversation", 1), ("customer", 0)):
        one = decider(per.replace("{}", scope))
        first = one.decide(moment("alpha"), ())
        same = one.decide(moment("alpha", at_s=9_000), first.given)
        assert reasons(same) == {"alpha": f"given once: this {scope} had it already"}
        other = one.decide(moment("alpha", at_s=9_000, conversation_id="c-2"), first.given)
        assert len(other.decisions) == expected


def test_the_fourth_waits_unless_it_matters_more() -> None:
    rules = "".join(
        rule(word, priority=p) for word, p in zip("abcd", (50, 40, 60, 30), strict=True)
    )
    rules += rule("urgent", priority=90)
    told = [(0, "a b"), (1, "c"), (2, "d"), (3, "urgent")]
    *_, full, urgent = play(rules.replace("[a]", "['\\ba\\b']"), told)
    assert reasons(full)["d"] == "attention: 3 nudges are live already, none of them less important"
    assert names(urgent) == [("b", "withdrawal"), ("urgent", "nudge")]
    assert urgent.decisions[0].why.because == "Makes room for something more important: t."


def test_one_moment_shows_two_at_most() -> None:
    rules = rule("alpha", priority=3) + rule("beta", priority=2) + rule("gamma", priority=1)
    (decided,) = play(rules, [(0, "alpha beta gamma")])
    assert names(decided) == [("alpha", "nudge"), ("beta", "nudge")]
    assert reasons(decided) == {"gamma": "attention: this moment has shown 2 nudges already"}


def test_suppression_lasts_as_long_as_it_is_in_force_and_takes_the_card_away() -> None:
    rules = rule("low", valid=300) + rule("high", priority=60, more=", suppresses: [low]")
    shown, both, later, free = play(
        rules, [(0, "low"), (10, "low high"), (20, "low"), (200, "low")]
    )
    assert names(shown) == [("low", "nudge")]
    assert names(both) == [("low", "withdrawal"), ("high", "nudge")]
    assert both.decisions[0].effect.nudge_id == shown.decisions[0].id  # type: ignore[union-attr]
    assert reasons(both) == {"low": "superseded: high is the better answer"}
    assert reasons(later) == {"low": "superseded: high is the better answer"}
    assert names(free) == [("low", "nudge")]


def test_withdrawn_when_the_reason_is_gone_and_only_while_it_is_shown() -> None:
    more = (
        ', withdraw_when: conversation.level > 0.2, withdraw_because: "mood {conversation.level}"'
    )
    one = decider(rule("alpha", more=more))
    shown = one.decide(moment("alpha"), ())
    happy = {"level": 0.5}
    gone = one.decide(moment("fine", at_s=5, conversation=happy), shown.given)
    assert names(gone) == [("alpha", "withdrawal")]
    assert gone.decisions[0].why.because == "mood 0.50"
    assert gone.decisions[0].why.scores == {"conversation.level": 0.5}
    again = one.decide(moment("fine", at_s=6, conversation=happy), gone.given)
    expired = one.decide(moment("fine", at_s=40, conversation=happy), shown.given)
    elsewhere = moment("fine", at_s=5, conversation=happy, conversation_id="c-2")
    assert not (
        again.decisions or expired.decisions or one.decide(elsewhere, shown.given).decisions
    )


def test_a_control_event_can_withdraw() -> None:
    more = ", withdraw_when: event.kind == 'transfer', withdraw_because: gone"
    one = decider(rule("alpha", more=more))
    shown = one.decide(moment("alpha"), ())
    assert names(one.decide(moment(kind="transfer", at_s=3), shown.given)) == [
        ("alpha", "withdrawal")
    ]


def test_a_late_event_shows_nothing_that_is_over_and_takes_nothing_newer_away() -> None:
    more = ", withdraw_when: conversation.level > 0.2, withdraw_because: b"
    rules = rule("alpha", more=more) + rule("beta", valid=20)
    one = decider(rules)
    now = one.decide(moment("alpha", at_s=100), ())
    late = one.decide(moment("alpha beta", at_s=50, conversation={"level": 0.9}), now.given)
    assert names(late) == []
    assert reasons(late) == {
        "alpha": "in force: given 50 s later",
        "beta": "too late: the conversation has moved on",
    }
    still_time = one.decide(moment("beta", at_s=90), now.given)
    assert names(still_time) == [("beta", "nudge")]


def test_on_a_slow_channel_everything_lasts_longer() -> None:
    one = decider(rule("alpha"))
    one.index.by_id["alpha"].pace["email"] = 60
    first = one.decide(moment("alpha", channel="email"), ())
    assert first.decisions[0].expires_at_ms == START_MS + 30 * 60 * 1000
    later = one.decide(moment("alpha", channel="email", at_s=3_000), first.given)
    assert reasons(later) == {"alpha": "cool-down: given 3000 s ago, at most every 6000 s"}


WORDS = ("alpha", "beta", "gamma", "delta", "omega")
RULES = "".join(
    rule(word, priority=10 * n, cooldown=n * 7, valid=5 + 20 * n, more=suppresses)
    for n, (word, suppresses) in enumerate(
        zip(WORDS, ("", "", ", suppresses: [alpha]", "", ", suppresses: [beta]"), strict=True)
    )
)
DECIDER = decider(RULES)
told = st.builds(
    lambda words, at_s, conversation: moment(
        " ".join(words),
        at_s=at_s,
        conversation_id=conversation,
        signal_id=f"{conversation}-{at_s}-{words}",
    ),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4),
    st.integers(0, 300),
    st.sampled_from(("c-1", "c-2")),
)


# a redelivered signal never gets here: the customer's state knows it (see test_pipeline.py)
@given(st.lists(told, max_size=40, unique_by=lambda m: m.signal_id), st.booleans())
def test_never_two_of_one_rule_and_never_more_than_allowed(
    moments: list[Moment], ordered: bool
) -> None:
    """Whatever comes, in order or not: at every instant each conversation's screen stays bounded."""
    if ordered:
        moments.sort(key=lambda m: m.event_time_ms)
    state: tuple[Given, ...] = ()
    live: dict[str, list[tuple[str, str, int, int]]] = {"c-1": [], "c-2": []}
    for at in moments:
        decided = DECIDER.decide(at, state)
        state = decided.given
        cards = live[at.conversation_id]
        for decision in decided.decisions:
            if decision.kind == "withdrawal":
                nudge_id = decision.effect.nudge_id  # type: ignore[union-attr]
                (card,) = [c for c in cards if c[0] == nudge_id]
                assert card[2] <= at.event_time_ms < card[3]
                cards.remove(card)
                cards.append((*card[:3], at.event_time_ms))
            else:
                span = (at.event_time_ms, decision.expires_at_ms)
                cards.append((decision.id, decision.why.rule.id, *span))
        for instant in {c[2] for c in cards}:
            shown = [rule for _, rule, begin, end in cards if begin <= instant < end]
            assert len(shown) == len(set(shown)) <= LIVE_MAX
        assert len(state) <= GIVEN_MAX
        assert list(state) == sorted(state, key=lambda g: (g.at_ms, g.decision_id))


@given(st.lists(told, max_size=15))
def test_the_same_moments_give_the_same_decisions_and_ids(moments: list[Moment]) -> None:
    runs = []
    for one in (DECIDER, decider(RULES)):
        state: tuple[Given, ...] = ()
        decided = []
        for at in moments:
            answer = one.decide(at, state)
            state = answer.given
            decided.append(answer)
        runs.append(decided)
    assert runs[0] == runs[1]


def test_what_was_given_is_forgotten_on_time_and_stays_bounded() -> None:
    state: tuple[Given, ...] = ()
    for n in range(200):
        at = moment("alpha", at_s=n * 1_000, conversation_id=f"c-{n}")
        state = DECIDER.decide(at, state).given
    assert len(state) == GIVEN_MAX
    assert state[-1].conversation_id == "c-199"
    much_later = moment("alpha", at_s=31 * 86_400 + 200_000, conversation_id="c-1000")
    assert len(DECIDER.decide(much_later, state).given) == 1


def test_a_card_goes_when_the_turn_has_moved_on() -> None:
    one = decider(rule("alpha", valid=300, more=", for_turns: 2"))
    shown = one.decide(replace(moment("alpha"), agent_turns=3), ())
    soon = one.decide(replace(moment("hm", at_s=10, role="agent"), agent_turns=4), shown.given)
    assert names(soon) == []
    over = one.decide(replace(moment("hm", at_s=20, role="agent"), agent_turns=5), soon.given)
    assert names(over) == [("alpha", "withdrawal")]
    assert "moved on" in over.decisions[0].why.because


def test_what_must_be_said_takes_a_place_and_never_loses_one() -> None:
    rules = "".join(rule(word, priority=90) for word in ("ape", "bee", "cat", "dog"))
    rules += rule("duty", priority=1, more=", must_say: true")
    told = [(0, "ape"), (1, "bee"), (2, "cat"), (3, "duty"), (4, "dog")]
    *_, duty, dog = play(rules, told)
    assert names(duty) == [("ape", "withdrawal"), ("duty", "nudge")]
    assert reasons(dog) == {
        "dog": "attention: 3 nudges are live already, none of them less important"
    }


def test_what_must_be_said_is_shown_beside_three_others_that_must() -> None:
    words = ("ape", "bee", "cat", "dog")
    rules = "".join(rule(word, more=", must_say: true") for word in words)
    (decided,) = play(rules, [(0, " ".join(words))])
    assert sorted(name for name, _ in names(decided)) == sorted(words)


def test_the_same_words_are_not_shown_twice() -> None:
    rules = rule("alpha") + rule("beta").replace("say: beta", "say: alpha")
    (decided,) = play(rules, [(0, "alpha beta")])
    assert names(decided) == [("alpha", "nudge")]
    assert reasons(decided) == {"beta": "attention: alpha says the same words"}
