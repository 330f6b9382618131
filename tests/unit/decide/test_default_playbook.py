"""Every rule of the default playbook: one moment at which it fires, and one near miss at which it does not."""

from __future__ import annotations

from typing import Any

import pytest
from decide_moments import moment

from cxstream.context.given import Given
from cxstream.decide.decider import Decider
from cxstream.decide.load import default_playbook
from cxstream.decide.moment import Escalate, Moment, RequestAction, ShowNudge

DECIDER = Decider([default_playbook()])
KINDS = {"nudge", "action", "escalation"}


def given(rule: str, *, ago_s: int, kind: str = "nudge") -> Given:
    at_ms = moment("x").event_time_ms - ago_s * 1000
    return Given(rule, "c-1", f"d-{rule}", at_ms, at_ms + 1, kind)


def rules(at: Moment, before: tuple[Given, ...] = ()) -> dict[str, set[str]]:
    """What the playbook gives at a moment: kinds by rule."""
    found: dict[str, set[str]] = {}
    for decision in DECIDER.decide(at, before).decisions:
        found.setdefault(decision.why.rule.id, set()).add(decision.kind)
    return found


ANGRY = {"negative": 0.9, "anger": 0.7, "valence": -0.8}
BILL: dict[str, Any] = {"intents": ["billing_dispute"], "customer_turns": 5, "negative_run": 3}
CASES: list[tuple[str, set[str], Moment, Moment]] = [
    (
        "danger_to_life",
        {"nudge", "escalation"},
        moment("I sometimes think about ending it, you know"),
        moment("We want to kill the contract, I'm dying to see the new one"),
    ),
    (
        "danger_to_life",
        {"nudge", "escalation"},
        moment("it smells of gas in the cupboard"),
        moment("I want a quote for the gas leak cover, and for my life insurance"),
    ),
    (
        "vulnerable_customer",
        {"nudge", "escalation"},
        moment("my husband passed away two weeks ago"),
        moment("my phone died two weeks ago"),
    ),
    (
        "abusive_language",
        {"nudge"},
        moment("you're a complete idiot", utterance=ANGRY),
        moment(
            "how hard can it be to put a bloody bag on a plane", utterance=ANGRY | {"abuse": 0.9}
        ),
    ),
    (
        "fraud_secure_account",
        {"nudge", "action"},
        moment("there are payments that I didn't make"),
        moment(
            "twelve pounds a month, I felt like a fraud", intent="fraud_report", probability=0.9
        ),
    ),
    (
        "lost_or_stolen_block",
        {"nudge", "action"},
        moment("I think I left my purse on the bus"),
        moment("the price is a steal", intent="lost_or_stolen", probability=0.9),
    ),
    (
        "complaint_or_legal",
        {"escalation"},
        moment("then you will hear from my solicitor"),
        moment("my lawyer's address has changed"),
    ),
    (
        "safety_hint",
        {"nudge", "escalation"},
        moment("I'm just tired of life", utterance={"distress": 0.7, "negative": 0.9}),
        moment("I'm just tired of it all", utterance={"distress": 0.2, "negative": 0.9}),
    ),
    (
        "unsafe_at_home",
        {"nudge", "escalation"},
        moment("please send nothing there, he opens everything"),
        moment("please send nothing there, we've moved"),
    ),
    (
        "agent_conduct",
        {"escalation"},
        moment("oh shut up for a second", role="agent"),
        moment("please don't tell me to shut up", role="agent"),
    ),
    (
        "asks_for_supervisor",
        {"escalation"},
        moment("let me speak to a manager, please"),
        moment("my manager said that I should call you"),
    ),
    (
        "bot_handover",
        {"escalation"},
        moment("can I talk to a real person", conversation={"bot_only": True}, agent_id=None),
        moment("can I talk to a real person", conversation={"bot_only": False}),
    ),
    (
        "bot_stuck",
        {"escalation"},
        moment(
            "that is what I asked", conversation={"bot_only": True, "repeats": 1}, agent_id=None
        ),
        moment(
            "that is what I asked",
            conversation={"bot_only": True, "repeats": 1, "customer_turns": 2},
            agent_id=None,
        ),
    ),
    (
        "cancellation_save_offer",
        {"nudge"},
        moment("I'd like to cancel my broadband please"),
        moment("please cancel my order", intent="cancel_service", probability=0.9),
    ),
    (
        "cancellation_accept",
        {"nudge"},
        moment("I don't want another tariff", conversation={"intents": ["cancel_service"]}),
        moment("I don't want another tariff", conversation={"intents": ["fees_and_pricing"]}),
    ),
    (
        "billing_explain",
        {"nudge"},
        moment("my bill is much higher than usual"),
        moment("where do I pay the bill"),
    ),
    (
        "billing_dispute_escalates",
        {"escalation"},
        moment("this is unfair", utterance=ANGRY, conversation=BILL | {"level": -0.6}),
        moment("this is unfair", utterance=ANGRY, conversation=BILL | {"negative_run": 1}),
    ),
    (
        "refund_request",
        {"nudge", "action"},
        moment("I want my money back"),
        moment("what is your refund policy", intent="refund_request", probability=0.9),
    ),
    (
        "order_status_lookup",
        {"nudge", "action"},
        moment("is the parcel on its way", intent="order_or_delivery_status", probability=0.7),
        moment("as long as I get there", intent="order_or_delivery_status", probability=0.7),
    ),
    (
        "technical_first_steps",
        {"nudge"},
        moment("the internet keeps dropping"),
        moment("the internet keeps dropping, I've restarted it five times"),
    ),
    (
        "technical_repeat_visit",
        {"action"},
        moment(
            "it keeps dropping again",
            customer={
                "intents_before": ["technical_problem"],
                "contacts_before": {"last_1h": 0, "last_24h": 1, "last_30d": 1},
            },
        ),
        moment("it keeps dropping again"),
    ),
    (
        "confusion_simplify",
        {"nudge"},
        moment("I don't really understand how it works"),
        moment("I don't understand why you never answer"),
    ),
    (
        "promise_broken",
        {"nudge"},
        moment(
            "he was meant to ring me by twelve",
            utterance={"negative": 0.4},
            customer={"promises_late": ["call_back"]},
        ),
        moment("he was meant to ring me by twelve", utterance={"negative": 0.4}),
    ),
    (
        "repeat_contact",
        {"nudge"},
        moment(
            "it is about the claim",
            intent="claim_or_accident",
            conversation={"customer_turns": 1},
            customer={
                "intents_before": ["claim_or_accident"],
                "contacts_before": {"last_1h": 0, "last_24h": 0, "last_30d": 2},
            },
        ),
        moment(
            "it is about the claim",
            intent="claim_or_accident",
            conversation={"customer_turns": 1},
            customer={
                "intents_before": ["find_location"],
                "contacts_before": {"last_1h": 0, "last_24h": 0, "last_30d": 2},
            },
        ),
    ),
    (
        "channel_switch",
        {"nudge"},
        moment(
            "hello",
            role="agent",
            conversation={"customer_turns": 0, "agent_turns": 1},
            customer={"channel_before": "chat"},
        ),
        moment("hello", role="agent", conversation={"customer_turns": 0, "agent_turns": 1}),
    ),
    ("after_transfer", {"nudge"}, moment(kind="transfer"), moment(kind="hold")),
    (
        "sentiment_falling",
        {"nudge"},
        moment("this takes ages", utterance=ANGRY, conversation={"negative_run": 2}),
        moment("this takes ages", utterance=ANGRY, conversation={"negative_run": 1}),
    ),
    (
        "customer_repeats",
        {"nudge"},
        moment("I've just given all of that to your colleague"),
        moment("I told my wife already"),
    ),
    (
        "long_silence",
        {"nudge"},
        moment("hello, are you there", conversation={"gap_s": 40}),
        moment("hello, are you there", conversation={"gap_s": 40, "hold_s": 38}),
    ),
    (
        "agent_interrupts",
        {"nudge"},
        moment("so I'd recommend", role="agent", conversation={"interruptions": 2}),
        moment("so I'd recommend", role="agent", conversation={"interruptions": 1}),
    ),
    (
        "agent_talks_too_much",
        {"nudge"},
        moment("and", role="agent", conversation={"agent_talk_share": 0.8, "agent_turns": 5}),
        moment("and", role="agent", conversation={"agent_talk_share": 0.6, "agent_turns": 5}),
    ),
    (
        "hold_too_long",
        {"nudge"},
        moment(kind="resume", conversation={"hold_s": 200, "holds": 1}),
        moment(kind="resume", conversation={"hold_s": 48, "holds": 1}),
    ),
    (
        "delighted_close",
        {"nudge"},
        moment(
            "honestly the best support I've had",
            utterance={"valence": 0.9, "satisfaction": 0.8},
            conversation={"level": 0.6, "positive_run": 2},
        ),
        moment(
            "thanks, bye",
            intent="thanks",
            probability=0.9,
            utterance={"valence": 0.9, "satisfaction": 0.8},
            conversation={"level": 0.6, "positive_run": 2},
        ),
    ),
    (
        "call_back_unhappy",
        {"action"},
        moment(
            kind="conversation.ended",
            conversation={"level": -0.6, "unresolved": ["billing_dispute"]},
        ),
        moment(kind="conversation.ended", conversation={"level": -0.6, "unresolved": []}),
    ),
]


