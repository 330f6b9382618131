"""What a record changes on the floor, and who hears of it."""

from __future__ import annotations

from live_records import T0, action, escalation, nudge, outcome, signal
from msgspec import Struct
from msgspec.structs import replace

from cxstream.desk import news
from cxstream.desk.floor import Floor
from cxstream.desk.tokens import Viewer
from cxstream.desk.views import CardView, ConversationView, Gone, RowView, Said
from cxstream.events import ControlKind, LedgerRow, LedgerState, Passport, Stage, from_ms

NOW = T0 + 30_000
TOM = Viewer("a-1", "agent")
LENA = Viewer("a-2", "agent")
BILLING = Viewer("kim", "supervisor", queues=("billing",))
CARDS = Viewer("lou", "supervisor", queues=("cards",))
ALL = Viewer("max", "supervisor", queues=("*",))
ELSEWHERE = Viewer("a-1", "agent", tenant="acme")


def heard(told: list[news.News], viewer: Viewer, stream: str) -> list[Struct]:
    """The bodies that a viewer hears on a stream."""
    theirs = set(viewer.audiences(stream))
    return [n.body for n in told if theirs.intersection(n.audiences)]


def floor_with(*records: Struct) -> Floor:
    """A floor that has taken these."""
    floor = Floor()
    for record in records:
        news.take(floor, record, NOW)
    return floor


def test_an_agent_hears_their_own_nudges_and_a_supervisor_those_of_their_queues() -> None:
    floor = floor_with(signal())
    told = news.take(floor, nudge(), NOW)
    for viewer, hears in ((TOM, 1), (LENA, 0), (BILLING, 1), (CARDS, 0), (ALL, 1), (ELSEWHERE, 0)):
        assert len(heard(told, viewer, "nudges")) == hears, viewer
        assert len(floor.cards_for(viewer)) == hears, viewer


def test_a_repeated_nudge_is_told_once() -> None:
    floor = floor_with(signal(), nudge())
    assert news.take(floor, nudge(), NOW) == []


def test_a_withdrawn_nudge_leaves_and_a_repeat_of_it_does_not_come_back() -> None:
    floor = floor_with(signal(), nudge())
    told = news.take(floor, nudge(2, withdraws="nudge_1"), NOW)
    assert heard(told, TOM, "nudges") == [Gone("nudge_1", "withdrawn")]
    assert news.take(floor, nudge(), NOW) == []
    assert news.take(floor, nudge(2, withdraws="nudge_1"), NOW) == []
    assert floor.cards_for(TOM) == []


def test_a_nudge_expires_when_its_conversation_has_moved_on() -> None:
    floor = floor_with(signal(1), nudge(valid_s=60))
    news.take(floor, signal(7, at_s=69.0), NOW)
    assert news.expire(floor, NOW) == ([], [])
    news.take(floor, signal(8, at_s=70.0), NOW)
    told, _ = news.expire(floor, NOW)
    assert heard(told, TOM, "nudges") == [Gone("nudge_1", "expired")]


def test_a_nudge_expires_while_nobody_speaks() -> None:
    floor = floor_with(signal(1), nudge(valid_s=60))
    assert news.expire(floor, NOW + 59_000)[0] == []
    told, _ = news.expire(floor, NOW + 60_000)
    assert heard(told, TOM, "nudges") == [Gone("nudge_1", "expired")]


def test_only_a_card_shown_here_and_never_answered_is_ignored() -> None:
    floor = floor_with(
        signal(1), nudge(1), nudge(2), nudge(3), outcome("accepted", 1, decision="nudge_2")
    )
    floor.cards["nudge_1"].shown_here = True
    floor.cards["nudge_2"].shown_here = True
    _, ignored = news.expire(floor, NOW + 61_000)
    assert [card.nudge.id for card in ignored] == ["nudge_1"]


def test_cards_leave_when_the_conversation_ends() -> None:
    floor = floor_with(signal(1), nudge())
    told = news.take(floor, signal(2, None, kind=ControlKind.ENDED, ended=True), NOW)
    assert Gone("nudge_1", "ended") in heard(told, TOM, "nudges")
    assert floor.seen_by(TOM) == []
    late = news.take(floor, nudge(2), NOW)
    assert late == []


def test_a_transfer_moves_the_conversation_to_the_other_desk() -> None:
    floor = floor_with(signal(1), nudge())
    told = news.take(floor, signal(2, "I was with Tom", agent="a-2"), NOW)
    assert heard(told, TOM, "desk") == [Gone("nudge_1", "moved"), Gone("call-1", "moved")]
    moved = heard(told, LENA, "desk")
    assert len(moved) == 1
    assert isinstance(moved[0], ConversationView)
    assert [line.text for line in moved[0].lines] == ["what is this charge", "I was with Tom"]
    assert floor.seen_by(TOM) == []


