"""How state follows a customer who becomes known: hand over once, take over once, never round in a ring."""

from __future__ import annotations

from collections import deque

import pytest

from cxstream.context.customer import Customer
from cxstream.context.identity import Event, follow, link
from cxstream.errors import RecordError
from cxstream.events import CarryOver, CustomerRecord, Signal, from_ms, to_ms

NOW_MS = 1_780_000_000_000


class Keys:
    """The customer table as it behaves on any number of partitions: each key has its own queue."""

    def __init__(self) -> None:
        self.states: dict[str, Customer] = {}
        self.queue: deque[tuple[str, Event]] = deque()
        self.handled = 0

    def __getitem__(self, key: str) -> Customer:
        return self.states.setdefault(key, Customer(key))

    def send(self, key: str, event: Event) -> None:
        """Put an event on its way without waiting for it."""
        self.queue.append((key, event))

    def run(self) -> None:
        """Handle what is on its way until nothing is left; more than a hundred steps are a ring."""
        while self.queue:
            self.handled += 1
            assert self.handled < 100, "events go round for ever"
            key, event = self.queue.popleft()
            state = self[key]
            if isinstance(event, Signal) and not state.moved_to:
                self.hear(state, event)
            else:
                self.queue.extend(follow(state, event))

    def hear(self, state: Customer, signal: Signal) -> None:
        """As the pipeline does."""
        at_ms = to_ms(signal.event_time)
        contact = state.contact(signal.conversation_id, signal.channel, at_ms)
        if contact.applied.take(signal.seq):
            for delta in signal.deltas:
                state.windows.add(to_ms(delta.at), delta.add)

    def link(self, alias: str, customer_id: str) -> None:
        """Say that what is kept under an alias belongs to a customer."""
        self.send(alias, link(alias, customer_id, NOW_MS, "default"))

    def said(self, key: str, conversation_id: str, seq: int) -> None:
        """A signal on its way to a key."""
        self.send(
            key,
            Signal(
                id=f"{conversation_id}-{seq}",
                kind="utterance",
                conversation_id=conversation_id,
                channel="chat",
                event_time=from_ms(NOW_MS),
                seq=seq,
                deltas=(),
            ),
        )

    def remembered(self, key: str) -> list[str]:
        """The conversations that a key knows of."""
        return sorted(self[key].contacts)


def test_what_was_known_of_a_conversation_is_known_of_its_customer() -> None:
    keys = Keys()
    keys.said("chat-1", "chat-1", 1)
    keys.link("chat-1", "c-7")
    keys.run()
    assert keys.remembered("c-7") == ["chat-1"]
    assert keys.remembered("chat-1") == []
    assert (keys["c-7"].known, keys["chat-1"].moved_to) == (True, "c-7")


def test_what_comes_to_the_old_key_is_forwarded() -> None:
    keys = Keys()
    keys.link("chat-1", "c-7")
    keys.said("chat-1", "chat-1", 1)
    keys.run()
    assert keys.remembered("c-7") == ["chat-1"]


def test_a_link_that_is_delivered_again_changes_nothing() -> None:
    keys = Keys()
    keys.said("chat-1", "chat-1", 1)
    keys.link("chat-1", "c-7")
    keys.link("chat-1", "c-7")
    keys.run()
    keys.link("chat-1", "c-7")
    keys.run()
    assert keys.remembered("c-7") == ["chat-1"]
    assert keys["chat-1"].moved_to == "c-7"


def test_a_customer_is_not_linked_to_itself() -> None:
    keys = Keys()
    keys.said("c-7", "chat-1", 1)
    keys.link("c-7", "c-7")
    keys.run()
    assert keys.remembered("c-7") == ["chat-1"]


def test_a_chain_of_links_ends_with_the_last_customer() -> None:
    keys = Keys()
    keys.said("chat-1", "chat-1", 1)
    keys.link("chat-1", "phone-0815")
    keys.run()
    keys.link("phone-0815", "c-7")
    keys.said("chat-1", "chat-2", 1)
    keys.run()
    assert keys.remembered("c-7") == ["chat-1", "chat-2"]


def test_an_alias_that_moved_already_passes_the_link_on() -> None:
    keys = Keys()
    keys.said("chat-1", "chat-1", 1)
    keys.link("chat-1", "c-7")
    keys.run()
    keys.link("chat-1", "c-8")
    keys.run()
    assert keys.remembered("c-8") == ["chat-1"]
    assert keys["c-7"].moved_to == "c-8"


def test_a_conversation_that_both_keys_heard_is_one_and_nothing_of_it_counts_twice() -> None:
    keys = Keys()
    for seq in (1, 2):
        keys.said("chat-1", "chat-1", seq)
    keys.said("c-7", "chat-1", 3)
    keys.link("chat-1", "c-7")
    keys.run()
    contact = keys["c-7"].contacts["chat-1"]
    assert [contact.applied.take(seq) for seq in (1, 2, 3, 4)] == [False, False, False, True]


def test_two_linked_to_each_other_do_not_go_round() -> None:
    keys = Keys()
    keys.said("c-7", "chat-7", 1)
    keys.said("c-8", "chat-8", 1)
    keys.link("c-7", "c-8")
    keys.run()
    keys.link("c-8", "c-7")
    keys.run()
    assert keys.remembered("c-7") == ["chat-7", "chat-8"]
    keys.said("c-8", "chat-9", 1)
    keys.run()
    assert keys.remembered("c-7") == ["chat-7", "chat-8", "chat-9"]


def test_nor_do_they_when_both_links_are_on_their_way_at_once() -> None:
    keys = Keys()
    keys.said("c-7", "chat-7", 1)
    keys.said("c-8", "chat-8", 1)
    keys.link("c-7", "c-8")
    keys.link("c-8", "c-7")
    keys.run()
    assert sorted(keys.remembered("c-7") + keys.remembered("c-8")) == ["chat-7", "chat-8"]
    keys.said("c-7", "chat-9", 1)
    keys.run()


def test_nor_does_a_ring_of_three() -> None:
    keys = Keys()
    for number in (1, 2, 3):
        keys.said(f"c-{number}", f"chat-{number}", 1)
    for alias, customer_id in (("c-1", "c-2"), ("c-2", "c-3"), ("c-3", "c-1")):
        keys.link(alias, customer_id)
        keys.run()
    everything = [name for key in ("c-1", "c-2", "c-3") for name in keys.remembered(key)]
    assert sorted(everything) == ["chat-1", "chat-2", "chat-3"]
    keys.said("c-1", "chat-9", 1)
    keys.run()


def test_a_crm_links_and_describes_a_customer() -> None:
    keys = Keys()
    keys.said("+441632960001", "call-1", 1)
    record = CustomerRecord(
        customer_id="c-7",
        type="identity.linked",
        event_time=from_ms(NOW_MS),
        alias="+441632960001",
        attributes={"segment": "gold"},
    )
    keys.send("c-7", record)
    keys.run()
    assert keys["c-7"].attributes == {"segment": "gold"}
    assert keys.remembered("c-7") == ["call-1"]


def test_a_carry_over_with_a_damaged_state_is_refused() -> None:
    carry = CarryOver("carry-1", "chat-1", "c-7", from_ms(NOW_MS), state="{}")
    customer = Customer("c-7")
    with pytest.raises(RecordError):
        follow(customer, carry)
    assert customer == Customer("c-7")
