"""Whoever was away for longer than its session must not write; whoever only waits for Kafka may again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cxstream.engine.lease import Answer, Lease, LeaseLost, LeaseUnsure

FINE, REBALANCING, UNKNOWN_MEMBER = 0, 27, 25


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Said:
    def __init__(self, error_code: int) -> None:
        self.error_code = error_code


class HeartbeatRequest:
    """aiokafka's by its name."""


class Coordinator:
    def __init__(self) -> None:
        self.answers: list[int] = []
        self.forgotten = 0
        self._send_req: Callable[[object], Awaitable[Answer]] = self._answer
        self.reset_generation: Callable[[], None] = self._forget

    async def _answer(self, request: object) -> Answer:
        return Said(self.answers.pop(0))

    def _forget(self) -> None:
        self.forgotten += 1


async def ask(coordinator: Coordinator) -> None:
    await coordinator._send_req(HeartbeatRequest())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lease(clock: Clock) -> Lease:
    return Lease(10.0, 60.0, clock)


def test_nothing_is_written_before_the_group_was_joined(lease: Lease) -> None:
    with pytest.raises(LeaseUnsure):
        lease.check()


def test_a_heartbeat_counts_from_when_it_was_sent(lease: Lease, clock: Clock) -> None:
    lease.heard(FINE, sent_at=95.0)
    clock.now = 104.9
    lease.check()
    clock.now = 105.0
    with pytest.raises(LeaseUnsure):
        lease.check()
    lease.heard(FINE, sent_at=105.0)
    lease.check()


def test_who_does_not_rejoin_in_time_is_put_out_though_its_heart_beats(
    lease: Lease, clock: Clock
) -> None:
    lease.heard(FINE, sent_at=100.0)
    for clock.now in (103.0, 110.0, 159.0):
        lease.heard(REBALANCING, sent_at=clock.now)
        lease.check()
    clock.now = 160.0
    with pytest.raises(LeaseUnsure):
        lease.check()


def test_a_forgotten_member_must_end_until_it_has_joined_anew(lease: Lease) -> None:
    coordinator = Coordinator()
    lease.watch(coordinator)
    coordinator.answers = [FINE, FINE]
    asyncio.run(ask(coordinator))
    lease.check()
    coordinator.reset_generation()
    assert coordinator.forgotten == 1
    with pytest.raises(LeaseLost, match="away for longer than its session"):
        lease.check()
    asyncio.run(ask(coordinator))
    lease.check()


def test_whoever_is_refused_a_write_for_good_ends_of_that_whatever_crashes_next(
    lease: Lease,
) -> None:
    lease.watch(Coordinator())
    with pytest.raises(LeaseUnsure):
        lease.admit()
    assert lease.refused is None
    lease.lost = True
    with pytest.raises(LeaseLost):
        lease.admit()
    lease.heard(FINE, sent_at=100.0)  # it has joined again meanwhile, but its batch is gone
    assert "away for longer than its session" in str(lease.refused)


def test_other_answers_renew_nothing(lease: Lease) -> None:
    lease.heard(UNKNOWN_MEMBER, sent_at=100.0)
    with pytest.raises(LeaseUnsure):
        lease.check()
