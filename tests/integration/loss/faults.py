"""What goes wrong: each kind strikes once, in the middle of a round, and mends what it broke.

`strike` returns when it has struck (its time is when the clock for "decides again" starts); `mend` puts the
field back as it was: the workers that should run, run.
"""

from __future__ import annotations

import asyncio
import signal
from abc import ABC, abstractmethod
from typing import Any

from field import Field, Stuck
from members import Member

STOPPED = (0, -signal.SIGTERM)
"""How a worker may end after SIGTERM: well, or by the signal itself when it had not yet begun to start."""

JOINING = b"(Re-)joining group"


class Fault(ABC):
    """One way in which things go wrong."""

    name: str
    brokers = 1
    store = "memory"
    workers = 1
    ordered = True
    exact = True
    """Whether the outputs must be, byte for byte, those of a session without faults."""

    @abstractmethod
    async def strike(self, field: Field) -> None:
        """Break something."""

    async def mend(self, field: Field) -> None:
        """Put it right again, as a supervisor would; by default whoever ended is started."""
        for member in field.members:
            if not member.running:
                member.start()


def ended_well(member: Member, code: int) -> bool:
    """Whether it ended as it should after SIGTERM, or was ending by itself since others have its partitions."""
    return code in STOPPED or member.put_out


def _any(field: Field) -> Member:
    return field.dice.choice([m for m in field.members if m.running])


class Kill(Fault):
    """kill -9 of a worker."""

    name = "kill"

    async def strike(self, field: Field) -> None:
        """At once, in whatever it does."""
        victim = _any(field)
        victim.signal(signal.SIGKILL)
        victim.wait()


class KillOfTwo(Kill):
    """kill -9 of one of two workers."""

    name = "kill-of-two"
    workers = 2


class KillOnDisk(Kill):
    """kill -9 of one of two workers whose state lies in RocksDB."""

    name = "kill-rocksdb"
    workers = 2
    store = "rocksdb"


class Term(Fault):
    """SIGTERM in mid-batch: it drains, ends well, and is started again."""

    name = "term"

    async def strike(self, field: Field) -> None:
        """Ask it to stop; it must, with exit code 0."""
        victim = _any(field)
        victim.signal(signal.SIGTERM)
        code = await asyncio.to_thread(victim.wait, 40)
        if code not in STOPPED:
            raise Stuck(f"{victim.name} ended with {code} after SIGTERM")


class TermOnDisk(Term):
    """SIGTERM of one of two workers whose state lies in RocksDB."""

    name = "term-rocksdb"
    workers = 2
    store = "rocksdb"


class JoinAndLeave(Fault):
    """A second worker joins in mid-stream, and is stopped while the first goes on."""

    name = "join-leave"

    async def strike(self, field: Field) -> None:
        """Let it come, and go again a moment later, wherever the rebalance then stands."""
        guest = field.members[1] if len(field.members) > 1 else field.member("guest")
        guest.start()
        await field.moment(1.0, 8.0)
        guest.signal(field.dice.choice([signal.SIGTERM, signal.SIGKILL]))
        await asyncio.to_thread(guest.wait, 60)

    async def mend(self, field: Field) -> None:
        """Nobody comes back: the first has everything again."""


class BrokerKilled(Fault):
    """One of three brokers dies, and comes back."""

    name = "broker"
    brokers = 3
    workers = 2

    async def strike(self, field: Field) -> None:
        """kill -9 of any of them."""
        self._node = field.dice.randint(1, 3)
        cluster: Any = field.cluster
        await asyncio.to_thread(cluster.stop_broker, self._node, how=signal.SIGKILL)

    async def mend(self, field: Field) -> None:
        """Start it again."""
        await field.moment(0.0, 4.0)
        cluster: Any = field.cluster
        # Not in a thread: a broker ends with the thread that started it (deploy/kafka/bound.py).
        cluster.start_broker(self._node, wait=False)
        await asyncio.to_thread(cluster._wait_until_answering, [self._node])
        await super().mend(field)


