"""The two hops without an engine: one fragment from bytes to decision, and what silence leads to."""

from __future__ import annotations

import msgspec

from cxstream.context.conversation import Conversation
from cxstream.context.customer import Customer
from cxstream.context.foresight import Ranked, Said
from cxstream.decide.decider import Decider
from cxstream.decide.load import default_playbook
from cxstream.events import CarryOver, Nudge, Signal, Summary
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.metrics import Metrics
from cxstream.pipeline import ConversationHop, CustomerHop, Outbound
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.scorer import Reading, readings
from cxstream.understand.trajectory import RuleTrajectory

ARRIVAL_MS = 1_764_000_000_000


def hops() -> tuple[ConversationHop, CustomerHop]:
    metrics = Metrics()
    return (
        ConversationHop(redactor=PatternRedactor(), foresight=RuleTrajectory(), observer=metrics),
        CustomerHop(decider=Decider([default_playbook()]), observer=metrics),
    )


def hear(hop: ConversationHop, state: Conversation, **fields: object) -> list[Outbound]:
    record = {
        "schema": "cx.fragment.v1",
        "conversation_id": "c",
        "speaker": {"role": "customer"},
        "channel": "chat",
        "agent_id": "a-1",
        "event_time": "2025-11-24T16:00:00Z",
    } | fields
    heard = hop.read(msgspec.json.encode(record), key=b"c", arrival_ms=ARRIVAL_MS)
    text = hop.to_score(state, heard)
    reading = readings(LexiconScorer(), [text])[0] if text else None
    return hop.hear(state, heard, reading)


def test_from_bytes_to_a_nudge() -> None:
    conversations, customers = hops()
    [out] = hear(
        conversations,
        Conversation(id="c"),
        fragment_id="1",
        text="I have lost my card, please block it",
        customer_id="cust-1",
    )
    assert (out.topic, out.key) == ("signals", "cust-1")
    assert isinstance(out.record, Signal)
    decisions = customers.decide(Customer(key="cust-1"), out.record)
    nudges = [d.record for d in decisions if isinstance(d.record, Nudge)]
    assert [n.why.rule.id for n in nudges] == ["lost_or_stolen_block"]
    assert nudges[0].why.evidence[0].text in "I have lost my card, please block it"


def test_the_same_signal_twice_decides_once() -> None:
    conversations, customers = hops()
    [out] = hear(conversations, Conversation(id="c"), fragment_id="1", text="I lost my card")
    assert isinstance(out.record, Signal)
    state = Customer(key="c")
    first, second = customers.decide(state, out.record), customers.decide(state, out.record)
    assert first
    assert second == []


def test_personal_data_is_masked_before_anything_leaves() -> None:
    conversations, _ = hops()
    [out] = hear(
        conversations,
        Conversation(id="c"),
        fragment_id="1",
        text="my card is 4111 1111 1111 1111 and my mail is jo@example.org",
    )
    wire = msgspec.json.encode(out.record)
    assert b"4111" not in wire
    assert b"example.org" not in wire


def test_partials_internal_notes_and_empty_finals_say_nothing() -> None:
    conversations, _ = hops()
    state = Conversation(id="c")
    assert hear(conversations, state, fragment_id="1", text="I lo", stage="partial") == []
    assert hear(conversations, state, fragment_id="2", text="  ") == []
    assert hear(conversations, state, fragment_id="3", text="VIP!", visibility="internal") == []
    assert state.arc.customer_turns == 0


def test_a_customer_who_becomes_known_is_followed() -> None:
    conversations, customers = hops()
    state = Conversation(id="c")
    anonymous, known = Customer(key="c"), Customer(key="cust-9")
    [first] = hear(conversations, state, fragment_id="1", text="my bill is wrong")
    assert isinstance(first.record, Signal)
    customers.decide(anonymous, first.record)
    carry, second = hear(
        conversations,
        state,
        fragment_id="2",
        text="it is twice as much as last month",
        customer_id="cust-9",
    )
    assert (carry.key, second.key) == ("c", "cust-9")
    assert isinstance(carry.record, CarryOver)
    [handed] = customers.decide(anonymous, carry.record)
    assert handed.key == "cust-9"
    assert isinstance(handed.record, CarryOver)
    assert isinstance(second.record, Signal)
    # the two may cross on their way: either order ends in the same windows
    customers.decide(known, second.record)
    customers.decide(known, handed.record)
    assert known.windows.facts("last_1h")["utterances"] == 2
    assert known.windows.facts("last_1h")["contacts"] == 1


def test_silence_ends_a_conversation_with_a_summary() -> None:
    conversations, customers = hops()
    state, customer = Conversation(id="c"), Customer(key="c")
    [said] = hear(conversations, state, fragment_id="1", text="where is my parcel")
    [ended] = conversations.time_out(state, ARRIVAL_MS + 1_800_000)
    outs = [
        out
        for event in (said.record, ended.record)
        if isinstance(event, Signal)
        for out in customers.decide(customer, event)
    ]
    [summary] = [out.record for out in outs if isinstance(out.record, Summary)]
    assert summary.reason == "timeout"


class Knows(RuleTrajectory):
    """A foresight that remembers what was said, and always knows what comes next."""

    def follow(self, memory: bytes, said: Said) -> bytes:
        return memory + said.entry.gist

    def next_actions(self, memory: bytes) -> Ranked:
        return ((memory.decode(), 0.9),)


def test_next_actions_are_told_while_the_customer_has_the_last_word() -> None:
    hop = ConversationHop(redactor=PatternRedactor(), foresight=Knows(), observer=Metrics())
    state = Conversation("c")
    [scores] = LexiconScorer().score(["hello"])

    def after(minute: int, role: str) -> object:
        record = {
            "schema": "cx.fragment.v1",
            "conversation_id": "c",
            "fragment_id": f"f{minute}",
            "text": "hello",
            "speaker": {"role": role},
            "channel": "chat",
            "event_time": f"2025-11-24T16:00:{minute:02}Z",
        }
        heard = hop.read(msgspec.json.encode(record), key=b"c", arrival_ms=ARRIVAL_MS)
        gist = role[0].encode() + str(minute).encode()
        [out] = hop.hear(state, heard, Reading(scores, gist))
        assert isinstance(out.record, Signal)
        return out.record.next_actions

    assert after(10, "customer") == (("c10", 0.9),)
    assert after(20, "agent") == ()
    assert after(15, "customer") == (), "the agent has answered that already"
    assert after(30, "customer") == (("c10c15a20c30", 0.9),)
    assert after(40, "supervisor") == ()
