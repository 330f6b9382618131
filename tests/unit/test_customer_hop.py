"""The second hop: approvals, what is remembered of outcomes and contacts, and the passport."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from cxstream.context.customer import Customer
from cxstream.context.snapshot import dump, load_customer
from cxstream.decide.decider import Decider
from cxstream.decide.load import load_playbook
from cxstream.errors import RecordError
from cxstream.events import (
    Action,
    Approval,
    Consent,
    CustomerRecord,
    Escalation,
    LedgerEvent,
    Nudge,
    Outcome,
    OutcomeKind,
    Passport,
    Role,
    RoleSource,
    Signal,
    from_ms,
)
from cxstream.lessons.holdout import in_control
from cxstream.observe.metrics import Metrics
from cxstream.pipeline import CustomerHop, Outbound

START_MS = 1_790_000_000_000
BOOK = """
playbook: t
version: '1'
passport: {attributes: [segment]}
rules:
  - {id: block, title: t, on: [customer_utterance], phrases: [block it], because: b, cooldown_s: 0,
     nudge: {title: Block, say: s},
     action: {name: block_card, contact: sms, approval: {roles: [supervisor], within_s: 600}}}
  - {id: angry, title: t, on: [customer_utterance], phrases: [manager], because: b,
     escalation: {reason: wants a manager, severity: low, summary: s}}
  - {id: restarted, title: t, on: [customer_utterance], phrases: [restarted it], because: b,
     note: {tried: 'restarted: "{said}"'}}
  - {id: number, title: t, on: [customer_utterance], phrases: ['number is'], because: b,
     note: {told: their claim number}}
  - {id: rude, title: t, on: [agent_utterance], phrases: [shut up], because: b,
     escalation: {reason: conduct, severity: low, summary: s}}
"""
FOLLOWED = """
playbook: t
version: '1'
rules:
  - {id: block, title: t, on: [customer_utterance], phrases: [block it], because: b,
     nudge: {title: Block, say: s, heard_as: ['\\bblocking it\\b']}}
