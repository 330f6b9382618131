"""The laws of `context.customer` and `snapshot`: once is enough, little is kept, bytes come back."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxstream.context.arc import Arc
from cxstream.context.contact import Applied, Contact
from cxstream.context.conversation import Conversation, Register
from cxstream.context.customer import (
    ATTRIBUTES_MAX,
    CONTACTS_MAX,
    GIVEN_MAX,
    MERGED_MAX,
    Customer,
)
from cxstream.context.entry import Entry
from cxstream.context.given import Given
from cxstream.context.promises import PROMISES_MAX, Promise, joined, within
from cxstream.context.snapshot import (
    VERSION,
    customer_from_json,
    customer_to_json,
    dump,
    load_conversation,
    load_customer,
)
from cxstream.context.windows import Windows
from cxstream.errors import NewerRecord, RecordError

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is slow; that is no error."""

NOW_MS = 1_780_000_000_000
DAY_MS = 86_400_000
WINDOW = 64

texts = st.text(st.characters(codec="utf-8"), max_size=12)
times_ms = st.integers(NOW_MS - 40 * DAY_MS, NOW_MS)
ids = st.sampled_from([f"conversation-{n}" for n in range(60)])
seqs = st.lists(st.integers(1, 90), max_size=120)


def applied_of(numbers: list[int]) -> Applied:
    """What is applied after these numbers."""
    applied = Applied()
    for seq in numbers:
        applied.take(seq)
    return applied


applieds = seqs.map(applied_of)
contacts = st.builds(
    Contact,
    channel=texts,
    started_ms=times_ms,
    last_ms=times_ms,
    ended=st.booleans(),
    intents=st.lists(texts, max_size=3),
    unresolved=st.lists(texts, max_size=3),
    agent_id=texts,
    summaries=st.integers(0, 3),
    applied=applieds,
)
decisions = st.builds(
    Given,
    rule=texts,
    conversation_id=ids,
    decision_id=texts,
    at_ms=times_ms,
    until_ms=times_ms,
    kind=texts,
)
rows = st.dictionaries(
    st.sampled_from(("last_5m", "last_30d")),
    st.dictionaries(
        st.integers(0, 10**9), st.dictionaries(texts, st.integers(1, 10**12)), max_size=3
    ),
)
scalars = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
promises = st.builds(
    Promise,
    id=texts,
    what=texts,
    conversation_id=ids,
    fragment_id=texts,
    text=texts,
    said_ms=times_ms,
    due_ms=times_ms,
    kept_ms=st.one_of(st.just(0), times_ms),
)
customers = st.builds(
    Customer,
    key=texts,
    known=st.booleans(),
    windows=st.builds(Windows, latest_ms=times_ms, rows=rows),
    contacts=st.dictionaries(ids, contacts, max_size=4),
    given=st.lists(decisions, max_size=4).map(tuple),
    attributes=st.dictionaries(texts, scalars, max_size=4),
    attributes_ms=times_ms,
    moved_to=texts,
    merged=st.lists(texts, max_size=3),
    promises=st.lists(promises, max_size=4).map(tuple),
)
entries = st.builds(
    Entry,
    at_ms=times_ms,
    id=texts,
    kind=texts,
    revision=st.integers(0, 2**53),
    role=texts,
    valence=st.integers(-1000, 1000),
    sketch=st.lists(st.integers(0, 65535), max_size=12).map(tuple),
)
conversations = st.builds(
    Conversation,
    id=texts,
    customer=st.builds(Register, at_ms=times_ms, value=texts),
    arc=st.builds(
        Arc, last_valences=st.lists(st.integers(-1000, 1000), max_size=3).map(tuple), channel=texts
    ),
    open=st.lists(entries, max_size=4),
    settled_order=st.tuples(times_ms, texts),
    settled_ids=st.lists(st.integers(0, 2**64 - 1), max_size=8),
    partials=st.dictionaries(texts, st.integers(0, 2**53), max_size=3),
    roles=st.dictionaries(texts, st.builds(Register, at_ms=times_ms, value=texts), max_size=3),
    seq=st.integers(0, 2**53),
)


# Applied: which signals were applied