class BrokersRestarted(Fault):
    """Every broker is stopped, and started again."""

    name = "brokers"
    brokers = 3
    workers = 2

    async def strike(self, field: Field) -> None:
        """All of them, one after the other without a pause."""
        cluster: Any = field.cluster
        how = field.dice.choice([signal.SIGTERM, signal.SIGKILL])
        for node in (1, 2, 3):
            await asyncio.to_thread(cluster.stop_broker, node, how=how)

    async def mend(self, field: Field) -> None:
        """Bring all back."""
        cluster: Any = field.cluster
        for node in (1, 2, 3):
            cluster.start_broker(node, wait=False)
        await asyncio.to_thread(cluster._wait_until_answering, [1, 2, 3])
        await super().mend(field)


class BrokerKilledInRebalance(BrokerKilled):
    """A broker dies in the middle of a rebalance that a dying worker began."""

    name = "broker-in-rebalance"

    async def strike(self, field: Field) -> None:
        """First the worker, then the broker."""
        victim = _any(field)
        victim.signal(signal.SIGKILL)
        victim.wait()
        victim.start()
        await field.moment(1.0, 4.0)
        await super().strike(field)


class BrokerKilledInJoin(BrokerKilled):
    """A broker dies while a worker more is joining, in the middle of the rebalance that this began."""

    name = "broker-in-join"

    async def strike(self, field: Field) -> None:
        """As soon as the newcomer asks for its part, or somewhere in the second after."""
        self._guest = field.member("guest")
        self._guest.start()
        await field.until(lambda: self._guest.says(JOINING), "the guest joins", 60.0)
        await field.moment(0.0, 1.0)
        await super().strike(field)

    async def mend(self, field: Field) -> None:
        """The broker comes back, and the guest goes."""
        await super().mend(field)
        field.members.remove(self._guest)
        self._guest.signal(signal.SIGTERM)
        code = await asyncio.to_thread(self._guest.wait, 60)
        if code not in STOPPED:
            raise Stuck(f"the guest ended with {code} after SIGTERM")


class Model(Fault):
    """The model raises, is slow, or hangs; the light one answers."""

    name = "model"

    async def strike(self, field: Field) -> None:
        """Put every model in a bad mood."""
        mood = field.dice.choice(["raises", "slow", "hangs"])
        for member in field.members:
            member.mood(mood)
        await field.moment(0.5, 1.5)

    async def mend(self, field: Field) -> None:
        """A good mood again; a model that hangs stays so until its worker is started anew."""
        for member in field.members:
            member.mood("well")
            if member.running:
                member.signal(signal.SIGTERM)
                code = await asyncio.to_thread(member.wait, 40)
                if code not in STOPPED:
                    raise Stuck(f"{member.name} ended with {code} after SIGTERM")
        await super().mend(field)


class DiskFull(Fault):
    """No file of a worker can grow any more; later there is room again."""

    name = "disk"
    store = "rocksdb"
    workers = 2

    async def strike(self, field: Field) -> None:
        """Fill it; the worker must notice and end by itself with an error."""
        victim = _any(field)
        victim.disk_full(full=True)
        code = await asyncio.to_thread(victim.wait, 60)
        if code <= 0:
            raise Stuck(f"{victim.name} ended with {code} when its disk was full")


class Paused(Fault):
    """A worker is stopped for longer than its session, then goes on: a zombie that must not write."""

    name = "pause"
    workers = 2

    async def strike(self, field: Field) -> None:
        """SIGSTOP, and nothing more."""
        self._victim = _any(field)
        self._victim.signal(signal.SIGSTOP)

    async def mend(self, field: Field) -> None:
        """Wait until somebody else has its work, then let it go on."""
        session_s = field.setup.session_timeout_s
        await field.moment(session_s + 0.5, session_s + 5.0)
        self._victim.signal(signal.SIGCONT)
        await field.moment(0.5, 1.5)
        await super().mend(field)


class Disorder(Fault):
    """Nothing breaks, but the input comes twice and in another order (see `script.disorder`)."""

    name = "disorder"
    ordered = False
    exact = False

    async def strike(self, field: Field) -> None:
        """The input does it."""


ALL: dict[str, type[Fault]] = {
    kind.name: kind
    for kind in (
        Kill, KillOfTwo, KillOnDisk, Term, TermOnDisk, JoinAndLeave, BrokerKilled, BrokersRestarted,
        BrokerKilledInRebalance, BrokerKilledInJoin, Model, DiskFull, Paused, Disorder,
    )
}  # fmt: skip
