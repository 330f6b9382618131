"""What each fact of a conversation means, by one short example each (see `context.arc.facts`)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cxstream.context.arc import Arc, facts
from cxstream.context.entry import UTTERANCE, Entry, sketch
from cxstream.context.foresight import Foresight, Outlook, Ranked, Said
from cxstream.events import Risk

START_MS = 1_780_000_000_000


class Told(Foresight):
    """Foresees what it is told; the index is the largest of the three."""

    def __init__(self, risk: Risk) -> None:
        self.risk = risk

    def follow(self, memory: bytes, said: Said) -> bytes:
        return memory

    def outlook(self, memory: bytes, facts: Mapping[str, object]) -> Outlook:
        risk = self.risk
        return Outlook(risk, max(risk.annoyed, risk.dissatisfied, risk.goal_not_met))

    def next_actions(self, memory: bytes) -> Ranked:
        return ()


class Talk:
    """A conversation told line by line; `clock` is seconds since it began, `says` lasts as long as told."""

    def __init__(self, channel: str = "chat", risk: Risk | None = None) -> None:
        self.arc = Arc()
        self.clock = 0.0
        self.channel = channel
        self.risk = risk or Risk()
        self.count = 0

    def says(
        self,
        role: str,
        text: str = "",
        *,
        valence: float = 0.0,
        intent: str = "",
        probability: float = 0.9,
        after: float = 1.0,
        lasts: float = 0.0,
        **emotions: float,
    ) -> Mapping[str, int]:
        """An utterance that begins `after` seconds after the one before ended."""
        voice = self.channel == "voice"
        start = self.clock + after
        self.clock = start + (lasts if voice else 0)
        return self._take(
            UTTERANCE,
            role=role,
            channel=self.channel,
            scored=True,
            valence=round(valence * 1000),
            intent=intent,
            probability=round(probability * 1000),
            start_ms=round(start * 1000) if voice else -1,
            end_ms=round(self.clock * 1000) if voice else -1,
            sketch=sketch(text),
            **{name: round(score * 1000) for name, score in emotions.items()},
        )

    def customer(self, text: str = "", **how: float | str) -> Mapping[str, int]:
        """The customer says something."""
        return self.says("customer", text, **how)  # type: ignore[arg-type]

    def agent(self, text: str = "", **how: float | str) -> Mapping[str, int]:
        """The agent says something."""
        return self.says("agent", text, **how)  # type: ignore[arg-type]

    def event(self, kind: str, after: float = 0.0) -> None:
        """Something happens: hold, resume, transfer, conversation.ended."""
        self.clock += after
        self._take(kind)

    def _take(self, kind: str, **fields: object) -> Mapping[str, int]:
        self.count += 1
        at_ms = START_MS + round(self.clock * 1000)
        entry = Entry(at_ms, f"{self.count:04}", kind, **fields)  # type: ignore[arg-type]
        return self.arc.take(entry, Told(self.risk))

    def __getitem__(self, name: str) -> object:
        return facts(self.arc)[name]


# Who is in it


def test_turns_are_counted_by_who_speaks() -> None:
    talk = Talk()
    for role in ("customer", "agent", "customer", "bot", "system", "unknown", "supervisor"):
        talk.says(role)
    assert (talk["customer_turns"], talk["agent_turns"], talk["bot_turns"]) == (2, 1, 1)


def test_a_bot_alone_until_a_human_agent_speaks() -> None:
    talk = Talk()
    talk.says("bot")
    talk.customer()
    assert (talk["has_bot"], talk["bot_only"], talk["has_agent"]) == (True, True, False)
    talk.agent()
    assert (talk["has_bot"], talk["bot_only"], talk["has_agent"]) == (True, False, True)


def test_the_channel_is_that_of_the_first_who_says_so() -> None:
    assert Talk("sms")["channel"] == ""
    talk = Talk("sms")
    talk.customer()
    assert talk["channel"] == "sms"


def test_age_is_from_the_first_to_the_last_event_in_whole_seconds() -> None:
    talk = Talk()
    talk.customer()
    talk.agent(after=90.7)
    assert talk["age_s"] == 90


# How the customer feels


def test_level_is_the_mean_of_the_last_three_of_the_customer() -> None:
    talk = Talk()
    for valence in (0.9, -0.2, -0.4, -0.6):
        talk.customer(valence=valence)
        talk.agent(valence=1.0)
    assert talk["level"] == pytest.approx(-0.4)
    assert talk["mean_valence"] == pytest.approx(-0.075)
    assert talk["min_valence"] == -0.6


def test_the_lowest_valence_of_a_glad_customer_is_above_zero() -> None:
    talk = Talk()
    talk.customer(valence=0.6)
    talk.customer(valence=0.4)
    assert talk["min_valence"] == 0.4


def test_trend_is_the_level_less_what_was_before() -> None:
    talk = Talk()
    for valence in (0.5, 0.3, -0.2, -0.4, -0.6):
        talk.customer(valence=valence)
    assert talk["trend"] == pytest.approx(-0.4 - 0.4)


def test_there_is_no_trend_before_the_fourth_utterance() -> None:
    talk = Talk()
    for valence in (0.9, 0.0, -0.9):
        talk.customer(valence=valence)
        assert talk["trend"] == 0.0
    talk.customer(valence=-0.9)
    assert talk["trend"] == pytest.approx(-0.6 - 0.9)


def test_negative_share_and_runs() -> None:
    talk = Talk()
    for valence in (-0.5, 0.1, -0.3, -0.9):
        talk.customer(valence=valence)
        talk.agent(valence=0.9)
    assert talk["negative_share"] == 0.75
    assert talk["negative_run"] == 2
    talk.customer(valence=0.8)
    assert (talk["negative_run"], talk["positive_run"]) == (0, 1)


def test_slightly_negative_is_not_negative() -> None:
    talk = Talk()
    talk.customer(valence=-0.25)
    assert (talk["negative_share"], talk["negative_run"]) == (0.0, 0)


def test_the_strongest_emotions_are_remembered() -> None:
    talk = Talk()
    talk.customer(anger=0.8, dissatisfaction=0.4, distress=0.1, abuse=0.6, confusion=0.7)
    talk.customer(anger=0.2, dissatisfaction=0.5, distress=0.3, abuse=0.1, confusion=0.5)
    talk.agent(anger=1.0, abuse=1.0)
    assert (talk["anger_max"], talk["dissatisfaction_max"], talk["distress_max"]) == (0.8, 0.5, 0.3)
    assert (talk["abuse_max"], talk["abusive_turns"], talk["confused_turns"]) == (0.6, 1, 2)


def test_risk_is_what_the_model_says_and_its_highest_is_kept() -> None:
    talk = Talk(risk=Risk(annoyed=0.2, dissatisfied=0.71, goal_not_met=0.4))
    measures = talk.customer()
    assert talk["risk"] == 0.71
    assert measures["r7"] == 1
    talk.risk = Risk(annoyed=0.1)
    talk.customer()
    assert (talk["risk"], talk["risk_highest"]) == (0.1, 0.71)


# What they came for


def test_topics_in_order_of_first_appearance_without_small_talk() -> None:
    talk = Talk()
    for intent in ("greeting", "refund_request", "billing_dispute", "affirm", "refund_request"):
        talk.customer(intent=intent)
    talk.agent(intent="claim_or_accident")
    assert talk["intents"] == ["refund_request", "billing_dispute"]
    assert talk["intent_counts"] == {"refund_request": 2, "billing_dispute": 1}


def test_a_guess_is_no_topic() -> None:
    talk = Talk()
    talk.customer(intent="fraud_report", probability=0.2)
    assert (talk["intents"], talk["unresolved"]) == ([], [])


def test_who_asked_the_bot_for_a_person_and_got_one_has_it() -> None:
    talk = Talk()
    talk.says("bot", "Hi, I'm Pip")
    talk.customer("my bill is wrong", intent="billing_dispute")
    talk.customer("a person please", intent="speak_to_human")
    assert talk["unresolved"] == ["billing_dispute", "speak_to_human"]
    talk.agent("this is Pam")
    assert talk["unresolved"] == ["billing_dispute"]
    assert talk["intents"] == ["billing_dispute", "speak_to_human"]


def test_who_asks_an_agent_for_another_person_has_nobody_yet() -> None:
    talk = Talk()
    talk.agent("this is Pam")
    talk.customer("somebody else please", intent="speak_to_human")
    assert talk["unresolved"] == ["speak_to_human"]


def test_a_topic_is_unresolved_until_the_customer_gives_thanks() -> None:
    talk = Talk()
    talk.customer("my bill is wrong", intent="billing_dispute")
    talk.agent("I have corrected it")
    assert talk["unresolved"] == ["billing_dispute"]
    talk.customer("thank you", intent="thanks", valence=0.8)
    talk.customer("no, that's all", intent="deny")
    talk.customer("bye", intent="goodbye")
    assert talk["unresolved"] == []


@pytest.mark.parametrize(
    ("valence", "unresolved"), [(0.6, []), (0.0, ["order_or_delivery_status"])]
)
def test_a_glad_yes_closes_a_topic_and_a_mere_yes_does_not(
    valence: float, unresolved: list[str]
) -> None:
    talk = Talk()
    talk.customer(intent="order_or_delivery_status")
    talk.customer(intent="affirm", valence=valence)
    assert talk["unresolved"] == unresolved


def test_thanks_for_nothing_close_nothing() -> None:
    talk = Talk()
    talk.customer(intent="cancel_service")
    talk.customer("thanks for nothing", intent="thanks", valence=-0.7)
    assert talk["unresolved"] == ["cancel_service"]


def test_thanks_half_way_are_only_polite() -> None:
    talk = Talk()
    talk.customer("my internet is down", intent="technical_problem")
    talk.agent("let me look that up, may I have your number?")
    talk.customer("thanks", intent="thanks", valence=0.3)
    talk.customer("it is 44 71", intent="provide_info")
    assert talk["unresolved"] == ["technical_problem"]


def test_thanks_and_then_a_complaint_close_nothing() -> None:
    talk = Talk()
    talk.customer(intent="technical_problem")
    talk.customer(intent="thanks", valence=0.3)
    talk.customer("wait, it is down again", intent="technical_problem", valence=-0.5)
    assert talk["unresolved"] == ["technical_problem"]


def test_thanks_and_then_anger_close_nothing() -> None:
    talk = Talk()
    talk.customer(intent="technical_problem")
    talk.customer(intent="thanks", valence=0.3)
    talk.customer("oh no, not again, useless", intent="out_of_scope", valence=-0.8)
    assert talk["unresolved"] == ["technical_problem"]


def test_thanks_and_then_the_same_topic_again_close_nothing() -> None:
    talk = Talk()
    talk.customer(intent="technical_problem")
    talk.customer(intent="refund_request")
    talk.customer(intent="thanks", valence=0.3)
    talk.customer("so when will it work?", intent="technical_problem")
    assert talk["unresolved"] == ["technical_problem", "refund_request"]


def test_thanks_and_then_something_new_leave_the_first_closed() -> None:
    talk = Talk()
    talk.customer(intent="billing_dispute")
    talk.customer(intent="thanks", valence=0.5)
    talk.customer("one more thing, I am moving house", intent="account_update")
    talk.customer("to 12 Mill Lane", intent="provide_info")
    assert talk["unresolved"] == ["account_update"]
    assert talk["intents"] == ["billing_dispute", "account_update"]


# What had to be said twice

REPEATS = [
    (
        "My internet has been down since Monday and nobody has called me back.",
        "As I told your colleague, the internet is down since Monday and nobody called back!",
    ),
    (
        "I want a refund for the kettle, it arrived broken.",
        "The kettle ARRIVED BROKEN, refund please",
    ),
    ("You charged me twice for March.", "I've said three times now, I was charged twice in March!"),
    (
        "The technician never showed up yesterday",
        "nobody showed up yesterday, the technician never came",
    ),
    ("I still can't log in, it says wrong password", "it says wrong password, I can’t log in"),
    ("I've restarted the router twice", "I told you I restarted the router already, twice"),
]
NOT_REPEATS = [
    (
        "My internet has been down since Monday",
        "The technician who came on Monday was very friendly",
    ),
    ("I want to cancel my subscription", "I want to change my subscription to the family plan"),
    ("my account number is 4471 2231", "my account name is Jonathan Smith"),
    ("Can you send it to my new address?", "Can you send me a confirmation by email?"),
    ("I ordered a blue jacket in size M", "I'd rather have the blue jacket in size L then"),
    (
        "The order arrived but one item is missing",
        "The order number is on the invoice, the item is a lamp",
    ),
    ("I need to book an appointment for Tuesday morning", "Tuesday morning at ten works for me"),
    ("Is your store in Leeds open?", "Is your store in York open?"),
    ("okay thanks", "thanks a lot"),
    ("yes that one", "yes, that one"),
]


@pytest.mark.parametrize(("first", "again"), REPEATS)
def test_saying_nearly_the_same_again_is_a_repeat(first: str, again: str) -> None:
    talk = Talk()
    talk.customer(first)
    talk.agent("I see.")
    counts = [talk["repeats"]]
    talk.customer(again)
    assert [*counts, talk["repeats"]] == [0, 1]


@pytest.mark.parametrize(("first", "then"), NOT_REPEATS)
def test_saying_something_else_is_no_repeat(first: str, then: str) -> None:
    talk = Talk()
    talk.customer(first)
    talk.customer(then)
    assert talk["repeats"] == 0


def test_endings_and_apostrophes_do_not_matter() -> None:
    assert sketch("I can’t cancel the charges") == sketch("can't you CANCELLED a charge?")
    assert sketch("well, and so it is what it was") == ()


def test_a_demand_of_one_word_counts_because_it_is_a_topic() -> None:
    talk = Talk()
    for text in ("agent", "AGENT!!", "I want an agent."):
        talk.customer(text, intent="speak_to_human")
    assert talk["repeats"] == 2


def test_what_the_agent_repeats_is_not_counted_and_memory_is_six_utterances() -> None:
    talk = Talk()
    talk.agent("your parcel arrives on friday")
    talk.agent("your parcel arrives on friday")
    talk.customer("the parcel from friday never arrived")
    for fruit in ("apples", "bananas", "cherries", "dates", "elderberries", "figs"):
        talk.customer(f"where are the {fruit}, {fruit[::-1]} and 100{len(fruit)}")
    talk.customer("the parcel from friday never arrived")
    assert talk["repeats"] == 0


# Who speaks when


def test_talk_share_of_the_agent() -> None:
    talk = Talk("voice")
    talk.customer(lasts=10)
    talk.agent(lasts=30)
    talk.says("bot", lasts=60)
    assert talk["agent_talk_share"] == 0.75


def test_typed_channels_have_gaps_but_no_talk() -> None:
    talk = Talk("chat")
    talk.customer()
    talk.agent(after=95)
    assert talk["gap_s"] == 95
    assert (talk["agent_talk_share"], talk["silence_share"]) == (0.0, 0.0)


def test_silence_is_a_pause_of_three_seconds_and_more() -> None:
    talk = Talk("voice")
    talk.customer(lasts=10)
    talk.agent(lasts=10, after=2)
    assert (talk["gap_s"], talk["silence_share"]) == (2, 0.0)
    talk.customer(lasts=10, after=30)
    assert (talk["gap_s"], talk["silence_share"]) == (30, 0.5)


def test_an_agent_who_starts_while_the_customer_speaks_interrupts() -> None:
    talk = Talk("voice")
    talk.customer(lasts=10)
    talk.agent(after=-1.5, lasts=20)
    assert talk["interruptions"] == 1


def test_a_customer_who_starts_while_the_agent_speaks_does_not() -> None:
    talk = Talk("voice")
    talk.agent(lasts=10)
    talk.customer(after=-3, lasts=10)
    talk.agent(lasts=5)
    assert talk["interruptions"] == 0


def test_a_breath_too_early_is_no_interruption() -> None:
    talk = Talk("voice")
    talk.customer(lasts=10)
    talk.agent(after=-0.5, lasts=20)
    assert talk["interruptions"] == 0


def test_mhm_is_no_interruption() -> None:
    talk = Talk("voice")
    talk.customer(lasts=20)
    talk.agent("mhm", after=-10, lasts=0.5)
    assert talk["interruptions"] == 0


def test_an_interruption_that_ends_first_is_heard_first_and_counts_too() -> None:
    """A final is sent when its last word has ended: the shorter of two who talk at once comes first."""
    talk = Talk("voice")
    talk.clock = 10
    talk.agent("yes but you see", after=0, lasts=2)  # from 10 to 12
    talk.customer(after=-9, lasts=12)  # from 3 to 15
    assert talk["interruptions"] == 1
    talk.agent(lasts=5)
    talk.customer(lasts=5)
    assert talk["interruptions"] == 1


# Holds, transfers, the end


def test_holds_are_counted_and_their_time_summed() -> None:
    talk = Talk()
    talk.event("hold")
    assert talk["on_hold"] is True
    talk.event("hold", after=5)
    talk.event("resume", after=40)
    talk.event("resume")
    talk.event("hold", after=10)
    talk.event("resume", after=15)
    assert (talk["holds"], talk["hold_s"], talk["on_hold"]) == (2, 60, False)


def test_a_transfer_or_the_end_ends_a_hold() -> None:
    for kind in ("transfer", "conversation.ended"):
        talk = Talk()
        talk.event("hold")
        talk.event(kind, after=30)
        assert (talk["on_hold"], talk["hold_s"]) == (False, 30)


@pytest.mark.parametrize("channel", ["voice", "chat"])
def test_time_on_hold_is_nobodys_silence(channel: str) -> None:
    talk = Talk(channel)
    talk.agent("may I put you on hold?", lasts=2)
    talk.event("hold", after=1)
    talk.event("resume", after=120)
    talk.agent("thank you for waiting", after=4, lasts=2)
    gaps = [talk["gap_s"]]
    talk.customer(after=1, lasts=6)
    assert [*gaps, talk["gap_s"]] == [5, 1]


def test_a_transfer_starts_the_media_clock_anew() -> None:
    talk = Talk("voice")
    talk.customer(after=5, lasts=20)
    talk.event("transfer")
    talk.clock = 0
    talk.agent("hello, this is Ines", after=8, lasts=4)  # 8 to 12 on another clock
    assert (talk["transfers"], talk["interruptions"], talk["gap_s"]) == (1, 0, 0)


def test_a_media_clock_that_jumps_back_is_another_clock() -> None:
    """A stream that was connected again counts from zero; silence is measured again at once."""
    talk = Talk("voice")
    talk.customer(after=300, lasts=20)
    talk.clock = 0
    talk.agent(lasts=5)
    talk.customer(after=10, lasts=5)
    assert talk["gap_s"] == 10


def test_the_end() -> None:
    talk = Talk()
    talk.customer()
    assert talk["ended"] is False
    talk.event("conversation.ended")
    talk.customer("one more thing")
    assert talk["ended"] is True


# What it adds to the customer's windows


def test_an_utterance_adds_to_the_customers_windows() -> None:
    talk = Talk("voice", Risk(annoyed=0.35))
    first = talk.customer(valence=-0.6, intent="billing_dispute", lasts=4)
    assert first == {
        "c:voice": 1,
        "tc": 4000,
        "n": 1,
        "v": -600,
        "neg": 1,
        "i:billing_dispute": 1,
        "r3": 1,
    }
    assert talk.agent(valence=0.5, after=5, lasts=2) == {"ta": 2000, "si": 5000}


def test_channels_nobody_has_heard_of_are_counted_as_one() -> None:
    talk = Talk("fax-machine-0815")
    assert talk.customer()["c:other"] == 1
    assert talk["channel"] == "fax-machine-0815"