@pytest.mark.parametrize(("rule", "kinds", "at", "near"), CASES, ids=[case[0] for case in CASES])
def test_fires_and_does_not(rule: str, kinds: set[str], at: Moment, near: Moment) -> None:
    assert rules(at).get(rule) == kinds
    assert rule not in rules(near)


def test_abuse_continues_only_after_the_warning() -> None:
    again = moment("oh shut up, you stupid cow")
    assert "abuse_continues" not in rules(again)
    warned = (given("abusive_language", ago_s=20),)
    assert rules(again, warned)["abuse_continues"] == {"escalation"}


def test_every_rule_has_a_case() -> None:
    tested = {case[0] for case in CASES} | {"abuse_continues"}
    deciding = [r for r in default_playbook().rules if r.nudge or r.action or r.escalation]
    assert tested == {rule.id for rule in deciding}


@pytest.mark.parametrize(
    "text",
    [
        "We want to kill the contract on the thirtieth",
        "I'm dying to see it, my brother says it's to die for",
        "my lawyer's address changed",
        "I spoke to my lawyer about the house",
        "the line is dead",
        "my battery died again",
        "it used to be a funeral parlour",
        "the deposit is a steal",
        "I nearly killed myself laughing",
        "I could kill for a coffee",
        "does my life insurance cover suicide, I mean the suicide clause",
        "I'd jump off a bridge if I had to do all those calls again",
        "your new album is on fire",
        "I don't want to make a formal complaint, I just want to know",
        "you nearly gave me a heart attack when I saw the price",
        "that terminal at the airport was awful",
        "shut up and take my money",
        "do the headphones cancel the noise of an office",
        "the fraud department of my bank rang me and even they were nice",
        "I gave him the code for the gate",
        "I lost my place in the queue",
        "I don't want to complain, it's just a question",
        "if it isn't here by four I want my money back",
        "you'd be better off without me as a customer",
        "thanks",
        "no that's all, bye",
        "I lost him on the phone and then he rang back",
        "my husband always looks after the garden",
        "it has been charging all night and the light is still red",
        "I owe you an apology, I was short with your colleague",
    ],
)
def test_harmless_words_raise_no_alarm(text: str) -> None:
    found = rules(moment(text))
    assert not [rule for rule, kinds in found.items() if kinds & {"escalation", "action"}]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("they said I had to move my savings to a safe account", "fraud_secure_account"),
        ("I gave them the code from the text", "fraud_secure_account"),
        ("he told me that you'd ask and that I should say it's for a car", "fraud_secure_account"),
        ("never heard of that shop", "fraud_secure_account"),
        ("I want to complain about a policy", "complaint_or_legal"),
        ("he's very hard of hearing", "vulnerable_customer"),
        ("I told all this to a gentleman on Friday", "customer_repeats"),
        ("I was mis-sold this", "complaint_or_legal"),
        ("I want someone who can actually do something", "asks_for_supervisor"),
        ("get me your incident manager", "asks_for_supervisor"),
        ("I'd like to close my account", "cancellation_save_offer"),
        ("well, it's disappointing, to be honest", "sentiment_falling"),
        ("I don't think we'll be ordering again", "sentiment_falling"),
        ("as I explained on the phone, it is nine", "customer_repeats"),
        ("this is the third time I'm calling", "repeat_contact"),
        ("oh dear, I'm all muddled now", "confusion_simplify"),
        ("since I lost my husband I can't keep up with these letters", "vulnerable_customer"),
        ("you keep billing us for a line we don't have", "billing_explain"),
        ("I've just gone through all this with the bot", "customer_repeats"),
        ("they said somebody would come and no one has turned up", "promise_broken"),
        ("I think it's time to part ways with you", "cancellation_save_offer"),
        ("I think we'll let the policy lapse this time", "cancellation_save_offer"),
        ("I had to choose between your bill and the gas", "vulnerable_customer"),
    ],
)
def test_words_are_enough(text: str, rule: str) -> None:
    assert rule in rules(moment(text, conversation={"customer_turns": 2}))


