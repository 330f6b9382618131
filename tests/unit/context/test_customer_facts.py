"""What each fact of a customer means, by one short example each (see `context.customer_facts`)."""

from __future__ import annotations

from collections.abc import Mapping

from cxstream.context.customer import Customer
from cxstream.context.customer_facts import facts

NOW_MS = 1_780_000_000_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000


def heard(
    customer: Customer,
    conversation_id: str,
    channel: str,
    minutes_ago: float,
    *,
    intents: tuple[str, ...] = (),
    unresolved: tuple[str, ...] = (),
    ended: bool = True,
) -> None:
    """A conversation of which one signal was heard."""
    at_ms = round(NOW_MS - minutes_ago * MINUTE_MS)
    customer.windows.add(at_ms, {"n": 1, f"c:{channel}": 1})
    told = {"ended": ended, "intents": list(intents), "unresolved": list(unresolved)}
    customer.contact(conversation_id, channel, at_ms).update(at_ms, "", told)
    customer.forget(at_ms)


def test_a_customer_who_was_never_heard_before() -> None:
    customer = Customer("c-1")
    heard(customer, "call-1", "voice", 0, ended=False)
    now = facts(customer, "call-1")
    assert now["known"] is False
    assert now["contacts_before"] == {"last_1h": 0, "last_24h": 0, "last_30d": 0}
    assert (now["intents_before"], now["unresolved_before"], now["channel_before"]) == ([], [], "")
    assert now["open_conversations"] == 1


def test_contacts_before_are_the_conversations_that_began_earlier() -> None:
    customer = Customer("c-1")
    heard(customer, "mail-1", "email", 20 * 24 * 60)
    heard(customer, "chat-1", "chat", 5 * 60)
    heard(customer, "chat-2", "chat", 30)
    heard(customer, "call-1", "voice", 0)
    assert facts(customer, "call-1")["contacts_before"] == {
        "last_1h": 1,
        "last_24h": 2,
        "last_30d": 3,
    }
    assert facts(customer, "chat-1")["contacts_before"] == {
        "last_1h": 0,
        "last_24h": 0,
        "last_30d": 1,
    }


def test_what_they_came_for_before_the_newest_first() -> None:
    customer = Customer("c-1")
    heard(customer, "mail-1", "email", 9 * 24 * 60, intents=("technical_problem",))
    heard(customer, "chat-1", "chat", 60, intents=("refund_request", "technical_problem"))
    heard(customer, "call-1", "voice", 0, intents=("cancel_service",))
    assert facts(customer, "call-1")["intents_before"] == ["refund_request", "technical_problem"]


def test_what_earlier_conversations_left_open() -> None:
    customer = Customer("c-1")
    heard(
        customer, "chat-1", "chat", 60, intents=("refund_request",), unresolved=("refund_request",)
    )
    heard(customer, "call-1", "voice", 0, unresolved=("billing_dispute",))
    assert facts(customer, "call-1")["unresolved_before"] == ["refund_request"]


def test_the_channel_before_is_another_one_within_the_hour() -> None:
    customer = Customer("c-1")
    heard(customer, "mail-1", "email", 90)
    heard(customer, "chat-1", "chat", 10)
    heard(customer, "call-1", "voice", 5)
    heard(customer, "call-2", "voice", 0)
    assert facts(customer, "call-2")["channel_before"] == "chat"
    assert facts(customer, "chat-1")["channel_before"] == ""


def test_conversations_that_are_going_on() -> None:
    customer = Customer("c-1")
    heard(customer, "call-0", "voice", 3 * 24 * 60, ended=False)
    heard(customer, "chat-1", "chat", 10, ended=False)
    heard(customer, "mail-1", "email", 8, ended=True)
    heard(customer, "call-1", "voice", 0, ended=False)
    assert facts(customer, "call-1")["open_conversations"] == 2


def test_contacts_by_channel_in_each_window() -> None:
    customer = Customer("c-1")
    heard(customer, "mail-1", "email", 2 * 24 * 60)
    heard(customer, "chat-1", "chat", 30)
    heard(customer, "call-1", "voice", 0)
    now = facts(customer, "call-1")
    month, hour = now["last_30d"], now["last_1h"]
    assert isinstance(month, Mapping)
    assert isinstance(hour, Mapping)
    assert month["contacts_by_channel"] == {"chat": 1, "email": 1, "voice": 1}
    assert (hour["contacts"], hour["contacts_by_channel"]) == (2, {"chat": 1, "voice": 1})


def test_after_thirty_days_a_contact_is_forgotten() -> None:
    customer = Customer("c-1")
    heard(customer, "call-1", "voice", 0)
    customer.forget(NOW_MS + 30 * DAY_MS)
    assert customer.contacts == {}
    assert customer.disposable()


def test_what_the_crm_says_is_there_for_playbooks() -> None:
    customer = Customer("c-1")
    customer.set_attributes(5, {"segment": "gold", "vulnerable": False})
    customer.set_attributes(6, {"vulnerable": True})
    customer.set_attributes(4, {"segment": "basic"})
    assert facts(customer, "call-1")["attributes"] == {"segment": "gold", "vulnerable": True}
