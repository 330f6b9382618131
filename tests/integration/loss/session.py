"""A session: many faults of one kind, one after another, on the same workers and topics.

A round sends records and breaks something meanwhile; the next begins as soon as every record is answered,
while offsets, standbys and states may still be on their way. Every few rounds all comes to rest, is checked,
and people answer what was decided, a fault in the midst of that too. Judged at the end, against a session
without faults.
"""

from __future__ import annotations

import asyncio
import math
import signal
import time
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from faults import Fault, ended_well
from field import SENT_OVER_S, Field, Stuck
from ledger import Ledger, Verdict
from members import Setup
from script import Script, Sent, disorder

PATIENCE_S = 240.0
QUICK_S = 0.3
REST_EVERY = 5
"""Rounds from rest to rest."""


@dataclass
class Report:
    """What a session saw. `seconds` are those from each fault until every partition decided again."""

    kind: str
    seed: int
    lane: int = 0
    rounds: int = 0
    seconds: list[float] = field(default_factory=list)
    verdict: Verdict | None = None
    stuck: str = ""
    took_s: float = 0.0
    slowest_s: float = 0.0
    """The longest two rounds on end, between whose records a customer may have said nothing."""
    silence_s: float = math.inf
    """Beyond this lessons may have been told in silence, which the control had no time for."""

    @property
    def well(self) -> bool:
        """Whether all rounds were played and nothing was wrong."""
        return not self.stuck and self.verdict is not None and self.verdict.well

    def as_row(self) -> dict[str, Any]:
        """What was seen, for a line of JSON."""
        again, verdict = sorted(self.seconds), self.verdict
        row: dict[str, Any] = {"kind": self.kind, "seed": self.seed, "lane": self.lane}
        row |= {"faults": self.rounds, "well": self.well, "took_s": round(self.took_s, 1)}
        row |= {"slowest_s": round(self.slowest_s, 1)}
        if verdict is not None:
            row |= {
                "fragments": verdict.sent,
                "applied": verdict.applied,
                "answers": verdict.answers,
                "outputs": verdict.outputs,
                "duplicates": verdict.duplicates,
                "shown_twice": verdict.count("shown twice"),
                "order_errors": verdict.count("order"),
                "lost": verdict.count("lost") + verdict.count("answers lost"),
                "wrong": {kind: len(cases) for kind, cases in verdict.faults.items()},
            }
        if again:
            row["again_s"] = [round(seconds, 1) for seconds in again]
        return {**row, "stuck": self.stuck} if self.stuck else row

    def __str__(self) -> str:
        again = sorted(self.seconds)
        times = (
            f" again after {again[len(again) // 2]:.1f} s (most {again[-1]:.1f})" if again else ""
        )
        said = f"{self.kind} seed={self.seed} lane={self.lane} faults={self.rounds} in {self.took_s:.0f} s"
        said += f"{times} {self.verdict}"
        if self.slowest_s > self.silence_s:
            said += (
                f"\n  TOO SLOW: two rounds took {self.slowest_s:.0f} s, and after {self.silence_s:.0f} s"
                " of silence lessons are told, which the control had no time for"
            )
        return f"{said}\n  STUCK: {self.stuck}" if self.stuck else said


