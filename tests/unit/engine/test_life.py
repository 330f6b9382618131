"""What a supervisor is told in every phase."""

from __future__ import annotations

from cxstream.engine.lease import Lease
from cxstream.engine.life import Life, Phase


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(life: Life) -> tuple[str, bool, bool]:
    return life.condition()[:3]


def test_the_phases_of_a_life() -> None:
    heard: list[str] = []
    life = Life(heard.append)
    assert told(life) == ("starting", True, False)
    for phase, ready in (("recovering", False), ("running", True), ("recovering", False)):
        life.enter(Phase(phase))
        assert told(life) == (phase, True, ready)
    life.enter(Phase.DRAINING)
    life.enter(Phase.RUNNING)
    assert told(life) == ("draining", True, False), "who drains takes no work any more"
    assert heard == ["starting", "recovering", "running", "recovering", "draining"]


def test_stuck_is_for_good_and_says_why() -> None:
    life = Life()
    life.stuck("it stands still")
    life.enter(Phase.RUNNING)
    assert life.condition() == ("stuck", False, False, "it stands still")


def test_a_loop_that_no_longer_turns() -> None:
    clock = Clock()
    life = Life(now=clock)
    life.enter(Phase.RUNNING)
    life.beat()
    clock.now = 30.0
    assert told(life) == ("running", True, True)
    clock.now = 31.0
    assert life.condition() == ("stuck", False, False, "the event loop has not turned for 31 s")
    life.beat()
    assert told(life) == ("running", True, True)


def test_not_ready_while_kafka_is_not_heard_of() -> None:
    clock = Clock()
    life = Life()
    life.lease = Lease(10.0, 60.0, clock)
    life.lease.heard(0, sent_at=0.0)
    life.enter(Phase.RUNNING)
    assert told(life) == ("running", True, True)
    clock.now = 10.0
    assert told(life) == ("running", True, False)
