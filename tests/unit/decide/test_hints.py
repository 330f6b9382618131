"""What people hint at, and how else it is said: ways to say a thing, and what only sounds like it, by rule.

Words alone: the scores are those of a calm moment, so what is heard here is heard whatever a model makes of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from decide_moments import moment

from cxstream.context.given import Given
from cxstream.decide.decider import Decider
from cxstream.decide.load import default_playbook
from cxstream.decide.moment import Escalate

DECIDER = Decider([default_playbook()])
BESIDE: dict[str, Any] = {"customer_turns": 2}


class Hint(NamedTuple):
    """What a rule hears in words, and what it must leave alone."""

    rule: str
    about: str
    said: tuple[str, ...]
    alike: tuple[str, ...]
    role: str = "customer"


HINTS = (
    Hint(
        "danger_to_life",
        "gone from here",
        (
            "everyones better off if i wasnt around tbh",
            "they'd all be better off if I just disappeared",
            "nobody would notice if I was gone",
            "how many of these would it take to not wake up",
            "what's a lethal dose of it",
            "I don't think I'll be here next week, I've had enough of living",
        ),
        (
            "everyone's better off if I pay by direct debit",
            "nobody noticed that the parcel was gone",
            "how many of these would it take to fill the box",
            "I don't think I'll be here next week, I'm on holiday",
            "you'd be better off if I just switched the plan, right",
            "nobody would notice if the logo was gone",
        ),
    ),
    Hint(
        "safety_hint",
        "a danger hinted at",
        (
            "my family will be fine without me",
            "I'm only a burden on the whole family",
            "maybe it'd be better if I just wasn't here",
            "what happens if I take the whole box at once",
            "how much is too much of it by the way",
            "how many of the tablets are too many at once",
            "everyones better off if i just sort it quietly",
            "I'm a burden to everybody",
            "it'd be easier for them all if I wasn't in the way",
        ),
        (
            "you'd manage fine without me as a customer",
            "is the box too big to take",
            "how much is too much luggage",
            "how much is too much to pay for it",
            "how many are too many for one table",
            "everyone's better off if I just sort it with the landlord and tell you",
            "it's a burden on the budget",
            "how much of it is left",
        ),
    ),
    Hint(
        "unsafe_at_home",
        "somebody who is watched",
        (
            "don't leave a voicemail, he listens to them",
            "my partner controls all my money",
            "I'm hiding from my ex-husband",
            "I don't want him to know where I've moved",
            "I'm staying in a refuge with the kids",
            "please don't send anything there, he opens everything",
            "I had to leave the house quite quickly and I can't have anything going to that address",
            "he mustn't find out where I live now",
            "my ex reads all my messages so please don't text me",
            "can you hide my new address from my husband, he's looking for me",
            "she checks my phone and I'm not allowed my own card",
        ),
        (
            "he reads the meter every month",
            "don't leave it with the neighbour, he opens late",
            "my wife reads all my reviews, she loves it",
            "he opens my account with you tomorrow",
            "I had to leave the house to send the parcel",
            "she reads the post on your blog",
            "please don't send anything to the office, it's closed",
            "she mustn't find out where we're going, it's a birthday surprise",
            "I had to leave the house quickly to catch the bus",
            "he opens the shop at nine",
            "can you send it to my new address, my husband is at home",
            "my son reads all your newsletters",
        ),
    ),
    Hint(
        "vulnerable_customer",
        "somebody has died",
        (
            "my dad's passed so I'm doing his affairs",
            "we cremated dad on Thursday",
            "mum's not with us any more",
            "we're arranging the funeral",
            "I'm settling my mother's estate",
            "the account is still in my late husband's name",
            "my mother is no longer with us",
            "it was in both our names, it's just me now",
            "I'm the executor of her estate",
            "dad passed in March and the letters still come",
            "we've just had his funeral",
        ),
        (
            "my son passed, so he needs car insurance",
            "the deadline passed in March",
            "he's no longer with the company",
            "my husband is late for the appointment",
            "my old agent is no longer with you, I hear",
            "it's just me now, the others have left the meeting",
            "we live on the Wilmot estate",
            "dad passed his test in March",
            "it's opposite the funeral parlour",
        ),
    ),
    Hint(
        "vulnerable_customer",
        "not enough to live on",
        (
            "I haven't been eating properly",
            "we leave the heating off to save money",
            "I'm living on toast till I get paid",
            "I've been keeping the heating off to stay on top of it",
            "i've only the pension and i've not been eating that well",
            "we're skipping meals so the kids can eat",
            "I've got nothing left until payday, not even for food",
            "we've been sitting in the cold since October",
            "we don't have any money left for milk",
        ),
        (
            "I keep the heating off in summer",
            "I eat well enough, thanks",
            "I don't eat much bread",
            "the heating is off and I can't get it started again",
            "I only have the pension statement here",
            "we're skipping the meal on the flight",
            "there is nothing left to pay, is there",
            "the parcel has been sitting in the cold depot",
            "I don't have any change, only notes",
        ),
    ),
    Hint(
        "asks_for_supervisor",
        "anybody but this agent",
        (
            "i would like to talk with somebody else please",
            "can you put me through to another agent",
            "I want to speak to someone other than you",
            "let me speak to a different person",
            "is there anyone else I can talk to",
        ),
        (
            "I need to speak to someone else in the family first",
            "my husband will talk to somebody else about that",
            "is there anything else I can do",
            "I spoke to someone else yesterday",
            "can you send it to another address",
            "an agent sent me another form",
        ),
    ),
    Hint(
        "agent_conduct",
        "an agent who is rude",
        (
            "you people always come back with the same story, it's pathetic",
            "are you deaf or what",
            "oh stop whining, will you",
            "you can whinge to the website if you like",
            "shut up for a second and listen",
            "what are you, stupid",
        ),
        (
            "please don't tell me to shut up, I'm trying to help",
            "it is a pathetic amount, I agree with you",
            "are you deaf or hard of hearing, shall I write instead",
            "you people in the north always have the best weather",
            "the website stopped whining about the password",
            "that was a stupid mistake of ours",
        ),
        role="agent",
    ),
    Hint(
        "cancellation_save_offer",
        "notice given",
        (
            "please take this as our notice",
            "I'd like to hand in my notice for the office plan",
            "consider this my thirty days' notice",
            "this e-mail is formal notice of termination of our contract",
            "we're giving notice at the end of the term",
        ),
        (
            "please take notice of the new address",
            "I got a final notice from you",
            "they came without giving notice",
            "I gave notice at work, so I'm at home now",
            "there was a notice on the door",
        ),
    ),
    Hint(
        "cancellation_accept",
        "the decision is made",
        (
            "the decision is made, please take this as our notice",
            "that's kind but no need, the decision is made",
            "our decision has been made, thank you",
            "it's already been decided, we're going",
            "my decision is final",
            "there's no changing my mind",
        ),
        (
            "has the decision been made on my claim",
            "I haven't decided yet",
            "we've changed our minds, please keep it",
            "it's not final yet",
            "when is the decision made",
        ),
    ),
    Hint(
        "promise_broken",
        "both halves in one breath",
        (
            "the tickets were sold but I have not had the money. I was told seven days",
            "I was promised a week and I haven't received the refund",
            "you said two working days and we still haven't had the call",
            "nobody came, they said he'd be here by ten",
            "pam said I'd have an answer by Friday and no one has rung",
        ),
        (
            "I was told seven days, is that right",
            "I haven't had the money for it until now",
            "you said two days and it came in one",
            "nobody came to my party",
            "he said I'd like it",
        ),
    ),
    Hint(
        "repeat_contact",
        "how often it was written",
        (
            "i write already 3 times in portal",
            "I've emailed you four times about this",
            "we have called three times already",
            "I've already contacted you twice about it",
            "I phoned five times last week",
        ),
        (
            "it rang three times and stopped",
            "I pay four times a year",
            "I've ordered from you three times, always good",
            "you have called the wrong number two times two",
            "I write three times a week for the paper",
        ),
    ),
    Hint(
        "customer_repeats",
        "on which day it was told",
        (
            "seriously? i went through all of it on monday with dean",
            "I told your colleague all of this on Tuesday",
            "I explained it on Friday already",
            "you are the third person i have told this morning",
            "I've given you that number twice",
        ),
        (
            "I went through the tunnel on Monday",
            "you are the third person in the queue",
            "I told my wife all of it on Tuesday",
            "I've just given birth",
            "I said Friday is fine",
        ),
    ),
    Hint(
        "sentiment_falling",
        "what is not meant well",
        (
            "and today another letter came. 'final notice'. lovely timing",
            "oh great, another transfer",
            "marvellous, so it only took three of you",
            "brilliant, just what I needed today",
            "perfect timing as ever, the day of the wedding",
        ),
        (
            "what's the timing like on Friday",
            "great, another day is fine for me",
            "great, another bill paid",
            "it only took two days, thank you",
            "brilliant, that's just what I needed, thanks",
            "perfect timing, thank you so much",
        ),
    ),
)


def test_who_is_called_back_as_promised_is_not_called_twice() -> None:
    unhappy = {"level": -0.5, "unresolved": ["fraud_report"], "customer_turns": 4}
    for promised, late, called in (
        ([], [], True),
        (["call_back"], [], False),
        (["call_back"],) * 2 + (True,),
    ):
        at = moment(
            kind="conversation.ended",
            conversation=unhappy,
            customer={"promises_open": promised, "promises_late": late},
        )
        rules = {d.why.rule.id for d in DECIDER.decide(at, ()).decisions}
        assert ("call_back_unhappy" in rules) is called


def test_only_what_may_be_tried_is_kept_from_the_control_group() -> None:
    """A tenth of those who ask for a manager went unheard, so that what it brings could be measured."""
    book = default_playbook()
    kept = {
        rule.id
        for rule in book.rules
        if rule.escalation
        and not rule.must_say
        and not book.policy.purposes[rule.purpose].for_everybody
    }
    assert kept == {"billing_dispute_escalates"}


def test_a_supervisor_who_was_not_there_reads_more_than_one_word() -> None:
    at = moment("with the card from the bailiffs he put it through the letterbox")
    (told,) = [d.effect for d in DECIDER.decide(at, ()).decisions if isinstance(d.effect, Escalate)]
    assert '"with the card from the bailiffs he put it through the letterbox"' in told.summary


def test_notice_and_a_decision_in_one_breath_ask_for_no_reason() -> None:
    at = moment("the decision is made. please take this as our notice", conversation=BESIDE)
    assert {d.why.rule.id for d in DECIDER.decide(at, ()).decisions} == {"cancellation_accept"}


def _heard(text: str, role: str) -> set[str]:
    beside = BESIDE | {"intents": ["cancel_service"]}
    at = moment(text, role=role, conversation=beside)
    before = (
        Given(
            "cancellation_save_offer",
            "c-1",
            "d-1",
            at.event_time_ms - 60_000,
            at.event_time_ms,
            "nudge",
        ),
    )
    decided = DECIDER.decide(at, before if "decision" in text or "mind" in text else ())
    return {decision.why.rule.id for decision in decided.decisions}


@pytest.mark.parametrize(
    ("text", "rule", "role"),
    [(text, hint.rule, hint.role) for hint in HINTS for text in hint.said],
)
def test_a_hint_is_heard(text: str, rule: str, role: str) -> None:
    assert rule in _heard(text, role)


@pytest.mark.parametrize(
    ("text", "rule", "role"),
    [(text, hint.rule, hint.role) for hint in HINTS for text in hint.alike],
)
def test_what_only_sounds_like_it_is_left_alone(text: str, rule: str, role: str) -> None:
    assert rule not in _heard(text, role)