@pytest.mark.parametrize(
    ("text", "intent", "rule"),
    [
        (
            "we won't be needing the second line any more",
            "cancel_service",
            "cancellation_save_offer",
        ),
        ("I shan't be renewing this year", "cancel_service", "cancellation_save_offer"),
        ("I'd like that back please, all of it", "refund_request", "refund_request"),
        ("and that is what you owe me", "refund_request", "refund_request"),
    ],
)
def test_polite_words_count_when_they_are_understood(text: str, intent: str, rule: str) -> None:
    assert rule in rules(moment(text, intent=intent, probability=0.9))
    assert rule not in rules(moment(text, intent="out_of_scope", probability=0.9))


def test_the_old_tariff_back_is_no_refund() -> None:
    wanted = moment("can I have my old tariff back", intent="refund_request", probability=0.99)
    assert "refund_request" not in rules(wanted)


def test_an_unhappy_end_with_the_bot_counts_only_when_nobody_else_talked_with_them() -> None:
    unhappy = {"level": -0.5, "unresolved": ["technical_problem"], "customer_turns": 4}
    for bot_only, contacts, called in ((True, 1, True), (True, 2, False), (False, 2, True)):
        ended = moment(
            kind="conversation.ended",
            conversation=unhappy | {"bot_only": bot_only},
            customer={"last_1h": {"contacts": contacts}},
        )
        assert ("call_back_unhappy" in rules(ended)) is called


