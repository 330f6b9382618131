"""The hub: order, resume, reset, slow readers."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from cxstream.desk.hub import Audience, Hub

TOM = Audience("nudges", "default", "agent:tom")
LENA = Audience("nudges", "default", "agent:lena")
ALL = Audience("nudges", "default", "all")


def taken(hub: Hub, *audiences: Audience, after: str | None = None) -> list[int]:
    """The numbers that a reader who comes now gets at once."""
    subscription = hub.subscribe(audiences, after)
    assert subscription.reset is None
    return [event.number for event in asyncio.run(subscription.take(0.001))]


def test_an_event_reaches_its_audience_and_nobody_else() -> None:
    hub = Hub("m")
    tom, lena = hub.subscribe([TOM]), hub.subscribe([LENA])
    hub.publish([TOM], "nudge", b"{}")
    assert [e.kind for e in asyncio.run(tom.take(0.001))] == ["nudge"]
    assert asyncio.run(lena.take(0.001)) == []


def test_who_reads_two_audiences_of_an_event_gets_it_once() -> None:
    hub = Hub("m")
    both = hub.subscribe([TOM, ALL])
    hub.publish([TOM, ALL], "nudge", b"{}")
    assert len(asyncio.run(both.take(0.001))) == 1


def test_who_comes_back_gets_what_was_missed_in_order() -> None:
    hub = Hub("m")
    hub.publish([TOM], "a", b"{}")
    last = hub.last_id()
    for audience in (ALL, TOM, LENA, TOM):
        hub.publish([audience], "b", b"{}")
    assert taken(hub, TOM, ALL, after=last) == [2, 3, 5]


def test_a_new_reader_needs_a_snapshot() -> None:
    assert Hub("m").subscribe([TOM]).reset == "new"


def test_the_id_of_another_process_is_never_taken_for_ours() -> None:
    hub = Hub("m")
    hub.publish([TOM], "a", b"{}")
    for foreign in ("other-1", "m-7", "m-x", "m-", "", "m-²"):
        assert hub.subscribe([TOM], foreign).reset == "unknown_id"


def test_a_ring_that_has_forgotten_says_so() -> None:
    hub = Hub("m", ring_size=3)
    for _ in range(5):
        hub.publish([TOM], "a", b"{}")
    assert hub.subscribe([TOM], "m-1").reset == "too_old"
    assert taken(hub, TOM, after="m-2") == [3, 4, 5]


def test_audiences_are_bounded_and_a_dropped_one_resets_its_readers() -> None:
    hub = Hub("m", rings_max=2)
    for who in ("a", "b", "c"):
        hub.publish([Audience("nudges", "default", who)], "a", b"{}")
    assert hub.subscribe([Audience("nudges", "default", "a")], "m-0").reset == "too_old"
    assert taken(hub, Audience("nudges", "default", "c"), after="m-1") == [3]


def test_a_slow_reader_is_cut_off_and_the_others_go_on() -> None:
    hub = Hub("m", queue_max=4)
    slow, quick = hub.subscribe([TOM]), hub.subscribe([TOM])
    got = 0
    for _ in range(6):
        hub.publish([TOM], "a", b"{}")
        got += len(asyncio.run(quick.take(0.001)))
    assert (slow.cut, quick.cut, got, hub.cut_off) == ("slow", None, 6, 1)
    assert hub.readers == 1
    assert asyncio.run(slow.take(10.0)) == []  # at once, not after ten seconds
    assert taken(hub, TOM, after="m-0") == [1, 2, 3, 4, 5, 6]


def test_closing_ends_every_subscription() -> None:
    hub = Hub("m")
    tom = hub.subscribe([TOM])
    hub.close()
    assert (tom.cut, hub.readers) == ("stopping", 0)


def test_a_waiting_reader_wakes() -> None:
    async def scene() -> int:
        hub = Hub("m")
        tom = hub.subscribe([TOM])
        waiting = asyncio.create_task(tom.take(30.0))
        await asyncio.sleep(0)
        hub.publish([TOM], "a", b"{}")
        return len(await asyncio.wait_for(waiting, 5.0))

    assert asyncio.run(scene()) == 1


@given(
    events=st.lists(st.sampled_from([TOM, LENA, ALL]), max_size=40),
    leaves_after=st.integers(0, 40),
    ring=st.integers(1, 8),
)
def test_resume_gives_exactly_what_was_missed_or_a_reset(
    events: list[Audience], leaves_after: int, ring: int
) -> None:
    hub = Hub("m", ring_size=ring)
    for audience in events[:leaves_after]:
        hub.publish([audience], "a", b"{}")
    last = hub.last_id()
    missed = []
    for audience in events[leaves_after:]:
        number = hub.publish([audience], "a", b"{}").number
        if audience != LENA:
            missed.append(number)
    back = hub.subscribe([TOM, ALL], last)
    if back.reset is None:
        assert [e.number for e in asyncio.run(back.take(0.001))] == missed
    else:
        assert back.reset == "too_old"
        assert len(missed) > ring


def test_what_is_over_in_a_moment_takes_nobodys_place() -> None:
    hub = Hub("m", ring_size=2)
    first = hub.subscribe([TOM])
    hub.publish([TOM], "nudge", b"{}")
    for _ in range(5):
        hub.publish([TOM], "hearing", b"{}", keep=False)
    assert len(asyncio.run(first.take(0.001))) == 6
    assert taken(hub, TOM, after="m-0") == [1]
    assert taken(hub, TOM, after="m-4") == []
