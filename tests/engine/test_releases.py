"""Playbooks are released while the worker runs; actions wait for approval: both through a broker's topics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from brokers import Broker
from support import read, said, settings_for

from cxstream import bootstrap
from cxstream.bootstrap.playbooks import publish, release, roll_back
from cxstream.engine import codec
from cxstream.engine.app import CxApp
from cxstream.engine.releases import read_shelf
from cxstream.engine.topics import Topics
from cxstream.errors import PlaybookError
from cxstream.events import Action, Approval, DeadLetter, LedgerRow, Nudge, Shadow
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings
from cxstream.understand.lexicon import LexiconScorer

T = TypeVar("T", bound=msgspec.Struct)
BOOK = """
playbook: t
version: '{version}'
rules:
  - {{id: {word}, title: t, on: [customer_utterance], phrases: [tea], because: b, cooldown_s: 0, valid_for_s: 5,
     nudge: {{title: {word}, say: s}}}}
  - {{id: block, title: t, on: [customer_utterance], phrases: [block it], because: b,
     action: {{name: block_card, approval: {{roles: [supervisor]}}}}}}
"""


class Worker:
    """A worker in this process, and somebody who speaks to it one record at a time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.topics = Topics(settings.topic_prefix)
        self.metrics = Metrics()
        self._said = 0

    async def live(self, story: Callable[[Worker], Awaitable[None]]) -> None:
        await bootstrap.prepare_topics(self.settings)
        self.app: CxApp = bootstrap.build(self.settings, self.metrics, LexiconScorer())
        self.producer = AIOKafkaProducer(bootstrap_servers=self.settings.brokers, acks="all")
        await self.producer.start()
        await self.app.start()
        try:
            await self.ready()
            await story(self)
        finally:
            await self.app.stop()
            await self.producer.stop()

    async def ready(self) -> None:
        """Wait for the worker; what went wrong in it goes wrong here."""
        ready = asyncio.ensure_future(self.app.ready.wait())
        gave_up = asyncio.ensure_future(self.app.gave_up())
        await asyncio.wait({ready, gave_up}, return_when=asyncio.FIRST_COMPLETED)
        if gave_up.done():
            gave_up.result()
        gave_up.cancel()

    async def hear(self, text: str) -> None:
        self._said += 1
        fragment = said("chat-1", self._said, text, customer="c-1")
        await self.send(self.topics.transcripts, fragment, "chat-1")

    async def send(self, topic: str, record: msgspec.Struct, key: str) -> None:
        put = await self.producer.send_and_wait(topic, codec.encode(record), key=key.encode())
        self.app.progress.note_sent(put.topic, put.partition, put.offset)
        await self.app.progress.until(lambda p: p.behind() == 0)

    async def out(self, topic: str, kind: type[T]) -> list[T]:
        return [msgspec.json.decode(v, type=kind) for v in await read(self.settings, topic)]

    async def decides(self, live: str, trial: str = "") -> None:
        """Wait until the worker decides by that version, and has that one on trial."""
        decider = self.app.stages["customers"]._hop._decider  # type: ignore[attr-defined]
        while True:
            shadow = decider.shadow.playbooks[0].version if decider.shadow else ""
            if (decider.playbooks[0].version, shadow) == (live, trial):
                return
            await asyncio.sleep(0)


def play(
    broker: Broker, prefix: str, tmp_path: Path, story: Callable[[Worker], Awaitable[None]]
) -> None:
    book = tmp_path / "t.yaml"
    book.write_text(BOOK.format(version=1, word="first"))
    settings = settings_for(broker, prefix).model_copy(
        update={"playbooks": (book,), "control_share": 0.0, "store": "memory"}
    )
    asyncio.run(asyncio.wait_for(Worker(settings).live(story), 120))