def test_a_moved_queue_leaves_the_floor_that_had_it() -> None:
    floor = floor_with(signal(1))
    told = news.take(floor, signal(2, queue="cards"), NOW)
    assert heard(told, BILLING, "floor") == [Gone("call-1", "moved")]
    assert isinstance(heard(told, CARDS, "floor")[0], RowView)


def test_a_line_reaches_the_agent_with_how_it_stands() -> None:
    floor = floor_with(signal(1))
    told = news.take(floor, signal(2, "this is robbery", valence=-0.8, risk=0.7), NOW)
    (body,) = heard(told, TOM, "desk")
    assert isinstance(body, Said)
    assert body.line is not None
    assert (body.line.text, body.line.valence, body.row.risk) == ("this is robbery", -0.8, 0.7)
    assert heard(told, LENA, "desk") == []


def test_a_signal_that_was_taken_changes_nothing() -> None:
    floor = floor_with(signal(1), signal(2))
    assert news.take(floor, signal(2), NOW) == []
    assert news.take(floor, signal(1), NOW) == []


def test_a_deleted_fragment_leaves_the_screen() -> None:
    floor = floor_with(signal(1), signal(2, "my number is wrong here"))
    deletion = signal(3, None, kind=ControlKind.FRAGMENT_DELETED, fragment="f-2")
    (body,) = heard(news.take(floor, deletion, NOW), TOM, "desk")
    assert isinstance(body, Said)
    assert body.deleted == "f-2"
    view = floor.view(floor.conversations["default", "call-1"])
    assert [line.fragment_id for line in view.lines] == ["f-1"]


def test_an_answer_is_told_to_every_screen_once() -> None:
    floor = floor_with(signal(1), nudge())
    told = news.take(floor, outcome("accepted", 1), NOW)
    (body,) = heard(told, TOM, "nudges")
    assert isinstance(body, CardView)
    assert body.state == "accepted"
    assert news.take(floor, outcome("accepted", 1), NOW) == []


def test_an_escalation_lifts_its_conversation_over_every_risk() -> None:
    floor = floor_with(
        signal(1, risk=0.1), signal(1, conversation="call-2", risk=0.9), escalation()
    )
    rows = {c.id: floor.row(c) for c in floor.seen_by(BILLING)}
    assert rows["call-1"].weight > rows["call-2"].weight
    assert rows["call-1"].why[0] == "escalated"
    told = news.take(floor, outcome("accepted", 1, decision="escalation_1"), NOW)
    (row,) = heard(told, BILLING, "floor")
    assert isinstance(row, RowView)
    assert row.weight < rows["call-2"].weight
    assert (row.escalations[0].state, row.escalations[0].taken_by) == ("accepted", "a-1")


def test_an_action_waits_until_it_is_decided() -> None:
    floor = floor_with(signal(1))
    assert heard(news.take(floor, action(), NOW), BILLING, "floor") == [action()]
    assert news.take(floor, action(), NOW) == []
    assert floor.approvals_for(BILLING) == [action()]
    assert floor.approvals_for(CARDS) == []
    told = news.take(floor, replace(action(), status="approved"), NOW)
    assert heard(told, BILLING, "floor") == [Gone("action_1", "decided")]
    assert news.take(floor, action(), NOW) == []  # a worker died and says it again
    assert floor.approvals_for(BILLING) == []


def test_an_approval_nobody_gave_leaves_in_time() -> None:
    floor = floor_with(signal(1), action(valid_s=60))
    assert news.expire(floor, T0 + 79_000)[0] == []
    told, _ = news.expire(floor, T0 + 80_000)
    assert heard(told, BILLING, "floor") == [Gone("action_1", "expired")]


def test_what_was_said_on_another_channel_stands_beside_the_conversation() -> None:
    chat = [
        signal(1, "the roof leaks", conversation="chat-1", channel="chat", agent="a-9"),
        signal(
            2,
            None,
            conversation="chat-1",
            kind=ControlKind.ENDED,
            ended=True,
            agent="a-9",
            channel="chat",
        ),
    ]
    floor = floor_with(*chat, signal(1, "I was on your chat", at_s=100))
    view = floor.view(floor.conversations["default", "call-1"])
    assert [(e.channel, [line.text for line in e.said]) for e in view.earlier] == [
        ("chat", ["the roof leaks"])
    ]
    other = floor_with(*chat, signal(1, "hello", customer="c-2"))
    assert other.view(other.conversations["default", "call-1"]).earlier == []


