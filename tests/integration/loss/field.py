"""Where a session plays: the brokers, the workers, the oracle's producer and its readers."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import subprocess
import time
from collections.abc import Awaitable, Callable
from types import ModuleType, TracebackType

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from ledger import OUTPUTS, TABLES, Ledger
from loop import STANDING
from members import Member, Setup
from script import Sent
from shown import Shown
from waiting import NeverCame, until_async

from cxstream import bootstrap
from cxstream.settings import Settings

SENT_OVER_S = 2.0
"""A round's records are sent over so long, so that a fault finds work in every state."""
READ = ("transcripts", "signals", "outcomes", "approvals", "ledger-events", "lessons")
"""The topics that workers read, and commit; customers are told by nobody here."""


class Stuck(AssertionError):
    """Something that had to happen did not, within the patience of a round."""


class Field:
    """A session's brokers, workers and oracle. Use as an async context manager."""

    def __init__(self, setup: Setup, *, seed: int | str, cluster: ModuleType | None = None) -> None:
        self.setup = setup
        self.dice = random.Random(seed)
        self.ledger = Ledger(Shown(), words=not setup.real)
        self.members: list[Member] = []
        self.cluster = cluster
        self._more = asyncio.Event()
        self._lies: dict[tuple[str, int], tuple[str, int, int]] = {}

    async def __aenter__(self) -> Field:
        await bootstrap.prepare_topics(
            Settings(
                brokers=self.setup.brokers,
                topic_prefix=self.setup.prefix,
                app_id=self.setup.app_id,
                replication=self.setup.replication,
                embedded=self.setup.embedded,
            )
        )
        roles = {f"{self.setup.prefix}{role}": role for role in (*OUTPUTS, *STANDING)}
        tables = {f"{self.setup.app_id}-{table}-changelog": table for table in TABLES}
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self.setup.brokers,
            enable_idempotence=True,
            request_timeout_ms=120_000,
        )
        self._consumer = AIOKafkaConsumer(
            *roles,
            *tables,
            bootstrap_servers=self.setup.brokers,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
        )
        await self._producer.start()
        await self._consumer.start()
        self._reading = asyncio.create_task(self._read(roles, tables))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for member in self.members:
            with contextlib.suppress(subprocess.TimeoutExpired, ProcessLookupError):
                member.end()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._consumer.stop()
        await self._producer.stop()

    async def moment(self, least_s: float, most_s: float) -> None:
        """Let a moment pass that the seed decides on: when a fault strikes, and how long it lasts."""
        await asyncio.sleep(self.dice.uniform(least_s, most_s))

    def member(self, name: str) -> Member:
        """A new worker, not started yet."""
        member = Member(self.setup, name)
        self.members.append(member)
        return member

    async def send(self, records: list[Sent], over_s: float = SENT_OVER_S) -> None:
        """Send a round's records, evenly over its time."""
        began = time.monotonic()
        pending: list[Awaitable[None]] = []
        for number, record in enumerate(records):
            due = began + over_s * number / len(records)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            pending.append(asyncio.create_task(self._post(record, await self._hand_over(record))))
        await asyncio.gather(*pending)

    async def until(self, reached: Callable[[], bool], what: str, patience_s: float) -> None:
        """Wait for something that the readers see. Raises `Stuck` when it does not come."""

        def look() -> bool:
            if self._reading.done():
                self._reading.result()
            return reached()

        try:
            await until_async(look, what, patience_s)
        except NeverCame as never:
            raise Stuck(str(never)) from None

    async def supervise(self) -> None:
        """Start anew whoever gave up, as systemd and Kubernetes would."""
        while True:
            await until_async(lambda: any(m.gave_up for m in self.members), "never", math.inf)
            for member in self.members:
                if member.gave_up:
                    member.start()

    async def answered(self, patience_s: float = 60.0) -> None:
        """Wait until every record has a signal, and every answer of people is with its customer.

        Raises `Stuck`, with what is missing.
        """

        def missing() -> list[object]:
            return [*self.ledger.unanswered(), *self.ledger.loop.unheard()]

        try:
            await self.until(lambda: not missing(), "all answered", patience_s)
        except Stuck as stuck:
            lacks = missing()
            where = [self._lies.get(lack) for lack in lacks[:3]]  # type: ignore[call-overload]
            raise Stuck(
                f"{stuck}: {len(lacks)} are not, such as {lacks[:3]}, which lie at {where}; "
                f"not committed: {await self._uncommitted()}"
            ) from None

    async def settled(self, patience_s: float = 60.0) -> None:
        """Wait until all is answered, everything committed, and all that was written is read.

        Raises `Stuck`, with what is missing.
        """
        await self.answered(patience_s)
        end = time.monotonic() + patience_s
        while behind := await self._uncommitted():
            if time.monotonic() > end:
                raise Stuck(f"all committed within {patience_s} s: {behind}")
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        while any([await self._consumer.position(tp) < at for tp, at in ends.items()]):
            await self._more.wait()

    async def _hand_over(self, record: Sent) -> Awaitable[object]:
        self.ledger.note_sending(record)
        sent: Awaitable[object] = await self._producer.send(
            f"{self.setup.prefix}{record.topic}",
            record.value,
            key=record.key,
            timestamp_ms=record.at_ms,
        )
        return sent

    async def _post(self, record: Sent, sent: Awaitable[object]) -> None:
        metadata = await sent
        topic, partition, offset = metadata.topic, metadata.partition, metadata.offset  # type: ignore[attr-defined]
        self._lies[record.conversation, record.number] = topic, partition, offset
        self.ledger.note_sent(record, partition)

    async def _read(self, roles: dict[str, str], tables: dict[str, str]) -> None:
        while True:
            batches = await self._consumer.getmany(timeout_ms=50)
            self._more.set()
            self._more.clear()
            for batch in batches.values():
                for message in batch:
                    if message.topic in roles:
                        self.ledger.note_output(
                            roles[message.topic], message.value, message.timestamp
                        )
                    else:
                        self.ledger.note_row(tables[message.topic], message.key, message.value)

    async def _uncommitted(self) -> dict[str, int]:
        """How far the group is behind the end of what it reads, by topic; empty when nowhere."""
        topics = [f"{self.setup.prefix}{role}" for role in READ]
        places = [TopicPartition(t, p) for t in topics for p in range(4)]
        admin = AIOKafkaAdminClient(bootstrap_servers=self.setup.brokers)
        try:
            await admin.start()
            committed = await admin.list_consumer_group_offsets(
                self.setup.app_id, partitions=places
            )
            ends = await self._consumer.end_offsets(places)
        except KafkaError as problem:
            return {repr(problem): 1}
        finally:
            await admin.close()
        behind = {
            tp: end - max(0, committed[tp].offset if tp in committed else 0)
            for tp, end in ends.items()
        }
        return {f"{tp.topic}-{tp.partition}": n for tp, n in behind.items() if n > 0}