def test_a_playbook_is_released_tried_and_rolled_back_while_the_worker_runs(
    broker: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    second = BOOK.format(version=2, word="second")

    async def story(worker: Worker) -> None:
        settings = worker.settings
        await worker.hear("tea")
        await publish(settings, second, "t.yaml", "shadow", 0.0)
        await worker.decides("1", "2")
        await worker.hear("tea")
        await release(settings, "t", "2", "live", 0.0)
        await worker.decides("2")
        await worker.hear("tea")
        await roll_back(settings, "t")
        await worker.decides("1")
        await worker.hear("tea")
        nudges = await worker.out(worker.topics.nudges, Nudge)
        decided = [(n.why.rule.id, n.why.rule.version) for n in nudges if n.status == "shown"]
        assert decided == [("first", "1"), ("first", "1"), ("second", "2"), ("first", "1")]
        (shadow,) = await worker.out(worker.topics.shadows, Shadow)
        assert (shadow.only_live, shadow.only_trial) == (("nudge:first",), ("nudge:second",))
        assert (shadow.version, shadow.customer_id) == ("2", "c-1")

    play(broker, topic_prefix, tmp_path, story)


def test_a_release_is_tried_before_it_is_sent_and_the_files_version_is_what_comes_before(
    broker: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    """No worker here: what a policy owner is told, and what lies on the topic then."""
    book = tmp_path / "t.yaml"
    book.write_text(BOOK.format(version=1, word="first"))
    settings = settings_for(broker, topic_prefix).model_copy(update={"playbooks": (book,)})
    clash = BOOK.format(version=1, word="third").replace("playbook: t", "playbook: u")

    async def story() -> None:
        live = await publish(settings, BOOK.format(version=2, word="second"), "t", "live", 0.0)
        assert (live.live, live.previous) == ("2", "1")
        with pytest.raises(PlaybookError, match=r"does not fit beside .*'t' and 'u'"):
            await publish(settings, clash, "u", "live", 0.0)
        with pytest.raises(PlaybookError, match=r"u has no live version .*CXSTREAM_PLAYBOOKS"):
            await publish(settings, clash, "u", "shadow", 0.0)
        back = await roll_back(settings, "t")
        assert (back.live, back.previous) == ("1", None)
        with pytest.raises(PlaybookError, match="where a rollback went"):
            await roll_back(settings, "t")
        shelf = await read_shelf(settings)
        assert sorted(shelf.versions) == [("t", "1"), ("t", "2")]
        assert shelf.versions[("t", "1")].text == book.read_text()
        assert shelf.releases == {"t": back}

    asyncio.run(asyncio.wait_for(story(), 120))


def test_nothing_is_cleared_until_somebody_who_may_has_said_yes(
    broker: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    """Tries: a word without the role, without any, too late, for another action; then the right one."""

    async def story(worker: Worker) -> None:
        await worker.hear("please block it")
        (action,) = await worker.out(worker.topics.actions, Action)
        assert action.needs_approval and not action.cleared
        right = Approval(
            id="ap-1",
            decision_id=action.id,
            conversation_id="chat-1",
            verdict="approved",
            by="s-1",
            roles=("supervisor",),
            event_time=action.event_time + timedelta(seconds=30),
            customer_id="c-1",
        )
        replace = msgspec.structs.replace
        wrong = [
            replace(right, roles=("agent",)),
            replace(right, roles=()),
            replace(right, event_time=action.event_time + timedelta(days=1)),
            replace(right, decision_id="action_of_somebody_else"),
            replace(right, tenant="another"),
        ]
        for word in wrong:
            await worker.send(worker.topics.approvals, word, "c-1")
        assert await worker.out(worker.topics.actions, Action) == [action]
        letters = await worker.out(worker.topics.dead_letters, DeadLetter)
        assert sorted(letter.reason for letter in letters) == [
            "not_allowed",
            "not_allowed",
            "not_allowed",
            "too_late",
        ]
        await worker.send(worker.topics.approvals, right, "c-1")
        await worker.send(worker.topics.approvals, right, "c-1")
        first, cleared = await worker.out(worker.topics.actions, Action)
        assert first == action
        assert (cleared.id, cleared.status, cleared.cleared) == (action.id, "approved", True)
        row = (await worker.out(worker.topics.ledger, LedgerRow))[-1]
        assert (row.state, [step.state for step in row.steps]) == (
            "approved",
            ["proposed", "approved"],
        )

    play(broker, topic_prefix, tmp_path, story)