"""


def hop(book: str = BOOK) -> CustomerHop:
    return CustomerHop(decider=Decider([load_playbook(book, "t.yaml")]), observer=Metrics())


def signal(
    text: str | None,
    seq: int,
    *,
    at_s: float = 0,
    conversation: str = "call",
    channel: str = "voice",
    kind: str = "utterance",
    **facts: object,
) -> Signal:
    return Signal(
        id=f"s-{conversation}-{seq}",
        kind=kind,
        conversation_id=conversation,
        channel=channel,
        event_time=from_ms(START_MS + int(at_s * 1000)),
        seq=seq,
        customer_id="c-1",
        agent_id="a-1",
        fragment_id=f"f-{seq}",
        role=Role.CUSTOMER if text else None,
        text=text,
        conversation={"has_agent": True, **facts},
    )


def of(outs: list[Outbound], kind: type) -> list[object]:
    return [out.record for out in outs if isinstance(out.record, kind)]


def yes(action: Action, *, roles: tuple[str, ...] = ("supervisor",)) -> Approval:
    return Approval(
        id="ap",
        decision_id=action.id,
        conversation_id=action.conversation_id,
        verdict="approved",
        by="s-1",
        roles=roles,
        event_time=action.event_time + timedelta(seconds=60),
        customer_id="c-1",
    )


def test_an_action_waits_until_somebody_who_may_has_said_yes() -> None:
    one, state = hop(), Customer(key="c-1")
    (action,) = of(one.decide(state, signal("block it", 1)), Action)
    assert isinstance(action, Action) and not action.cleared
    with pytest.raises(RecordError):
        one.decide(state, yes(action, roles=("agent",)))
    assert state.waiting == (action,)
    outs = one.decide(state, yes(action))
    (approved,) = of(outs, Action)
    assert isinstance(approved, Action) and approved.cleared and approved.id == action.id
    states = [e.state for e in of(outs, LedgerEvent) if isinstance(e, LedgerEvent)]
    assert states == ["approved"]
    assert outs[-1].topic == "actions" and outs[-1].key == "c-1"
    assert one.decide(state, yes(action)) == []


def test_what_nobody_answered_expires_at_the_next_event_and_did_not_reach_the_customer() -> None:
    one, state = hop(), Customer(key="c-1")
    one.decide(state, signal("block it", 1))
    assert [r.channel for r in state.standing.reached] == ["sms"]
    outs = one.decide(state, signal("hello?", 2, at_s=601))
    assert [a.status for a in of(outs, Action) if isinstance(a, Action)] == ["expired"]
    assert (state.waiting, state.standing.reached) == ((), ())


def test_what_nobody_answered_expires_in_silence_too() -> None:
    one, state = hop(), Customer(key="c-1")
    one.decide(state, signal("block it", 1))
    assert one.unanswered(state, START_MS + 600_000) == []
    outs = one.unanswered(state, START_MS + 600_001)
    assert [a.status for a in of(outs, Action) if isinstance(a, Action)] == ["expired"]


def test_outcomes_are_remembered_for_the_contact_policy_and_can_be_taken_back() -> None:
    one, state = hop(), Customer(key="c-1")
    outs = one.decide(state, signal("block it", 1))
    nudge = next(o.record for o in outs if o.topic == "nudges")
    said = Outcome(
        id="o-1",
        kind="dismissed",
        conversation_id="call",
        event_time=from_ms(START_MS + 5_000),
        decision_id=nudge.id,  # type: ignore[union-attr]
    )
    one.decide(state, said)
    one.decide(state, said)
    assert [(r.rule, r.kind) for r in state.standing.responses] == [("block", "dismissed")]
    one.decide(state, replace(said, id="o-2", kind="undone"))
    assert state.standing.responses == ()


def chat_then_call(state: Customer, one: CustomerHop) -> list[Outbound]:
    """A chat that ends without an answer, and a call ten minutes later."""
    facts: dict[str, object] = {
        "intents": ["claim_or_accident"],
        "unresolved": ["claim_or_accident"],
    }
    mood: dict[str, object] = {"level": -0.4, "min_valence": -0.7}
    where = {"conversation": "chat", "channel": "chat"}
    one.decide(state, signal("my number is 12", 1, **where, **facts))  # type: ignore[arg-type]
    one.decide(state, signal("restarted it", 2, at_s=30, **where, **facts, **mood))  # type: ignore[arg-type]
    return one.decide(state, signal(None, 1, at_s=600, kind="conversation.started"))


def passports(outs: list[Outbound]) -> list[Passport]:
    return [out.record for out in outs if isinstance(out.record, Passport)]


def test_whoever_takes_the_call_knows_what_the_chat_was_about() -> None:
    one, state = hop(), Customer(key="c-1")
    state.set_attributes(1, {"segment": "gold", "income": 1})
    outs = chat_then_call(state, one)
    (found,) = passports(outs)
    assert [(o.topic, o.key) for o in outs if o.record is found] == [("passports", "c-1")]
    assert (found.cause, found.scope, found.conversation_id) == (
        "channel_change",
        "customer",
        "call",
    )
    assert found.who == {"known": True, "segment": "gold"}
    assert found.why == found.unresolved == ("claim or accident",)
    assert [t.what for t in found.tried] == ['restarted: "restarted it"']
    assert found.do_not_ask == ("what it is about: claim or accident", "their claim number")
    assert [(m.channel, m.level, m.lowest) for m in found.arc] == [
        ("chat", -0.4, -0.7),
        ("voice", 0.0, 0.0),
    ]
    assert found.expires_at == found.event_time + timedelta(days=1)
    again = one.decide(state, signal("hello", 2, at_s=610))
    assert passports(again) == []


def test_a_return_visit_and_a_transfer_and_an_escalation_have_one_too() -> None:
    one, state = hop(), Customer(key="c-1")
    one.decide(state, signal("hello", 1))
    back = one.decide(state, signal("me again", 1, at_s=9_000, conversation="later"))
    moved = one.decide(state, signal(None, 2, at_s=9_010, conversation="later", kind="transfer"))
    up = one.decide(state, signal("your manager", 3, at_s=9_020, conversation="later"))
    causes = [p.cause for outs in (back, moved, up) for p in passports(outs)]
    assert causes == ["return_visit", "transfer", "escalation"]
    assert len(of(up, Escalation)) == 1
    told = passports(
        one.decide(state, signal(None, 4, at_s=9_030, conversation="later", kind="transfer"))
    )
    assert [t.what for t in told[0].tried] == ["told a supervisor: wants a manager"]


def test_what_was_said_of_an_agent_does_not_travel_to_the_next() -> None:
    one, state = hop(), Customer(key="c-1")
    one.decide(state, signal("hello", 1, intents=["speak_to_human"], unresolved=["speak_to_human"]))
    rude = replace(signal("shut up", 2, at_s=10), role=Role.AGENT)
    assert len(of(one.decide(state, rude), Escalation)) == 1
    (moved,) = passports(one.decide(state, signal(None, 3, at_s=20, kind="transfer")))
    assert moved.tried == ()


def test_how_somebody_wants_to_be_served_is_not_what_it_is_about() -> None:
    one, state = hop(), Customer(key="c-1")
    facts: dict[str, object] = {"unresolved": ["claim_or_accident", "speak_to_human"]}
    one.decide(state, signal("a person, please", 1, **facts))  # type: ignore[arg-type]
    (moved,) = passports(one.decide(state, signal(None, 2, kind="transfer", **facts)))  # type: ignore[arg-type]
    assert moved.do_not_ask == ("what it is about: claim or accident",)


def said_no(purpose: str) -> CustomerRecord:
    return CustomerRecord(
        customer_id="c-1",
        type="consent.set",
        event_time=from_ms(START_MS - 1),
        consents=(Consent(purpose, given=False),),
    )


def test_who_does_not_want_their_history_passed_on_is_not_told_of() -> None:
    one, state = hop(), Customer(key="c-1")
    one.decide(state, said_no("history"))
    assert passports(chat_then_call(state, one)) == []
    (moved,) = passports(one.decide(state, signal(None, 2, at_s=610, kind="transfer")))
    assert (moved.scope, moved.why, moved.do_not_ask, len(moved.arc)) == ("conversation", (), (), 1)


def test_opt_in_needs_a_yes() -> None:
    one, state = (
        hop(BOOK.replace("{attributes: [segment]}", "{history: opt_in}")),
        Customer(key="c-1"),
    )
    assert passports(chat_then_call(state, one)) == []
    agreed, state = (
        replace(said_no("history"), consents=(Consent("history", given=True),)),
        Customer(key="c-1"),
    )
    one.decide(state, agreed)
    assert len(passports(chat_then_call(state, one))) == 1


def test_an_agent_who_does_what_a_card_says_has_acted_on_it_without_a_click() -> None:
    metrics, state = Metrics(), Customer(key="c-1")
    here = CustomerHop(decider=Decider([load_playbook(FOLLOWED, "t.yaml")]), observer=metrics)
    (card,) = of(here.decide(state, signal("block it", 1)), Nudge)
    assert isinstance(card, Nudge)
    agent = replace(signal("okay, I'm blocking it", 2, at_s=9), role=Role.AGENT)
    guessed = replace(agent, seq=3, role_source=RoleSource.DIARIZATION)
    assert of(here.decide(state, guessed), Outcome) == []
    (acted,) = of(here.decide(state, replace(agent, seq=4)), Outcome)
    assert isinstance(acted, Outcome)
    assert (acted.kind, acted.decision_id, acted.source) == ("acted", card.id, "conversation")
    assert [a.kind for p in state.pending for a in p.answers] == ["acted"]
    assert of(here.decide(state, replace(agent, seq=5, id="again")), Outcome) == []
    here.decide(state, acted)  # as it would come from a topic: known
    labels = {"rule": "block", "answer": "acted"}
    assert metrics.registry.get_sample_value("cxstream_nudge_answers_total", labels) == 1


CONTROLLED = """
playbook: t
version: '1'
contact_policy: {limits: [{channel: sms, at_most: 1, within_days: 7}]}
purposes: {service: {}, care: {for_everybody: true}}
rules:
  - {id: block, title: t, on: [customer_utterance], phrases: [block it], because: b, suppresses: [other],
     nudge: {title: Block, say: s}, action: {name: block_card, contact: sms}, priority: 90}
  - {id: other, title: t, on: [customer_utterance], phrases: [other], because: b, priority: 10, purpose: care,
     nudge: {title: Other, say: o}}
  - {id: after, title: t, on: [customer_utterance], phrases: [after], when: 'phrases.any && has(given.block)',
     because: b, purpose: care, nudge: {title: After, say: a}}
  - {id: text, title: t, on: [customer_utterance], phrases: [text me], because: b, purpose: care,
     action: {name: send_text, contact: sms}}