@PATIENT
@given(st.lists(st.one_of(st.integers(1, 90), st.integers(60, 400)), max_size=200))
def test_a_signal_is_applied_once(numbers: list[int]) -> None:
    applied, seen = Applied(), set[int]()
    for seq in numbers:
        too_old = bool(seen) and seq < max(seen) - WINDOW
        assert applied.take(seq) is (seq not in seen and not too_old)
        if not too_old:
            seen.add(seq)
        assert applied.below < 2**WINDOW


@PATIENT
@given(seqs, seqs)
def test_applied_here_or_there_is_applied(here: list[int], there: list[int]) -> None:
    merged = applied_of(here)
    merged.merge(applied_of(there))
    for seq in set(here + there):
        assert merged.take(seq) is False


@PATIENT
@given(seqs, seqs)
def test_what_was_applied_nowhere_is_still_to_come(here: list[int], there: list[int]) -> None:
    merged = applied_of(here)
    merged.merge(applied_of(there))
    newest = max([*here, *there], default=0)
    for seq in range(max(1, newest - WINDOW), newest + 2):
        if seq not in here and seq not in there:
            assert merged.take(seq) is True


def test_a_wild_number_costs_nothing() -> None:
    applied = applied_of([1, 2, 2**60])
    assert applied == Applied(highest=2**60, below=0)


# Customer


@PATIENT
@given(customers, customers)
def test_a_carry_over_is_taken_once(customer: Customer, other: Customer) -> None:
    assert customer.merge(load_customer(dump(other)), "carry-1")
    once = dump(customer)
    assert not customer.merge(other, "carry-1")
    assert dump(customer) == once


@PATIENT
@given(st.lists(customers, max_size=6))
def test_what_is_kept_after_merging_is_bounded(others: list[Customer]) -> None:
    customer = Customer("c")
    for number, other in enumerate(others * 12):
        customer.merge(load_customer(dump(other)), f"carry-{number}")
    assert len(customer.contacts) <= CONTACTS_MAX
    assert len(customer.given) <= GIVEN_MAX
    assert len(customer.merged) <= MERGED_MAX
    assert len(customer.attributes) <= ATTRIBUTES_MAX


@PATIENT
@given(st.lists(st.tuples(ids, times_ms), max_size=80))
def test_contacts_are_bounded_and_the_newest_stay(heard: list[tuple[str, int]]) -> None:
    customer = Customer("c")
    newest = 0
    for conversation_id, at_ms in sorted(heard, key=lambda h: h[1]):
        contact = customer.contact(conversation_id, "chat", at_ms)
        contact.update(at_ms, "", {})
        newest = at_ms
        assert contact is customer.contacts[conversation_id]
    assert len(customer.contacts) <= CONTACTS_MAX
    assert not heard or max(c.last_ms for c in customer.contacts.values()) == newest


@PATIENT
@given(customers)
def test_in_time_a_customer_is_forgotten_but_for_what_the_crm_said(customer: Customer) -> None:
    customer.windows.rows.clear()
    customer.forget(NOW_MS + 31 * DAY_MS)
    assert customer.disposable() is not bool(customer.attributes)


def test_a_key_that_moved_forwards_for_thirty_days() -> None:
    customer = Customer("conversation-1")
    customer.hand_over("c-7", NOW_MS)
    customer.forget(NOW_MS + 29 * DAY_MS)
    assert customer.moved_to == "c-7"
    assert not customer.disposable()
    customer.forget(NOW_MS + 30 * DAY_MS)
    assert customer.disposable()


def test_later_attributes_hold_whichever_key_they_came_by() -> None:
    for first, second in ((1, 2), (2, 1)):
        here, there = Customer("c"), Customer("c-old")
        here.set_attributes(first, {"segment": f"at {first}"})
        there.set_attributes(second, {"segment": f"at {second}"})
        here.merge(there, "carry-1")
        assert here.attributes == {"segment": "at 2"}
        assert here.attributes_ms == 2


@pytest.mark.parametrize(
    "attributes",
    [
        {"note": "x" * 100_000},
        {"x" * 100_000: True},
        {"limit": 10**30},
        {f"a{n}": n for n in range(ATTRIBUTES_MAX + 1)},
    ],
    ids=["long text", "long name", "large number", "too many"],
)
def test_attributes_that_cannot_be_kept_are_refused_whole(attributes: dict[str, str | int]) -> None:
    customer = Customer("c")
    customer.set_attributes(1, {"segment": "gold"})
    with pytest.raises(RecordError):
        customer.set_attributes(2, attributes)
    assert customer.attributes == {"segment": "gold"}
    assert customer.attributes_ms == 1
    dump(customer)


