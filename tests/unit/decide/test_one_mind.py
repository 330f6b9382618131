"""One customer in two conversations: one mind decides, says where it shows, and takes one way at a time."""

from __future__ import annotations

from decide_moments import START_MS, decider, moment
from msgspec.structs import replace

from cxstream.context.given import Given
from cxstream.decide.moment import Decided, Elsewhere, Moment, ShowNudge, WithdrawNudge

CALL = Elsewhere("call", "voice", "a-tom")
CHAT = Elsewhere("chat", "chat", "a-lena")
KEEP = (
    "- {id: keep, title: t, on: [customer_utterance], phrases: [leave], because: b, priority: 40,"
    " valid_for_s: 120, nudge: {title: Keep, say: stay}}\n"
)
ACCEPT = (
    "- {id: accept, title: they insist, on: [customer_utterance], phrases: [insist], because: b,"
    " priority: 60, valid_for_s: 120, nudge: {title: Accept, say: done}, suppresses: [keep]}\n"
)


def bot(text: str, *, at_s: float = 0, elsewhere: tuple[Elsewhere, ...] = (CALL,)) -> Moment:
    """The customer writes to a bot while somebody talks with them elsewhere."""
    asked = moment(text, at_s=at_s, conversation_id="bot", agent_id=None, channel="chat")
    return replace(asked, bot_only=True, elsewhere=elsewhere)


def told(decided: Decided) -> list[tuple[str, str]]:
    return [(d.why.rule.id, d.kind) for d in decided.decisions]


def reasons(decided: Decided) -> dict[str, str]:
    return {r.rule: r.reason for r in decided.rejected}


def test_the_person_who_talks_with_the_customer_is_told_what_the_bot_was_told() -> None:
    decided = decider(KEEP).decide(bot("leave"), ())
    (effect,) = [d.effect for d in decided.decisions]
    assert isinstance(effect, ShowNudge)
    assert (effect.agent_id, effect.conversation_id, effect.channel) == ("a-tom", "call", "voice")
    assert decided.given[0].conversation_id == "call"
    assert decided.decisions[0].why.choice is not None
    assert decided.decisions[0].why.choice.reason == (
        "a-tom talks with the customer in call (voice)"
    )


def test_nobody_anywhere_is_told_nothing() -> None:
    decided = decider(KEEP).decide(bot("leave", elsewhere=()), ())
    assert reasons(decided) == {"keep": "no agent on the conversation"}
    assert decided.rejected[0].gate == "eligibility"


def test_what_one_conversation_has_settled_is_not_offered_in_the_other() -> None:
    one = decider(KEEP + ACCEPT)
    first = one.decide(moment("insist", conversation_id="call"), ())
    second = one.decide(moment("leave", at_s=5, conversation_id="chat"), first.given)
    assert told(second) == []
    assert reasons(second) == {"keep": "one mind: accept holds in call"}
    later = one.decide(moment("leave", at_s=200, conversation_id="chat"), first.given)
    assert told(later) == [("keep", "nudge")]


def test_the_card_in_the_other_conversation_goes_when_it_is_pointless() -> None:
    one = decider(KEEP + ACCEPT)
    shown = one.decide(moment("leave", conversation_id="call", agent_id="a-tom"), ())
    here = replace(
        moment("insist", at_s=5, conversation_id="chat", agent_id="a-lena"), elsewhere=(CALL,)
    )
    decided = one.decide(here, shown.given)
    assert told(decided) == [("keep", "withdrawal"), ("accept", "nudge")]
    withdrawn = decided.decisions[0].effect
    assert isinstance(withdrawn, WithdrawNudge)
    assert (withdrawn.agent_id, withdrawn.conversation_id) == ("a-tom", "call")
    assert withdrawn.nudge_id == shown.decisions[0].id


def test_the_same_agent_does_not_get_the_same_card_twice() -> None:
    one = decider(KEEP)
    shown = one.decide(moment("leave", conversation_id="call", agent_id="a-tom"), ())
    here = moment("leave", at_s=5, conversation_id="chat", agent_id="a-tom")
    again = one.decide(replace(here, elsewhere=(CALL,)), shown.given)
    assert reasons(again) == {"keep": "one mind: the same agent has it in call"}
    other = one.decide(
        replace(here, agent_id="a-lena", elsewhere=(CALL,)),
        shown.given,
    )
    assert told(other) == [("keep", "nudge")]


WAYS = (
    "- {id: person, title: t, on: [customer_utterance], phrases: [human], because: b, give: one,"
    " nudge: {title: N, say: n}, action: {name: act}, escalation: {reason: r, severity: low, summary: s}}\n"
)


def test_only_the_lightest_way_that_works_is_taken() -> None:
    one = decider(WAYS)
    human = one.decide(moment("human"), ())
    assert told(human) == [("person", "nudge")]
    assert reasons(human) == {"person": "one choice: nudge is enough"}
    alone = one.decide(bot("human", elsewhere=()), ())
    assert told(alone) == [("person", "action")]
    assert alone.decisions[0].why.choice is not None
    assert alone.decisions[0].why.choice.mode == "automate"
    handed = decider(WAYS.replace(" action: {name: act},", ""))
    assert told(handed.decide(bot("human", elsewhere=()), ())) == [("person", "escalation")]
    elsewhere = handed.decide(bot("human"), ())
    assert told(elsewhere) == [("person", "nudge")]


def test_every_decision_says_its_way() -> None:
    rules = (
        "- {id: all, title: t, on: [customer_utterance], phrases: [go], because: b,"
        " nudge: {title: N, say: n}, action: {name: act, approval: {roles: [agent, boss]}}}\n"
    )
    modes = {
        d.why.choice.mode for d in decider(rules).decide(moment("go"), ()).decisions if d.why.choice
    }
    assert modes == {"act"}
    found = decider(rules).decide(moment("go"), ()).decisions[0].why.choice
    assert found is not None and found.reason == "act waits for a yes of agent or boss"


def test_while_a_supervisor_has_the_customer_nothing_is_automated() -> None:
    rules = "- {id: look, title: t, on: [customer_utterance], phrases: [go], because: b, action: {name: act}}\n"
    handed = Given("handed", "call", "e-1", START_MS - 1000, START_MS + 60_000, "escalation")
    one = decider(rules)
    assert told(one.decide(bot("go"), ())) == [("look", "action")]
    refused = one.decide(bot("go"), (handed,))
    assert reasons(refused) == {
        "look": "one choice: handed has handed this customer to a supervisor"
    }
    with_agent = one.decide(moment("go", conversation_id="call"), (handed,))
    assert told(with_agent) == [("look", "action")]