"""


def test_what_the_control_group_did_not_get_was_not_given() -> None:
    who = next(f"k-{n}" for n in range(10_000) if in_control(f"k-{n}", START_MS))
    here, state = hop(CONTROLLED), Customer(key=who)

    def said(text: str, seq: int, days: float = 0) -> list[str]:
        told = replace(signal(text, seq, at_s=seq + days * 86_400), customer_id=who)
        outs = here.decide(state, told)
        return [r.why.rule.id for o in outs if isinstance(r := o.record, Nudge | Action)]

    assert said("block it", 1) == []
    assert [g.withheld for g in state.given] == [True, True]
    assert state.standing.reached == ()
    assert said("other", 2) == ["other"], "what nobody saw suppresses nothing"
    assert said("after", 3) == [], "and opens no condition"
    assert said("text me", 4) == ["text"], "and reached nobody"
    assert said("block it", 5) == [] and len(state.pending) == 4, "logged no oftener than given"
    assert load_customer(dump(state)).given == state.given
    if not in_control(who, START_MS + 31 * 86_400_000):
        assert said("block it", 6, days=31) == ["block", "block"]


def test_what_is_on_its_way_is_taken_back_when_it_is_known_to_be_done() -> None:
    here, state = hop(), Customer(key="c-1")
    outs = here.decide(state, signal("block it", 1))
    (card,), (asked,) = of(outs, Nudge), of(outs, Action)
    assert isinstance(card, Nudge) and isinstance(asked, Action)

    def said(kind: OutcomeKind, decision: str, at_s: int) -> list[Outbound]:
        told = Outcome(
            id=f"{kind}-{at_s}",
            kind=kind,
            conversation_id="call",
            event_time=from_ms(START_MS + at_s * 1000),
            decision_id=decision,
            customer_id="c-1",
            agent_id="a-1",
        )
        return here.decide(state, told)

    yes = Approval("ap", asked.id, "call", "approved", "s", asked.event_time, ("supervisor",))
    here.decide(state, yes)
    said("accepted", card.id, 5)
    assert of(said("undone", card.id, 6), Action) == [], "it is on its way"
    assert load_customer(dump(state)).doing == state.doing
    (unwanted,) = of(said("confirmed", asked.id, 7), Action)
    assert isinstance(unwanted, Action)
    assert (unwanted.status, unwanted.undone_by, unwanted.id) == ("undone", "a-1", asked.id)
    assert unwanted.allowed and not unwanted.cleared, "to be taken back, and not done again"
    assert of(said("confirmed", asked.id, 8), Action) == [], "once"
    (stands,) = of(said("failed", asked.id, 9), Escalation)
    assert isinstance(stands, Escalation) and stands.reason == "could not be taken back"
    assert state.doing == ()