# Snapshots


@PATIENT
@given(customers)
def test_a_customer_comes_back_from_bytes_and_from_a_carry_over(customer: Customer) -> None:
    assert load_customer(dump(customer)) == customer
    assert customer_from_json(customer_to_json(customer)) == customer


@PATIENT
@given(conversations)
def test_a_conversation_comes_back_from_bytes(conversation: Conversation) -> None:
    assert load_conversation(dump(conversation)) == conversation


@PATIENT
@given(st.binary(max_size=60))
def test_any_bytes_are_a_state_or_an_error_that_says_so(data: bytes) -> None:
    for load in (load_customer, load_conversation):
        for value in (data, bytes((VERSION,)) + data):
            try:
                load(value)
            except RecordError as error:
                assert error.field == "state"


@PATIENT
@given(customers, st.data())
def test_damage_is_an_error_that_says_so(customer: Customer, data: st.DataObject) -> None:
    good = bytearray(dump(customer))
    for _ in range(data.draw(st.integers(1, 3))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(good[: data.draw(st.integers(0, len(good)))])
    try:
        load_customer(damaged)
    except RecordError as error:
        assert error.field == "state"


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\x00",
        bytes((VERSION,)),
        bytes((VERSION,)) + b"\x81\xa3key\xa2\xff\xfe",
        bytes((VERSION,)) + b"\x81\xa1z" + b"\x91" * 200_000,
    ],
    ids=["nothing", "no version", "no state", "not UTF-8", "nested without end"],
)
def test_damaged_bytes_are_a_record_error(damaged: bytes) -> None:
    for load in (load_customer, load_conversation):
        with pytest.raises(RecordError) as caught:
            load(damaged)
        assert not isinstance(caught.value, NewerRecord)


def test_a_newer_state_is_refused_not_guessed_at() -> None:
    newer = bytes((VERSION + 1,)) + dump(Customer("c"))[1:]
    with pytest.raises(NewerRecord):
        load_customer(newer)
    with pytest.raises(NewerRecord):
        load_conversation(newer)


@PATIENT
@given(
    st.one_of(st.text(max_size=30), st.just('{"z":' + "[" * 200_000), st.just('{"key":"\ud800"}'))
)
def test_a_damaged_carry_over_is_a_record_error(text: str) -> None:
    with pytest.raises(RecordError):
        customer_from_json(text)


def test_a_state_is_an_object_so_that_fields_can_be_added() -> None:
    """A state without a field, as an older program wrote it, is read with the field's default."""
    older = msgspec.msgpack.decode(dump(Customer("c", known=True))[1:])
    del older["moved_ms"]
    assert load_customer(bytes((VERSION,)) + msgspec.msgpack.encode(older)) == Customer(
        "c", known=True
    )


# Promises: what is open is never lost to what is settled


@PATIENT
@given(st.lists(promises, max_size=80), st.lists(promises, max_size=80))
def test_promises_of_two_keys_become_one_set(some: list[Promise], more: list[Promise]) -> None:
    both = joined(some, more)
    assert len(both) <= PROMISES_MAX
    assert list(both) == sorted(both, key=lambda p: (p.said_ms, p.id)), "oldest first"
    assert joined(both, both) == both, "twice is once"
    settled = {p.id for p in (*some, *more) if not p.open}
    assert not any(p.open and p.id in settled for p in both), "what was kept stays kept"
    lost = {p.id for p in (*some, *more)} - {p.id for p in both}
    if any(not p.open for p in both):
        assert lost <= settled, "the settled leave first"


@PATIENT
@given(customers, st.integers(0, 40))
def test_promises_leave_after_thirty_days(customer: Customer, days: int) -> None:
    now_ms = NOW_MS + days * DAY_MS
    customer.forget(now_ms)
    horizon = customer.windows.latest_ms - 30 * DAY_MS
    assert customer.promises == within(customer.promises, horizon)