def test_a_passport_is_shown_while_it_holds() -> None:
    passport = Passport(
        id="passport_1",
        customer_id="c-1",
        conversation_id="call-1",
        cause="transfer",
        event_time=from_ms(T0),
        expires_at=from_ms(T0 + 60_000),
        scope="customer",
        channel="voice",
        do_not_ask=("date_of_birth",),
    )
    floor = floor_with(signal(1))
    (body,) = heard(news.take(floor, passport, NOW), TOM, "desk")
    assert isinstance(body, ConversationView)
    assert body.passport == passport
    news.take(floor, signal(7, at_s=61.0), NOW)
    assert floor.view(floor.conversations["default", "call-1"]).passport is None


def test_a_passport_of_one_conversation_is_shown_in_no_other() -> None:
    passport = Passport(
        id="passport_1",
        customer_id="c-1",
        conversation_id="chat-1",
        cause="transfer",
        event_time=from_ms(T0),
        expires_at=from_ms(T0 + 600_000),
        scope="conversation",
        channel="chat",
    )
    floor = floor_with(signal(1), passport)
    assert floor.view(floor.conversations["default", "call-1"]).passport is None


def test_the_last_hour_counts_each_thing_once() -> None:
    records = [signal(1, valence=-0.6), nudge(), escalation(), outcome("accepted", 1)]
    floor = floor_with(*records, *records)
    (minute,) = [m for m in floor.hour.view("default", ("billing",), NOW) if m.said]
    assert (minute.tone, minute.negative, minute.nudges, minute.escalations) == (-0.6, 1, 1, 1)
    assert minute.accepted == 1
    assert all(not m.said for m in floor.hour.view("default", ("cards",), NOW))


def test_the_floor_is_bounded() -> None:
    floor = Floor(conversations_kept=3)
    for number in range(9):
        place = f"call-{number}"
        news.take(floor, signal(1, conversation=place, customer=f"c-{number}"), NOW)
        news.take(floor, nudge(number, conversation=place), NOW)
        news.take(floor, escalation(number, conversation=place), NOW)
    assert len(floor.conversations) == len(floor.cards) == len(floor.raised) == 3
    assert not floor.may_see_customer(BILLING, "c-0")
    assert floor.may_see_customer(BILLING, "c-8")


def test_a_silent_conversation_leaves_the_floor() -> None:
    floor = floor_with(signal(1))
    told, _ = news.expire(floor, NOW + 3 * 3_600_000)
    assert heard(told, BILLING, "floor") == [Gone("call-1", "ended")]
    assert not floor.conversations


def test_an_amended_line_is_told_again() -> None:
    floor = floor_with(signal(1), signal(2, "i was charged"))
    amended = signal(3, "I wasn't charged", fragment="f-2", revision=1, stage=Stage.AMENDED)
    (body,) = heard(news.take(floor, amended, NOW), TOM, "desk")
    assert isinstance(body, Said)
    assert body.line is not None
    assert (body.line.fragment_id, body.line.amended) == ("f-2", True)


def test_topics_keep_no_order_among_each_other() -> None:
    taken = outcome("accepted", 2, decision="escalation_1")
    floor = floor_with(outcome("accepted", 1), taken, nudge(), escalation(), signal())
    assert [card.state for card in floor.cards_for(TOM)] == ["accepted"]
    (conversation,) = floor.seen_by(BILLING)
    assert floor.row(conversation).escalations[0].state == "accepted"


def test_a_conversation_of_which_only_a_nudge_is_known_is_no_row() -> None:
    floor = floor_with(nudge())
    assert floor.seen_by(ALL) == []
    assert len(floor.cards_for(TOM)) == 1


def promise(state: LedgerState = "proposed", *, late: bool = False) -> LedgerRow:
    """A promise to call back, as the ledger has it."""
    return LedgerRow(
        id="promise_1",
        kind="promise",
        what="call_back",
        state=state,
        conversation_id="call-1",
        idempotency_key="promise_1",
        event_time=from_ms(T0),
        who="a-1",
        why="I'll call you back tomorrow",
        deadline=from_ms(T0 + 86_400_000),
        late=late,
        customer_id="c-1",
    )


def test_open_promises_stand_beside_the_conversation_until_they_are_settled() -> None:
    floor = floor_with(signal(1))
    for row, seen in (
        (promise(), [("call_back", False)]),
        (promise(late=True), [("call_back", True)]),
        (promise("confirmed"), []),
    ):
        (body,) = heard(news.take(floor, row, NOW), TOM, "desk")
        assert isinstance(body, ConversationView)
        assert [(p.what, p.late) for p in body.promises] == seen
        assert news.take(floor, row, NOW) == []
