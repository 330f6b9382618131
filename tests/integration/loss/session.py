"""A session: rounds of one kind of fault on the same workers and topics, judged at the end."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from dataclasses import dataclass, field, replace
from types import ModuleType

from faults import STOPPED, Fault
from field import SENT_OVER_S, Field, Stuck
from ledger import Ledger, Verdict
from members import Setup
from script import Script, disorder

PATIENCE_S = 240.0


@dataclass
class Report:
    """What a session saw. `seconds` are those from each fault until every partition decided again."""

    kind: str
    seed: int
    rounds: int = 0
    seconds: list[float] = field(default_factory=list)
    verdict: Verdict | None = None
    stuck: str = ""

    @property
    def well(self) -> bool:
        """Whether all rounds were played and nothing was wrong."""
        return not self.stuck and self.verdict is not None and self.verdict.well

    def __str__(self) -> str:
        again = sorted(self.seconds)
        times = (
            f" again after {again[len(again) // 2]:.1f} s (most {again[-1]:.1f})" if again else ""
        )
        said = f"{self.kind} seed={self.seed} faults={self.rounds}{times} {self.verdict}"
        return f"{said}\n  STUCK: {self.stuck}" if self.stuck else said


async def play(
    setup: Setup,
    fault: Fault | None,
    *,
    seed: int,
    rounds: int,
    base_ms: int,
    cluster: ModuleType | None = None,
    control: Ledger | None = None,
    patience_s: float = PATIENCE_S,
) -> tuple[Report, Ledger]:
    """Play a session and judge it. The records depend on the seed only, the faults' moments too."""
    report = Report(fault.name if fault else "control", seed)
    script, dice = Script(seed, base_ms), random.Random(seed)
    async with Field(setup, seed=seed, cluster=cluster) as ground:
        for number in range(fault.workers if fault else 1):
            ground.member(f"worker-{number}").start()
        try:
            await ground.until(
                lambda: all(m.ready for m in ground.members), "all ready", PATIENCE_S
            )
            for _ in range(rounds):
                await _round(ground, script, dice, fault, report, patience_s)
            await _stop(ground)
        except Stuck as stuck:
            report.stuck = str(stuck)
        ordered = fault is None or fault.ordered
        report.verdict = ground.ledger.verdict(ordered=ordered)
        if control is not None and fault is not None and fault.exact and not report.stuck:
            found = {**report.verdict.faults, **ground.ledger.unlike(control)}
            report.verdict = replace(report.verdict, faults=found)
        return report, ground.ledger


async def _round(
    ground: Field,
    script: Script,
    dice: random.Random,
    fault: Fault | None,
    report: Report,
    patience_s: float,
) -> None:
    records = script.next_round()
    if fault is not None and not fault.ordered:
        records = disorder(records, dice)
    sending = asyncio.create_task(ground.send(records))
    try:
        if fault is not None:
            await asyncio.sleep(dice.uniform(0.1, 0.9) * SENT_OVER_S)
            fault_ms = int(time.time() * 1000)
            await fault.strike(ground)
            await fault.mend(ground)
        await sending
    finally:
        sending.cancel()
    await ground.settled(patience_s)
    report.rounds += 1
    if fault is not None:
        again = ground.ledger.decided_again_ms(fault_ms)
        report.seconds.append((max(again.values()) - fault_ms) / 1000 if again else 0.0)


async def _stop(ground: Field) -> None:
    """At the end every worker is asked to stop, and must."""
    for member in ground.members:
        if member.running:
            member.signal(signal.SIGTERM)
            code = await asyncio.to_thread(member.wait, 60)
            if code not in STOPPED:
                raise Stuck(f"{member.name} ended with {code} after SIGTERM")