def test_that_was_not_me_is_fraud_only_where_money_is_the_topic() -> None:
    text = "that wasn't me"
    about_money = {"intents": ["balance_or_statement"]}
    assert "fraud_secure_account" in rules(moment(text, conversation=about_money))
    assert "fraud_secure_account" not in rules(moment(text))


def test_a_question_about_some_later_day_is_no_wish_to_leave() -> None:
    text = "what happens to our data if we cancel later"
    asked = moment(text, intent="cancel_service", probability=0.9)
    assert "cancellation_save_offer" not in rules(asked)
    meant = moment("so I'd rather cancel", intent="cancel_service", probability=0.9)
    assert "cancellation_save_offer" in rules(meant)


def test_cross_words_need_the_tone_too() -> None:
    text = "that is ridiculous"
    assert "sentiment_falling" in rules(moment(text, utterance={"negative": 0.5}))
    assert "sentiment_falling" not in rules(moment(text, utterance={"negative": 0.05}))


def test_a_bill_dispute_rises_when_the_apology_did_not_help() -> None:
    facts = {"intents": ["billing_dispute"], "customer_turns": 6}
    at = moment("you've got to be joking", utterance={"negative": 0.6}, conversation=facts)
    assert "billing_dispute_escalates" not in rules(at)
    said_sorry = (given("sentiment_falling", ago_s=60),)
    assert rules(at, said_sorry)["billing_dispute_escalates"] == {"escalation"}