class Rounds:
    """How many rounds the lanes of a kind play: so many, or until their time is over; all equally many."""

    def __init__(self, most: int, within_s: float = math.inf) -> None:
        self.most = most
        self._until = time.monotonic() + within_s
        self._furthest = 0

    def more(self, number: int) -> bool:
        """Whether this round is played too; when time is over, the furthest lane's next rest is the last."""
        if number > self._furthest and time.monotonic() > self._until:
            self.most = min(self.most, -(-self._furthest // REST_EVERY) * REST_EVERY)
        self._furthest = max(self._furthest, min(number, self.most))
        return number <= self.most

    def rests(self, number: int) -> bool:
        """Whether all comes to rest after this round."""
        return number % REST_EVERY == 0 or number == self.most


def against(report: Report, ledger: Ledger, control: Ledger) -> None:
    """Judge a session by one of the same records without faults: byte for byte."""
    assert report.verdict is not None
    if not report.stuck:
        found = {**report.verdict.faults, **ledger.unlike(control)}
        report.verdict = replace(report.verdict, faults=found)


async def play(
    setup: Setup,
    fault: Fault | None,
    *,
    seed: int,
    rounds: int | Rounds,
    base_ms: int,
    lane: int = 0,
    cluster: ModuleType | None = None,
    control: Ledger | None = None,
    patience_s: float = PATIENCE_S,
    over_s: float = SENT_OVER_S,
) -> tuple[Report, Ledger]:
    """Play a session and judge it. The records depend on the seed, the faults and their moments on lane too.

    A round's records are sent over `over_s` seconds when something is to break in their midst.
    """
    rounds = Rounds(rounds) if isinstance(rounds, int) else rounds
    report = Report(fault.name if fault else "control", seed, lane, silence_s=setup.silence_s)
    began = time.monotonic()
    async with Field(setup, seed=f"{seed} {lane}", cluster=cluster) as ground:
        for number in range(fault.workers if fault else 1):
            ground.member(f"worker-{number}").start()
        session = _Session(ground, fault, report, Script(seed, base_ms), patience_s, over_s)
        try:
            await ground.until(
                lambda: all(m.ready for m in ground.members), "all ready", PATIENCE_S
            )
            supervising = asyncio.create_task(ground.supervise())
            try:
                number = 1
                while rounds.more(number):
                    await session.round(rests=rounds.rests(number))
                    number += 1
            finally:
                supervising.cancel()
            await _stop(ground)
        except Stuck as stuck:
            report.stuck = str(stuck)
        ordered = fault is None or fault.ordered
        report.verdict = ground.ledger.verdict(ordered=ordered)
        if control is not None and fault is not None and fault.exact:
            against(report, ground.ledger, control)
        report.took_s = time.monotonic() - began
        return report, ground.ledger


class _Session:
    """The rounds of a session."""

    def __init__(
        self,
        ground: Field,
        fault: Fault | None,
        report: Report,
        script: Script,
        patience_s: float,
        over_s: float,
    ) -> None:
        self._ground = ground
        self._fault = fault
        self._report = report
        self._script = script
        self._patience_s = patience_s
        self._over_s = over_s
        self._last_s = 0.0
        self._turn = 0

    async def round(self, *, rests: bool) -> None:
        """Records with a fault in their midst; before a rest with their answers, and the fault in either."""
        ground, dice, began = self._ground, self._ground.dice, time.monotonic()
        records = self._script.next_round()
        if self._fault is not None and not self._fault.ordered:
            records = disorder(records, dice)
        in_answers = rests and dice.random() < 0.5
        fault_ms = await self._broken(records, strikes=self._fault is not None and not in_answers)
        if rests:
            await ground.settled(self._patience_s)
            answers = ground.ledger.loop.answers(self._turn, self._report.seed)
            self._turn += 1
            fault_ms = (
                await self._broken(answers, strikes=self._fault is not None and in_answers)
                or fault_ms
            )
            await ground.settled(self._patience_s)
        self._report.rounds += 1
        took_s = time.monotonic() - began
        self._report.slowest_s = max(self._report.slowest_s, self._last_s + took_s)
        self._last_s = took_s
        if self._fault is not None:
            again = ground.ledger.decided_again_ms(fault_ms)
            self._report.seconds.append((max(again.values()) - fault_ms) / 1000 if again else 0.0)

    async def _broken(self, records: list[Sent], *, strikes: bool) -> int:
        """Send, break something meanwhile, wait until all is answered; when it broke, 0 for never."""
        ground, fault_ms = self._ground, 0
        over_s = self._over_s if strikes else QUICK_S  # nothing has to be met in the midst of it
        sending = asyncio.create_task(ground.send(records, over_s))
        try:
            if self._fault is not None and strikes:
                await ground.moment(0.1 * over_s, 0.9 * over_s)
                fault_ms = int(time.time() * 1000)
                await self._fault.strike(ground)
                await self._fault.mend(ground)
            await sending
        finally:
            sending.cancel()
        await ground.answered(self._patience_s)
        return fault_ms


async def _stop(ground: Field) -> None:
    """At the end every worker is asked to stop, and must."""
    for member in ground.members:
        if member.running:
            member.signal(signal.SIGTERM)
            code = await asyncio.to_thread(member.wait, 60)
            if not ended_well(member, code):
                raise Stuck(f"{member.name} ended with {code} after SIGTERM")