def test_who_was_robbed_hears_nothing_about_the_mood() -> None:
    facts = {"customer_turns": 5, "negative_run": 4, "level": -0.6}
    at = moment("I'm such an idiot", utterance=ANGRY, conversation=facts)
    assert "sentiment_falling" in rules(at)
    assert "sentiment_falling" not in rules(at, (given("fraud_secure_account", ago_s=60),))


def test_sarcasm_asks_for_no_review() -> None:
    facts = {"level": 0.6, "positive_run": 3}
    text = "I've had three links and none of them work, amazing service, really"
    happy = {"valence": 0.9, "satisfaction": 0.9}
    assert "delighted_close" not in rules(moment(text, utterance=happy, conversation=facts))
    text = "thank you so much, you've been great"
    assert "delighted_close" in rules(moment(text, utterance=happy, conversation=facts))


def test_an_intent_without_a_device_repairs_nothing() -> None:
    heard: dict[str, Any] = {"intent": "technical_problem", "probability": 0.95}
    assert "technical_first_steps" not in rules(moment("you people can't deliver a box", **heard))
    assert "technical_first_steps" in rules(moment("my app is behaving oddly", **heard))


def test_silence_is_only_told_when_the_customer_minds() -> None:
    silent = {"gap_s": 40}
    assert "long_silence" not in rules(moment("found it, here it is", conversation=silent))
    assert "long_silence" not in rules(moment("so, done", role="agent", conversation=silent))


def test_thanks_give_nothing() -> None:
    happy = {"valence": 0.9, "satisfaction": 0.9}
    facts = {"level": 0.5, "positive_run": 3}
    for text, intent in (
        ("thanks", "thanks"),
        ("okay thank you very much", "thanks"),
        ("bye", "goodbye"),
    ):
        at = moment(text, intent=intent, probability=0.95, utterance=happy, conversation=facts)
        assert rules(at) == {}


def test_agents_own_words_start_no_customer_rule() -> None:
    for text in (
        "I'm sorry that your husband passed away",
        "would you like to make a formal complaint",
    ):
        assert rules(moment(text, role="agent")) == {}


def test_lives_are_not_weighed_against_a_guessed_role() -> None:
    words = "I don't want to live like this"
    assert "danger_to_life" in rules(moment(words, role_guessed=True))
    assert "danger_to_life" in rules(moment(words, role="unknown", role_guessed=True))
    assert "complaint_or_legal" not in rules(moment("I'll sue you", role_guessed=True))


def test_high_stakes_wait_for_approval() -> None:
    waiting = {r.id for r in default_playbook().rules if r.action and r.action.approval}
    assert waiting == {"fraud_secure_account", "lost_or_stolen_block", "refund_request"}


def test_words_are_short_and_complete() -> None:
    """What is said has no hole in it where the facts are known, and titles fit on a card."""
    for _, _, at, _ in CASES:
        for decision in DECIDER.decide(at, ()).decisions:
            assert "unknown" not in decision.why.because
            effect = decision.effect
            if isinstance(effect, ShowNudge):
                assert len(effect.title) <= 60
                assert "unknown" not in effect.say
            elif isinstance(effect, Escalate):
                assert effect.summary.endswith((".", '"'))
            else:
                assert isinstance(effect, RequestAction)
                assert effect.parameters["conversation"] == "c-1"


def test_widow_is_not_sold_to() -> None:
    first = DECIDER.decide(moment("my husband passed away", at_s=0), ())
    then = DECIDER.decide(moment("do I have to cancel my contract then", at_s=60), first.given)
    assert [r.rule for r in then.rejected if r.reason.startswith("superseded")] == [
        "cancellation_save_offer"
    ]
    assert not then.decisions
