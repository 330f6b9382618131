"""The Faust application: settings and agents, put together from parts that were made elsewhere.

`faust -A cxstream.engine.app worker` works as Faust users expect; `cxstream worker` starts the same
application with topics checked first and the web pages off.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Never

from faust.types import TP, StreamT

from cxstream.decide.released import Released
from cxstream.engine import codec, overload, pulse
from cxstream.engine.agent import BatchAgent, Desk
from cxstream.engine.approval_agent import ApprovalAgent
from cxstream.engine.arrivals import Arrivals
from cxstream.engine.broadcast import Broadcast
from cxstream.engine.catchup import BulkReader, bulk_reader
from cxstream.engine.conversation_agent import ConversationAgent
from cxstream.engine.credentials import credentials
from cxstream.engine.crm_agent import CrmAgent
from cxstream.engine.customer_agent import CustomerAgent
from cxstream.engine.draining import DrainingApp
from cxstream.engine.explaining import Explainer
from cxstream.engine.lease import Lease
from cxstream.engine.ledger_agent import LedgerAgent
from cxstream.engine.lesson_agent import LessonAgent
from cxstream.engine.life import Life, Phase
from cxstream.engine.outbox import Outbox
from cxstream.engine.outcome_agent import OutcomeAgent
from cxstream.engine.overload import Overload
from cxstream.engine.place import Place
from cxstream.engine.recovery import SafeTables
from cxstream.engine.scoring import ScoringPool
from cxstream.engine.tables import tables
from cxstream.engine.topics import Topics
from cxstream.engine.tracing import Tracer
from cxstream.engine.transport import FETCH_WAIT_EMBEDDED_MS, FETCH_WAIT_MS, QuickTransport
from cxstream.engine.watchdog import Watchdog
from cxstream.engine.watching import EngineObserver, Progress
from cxstream.errors import EngineError
from cxstream.lessons.beliefs import Beliefs
from cxstream.listen.redact import Redactor
from cxstream.pipeline import ConversationHop, CustomerHop, Ladder
from cxstream.settings import Settings

SWEEP_S = 10.0
BATCH_BYTES = 262_144
"""What goes to one partition in one request; a micro-batch fits, or it would wait for answers in between."""
REBALANCE_S = 60.0
"""Who has not joined after so long is put out of the group."""
COORDINATED_S = 1.0
"""From one look at the group's coordination to the next."""
_log = logging.getLogger(__name__)


class CxApp(DrainingApp):
    """A Faust app that drains before it stops and reads the embedded broker without waiting."""

    fetch_wait_ms: int = FETCH_WAIT_MS
    seldom_topics: frozenset[str] = frozenset()
    prepare: Callable[[], Awaitable[None]] | None = None
    place: Place | None = None
    bulk_reader: BulkReader
    progress: Progress
    lease: Lease
    life: Life
    pool: ScoringPool
    explainer: Explainer
    spans: Tracer | None = None  # Faust has a `tracer` of its own, for another library

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.ready = asyncio.Event()
        self.stages: dict[str, BatchAgent] = {}
        super().__init__(*args, **kwargs)

    def _new_transport(self) -> QuickTransport:
        return QuickTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> QuickTransport:
        return QuickTransport(self.conf.broker_producer, self)

    async def _on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Give partitions away when nobody works on them: Faust waits for batches, we for sweeps too."""
        await super()._on_partitions_revoked(revoked)
        for worker in self.stages.values():
            await worker.between()

    def on_rebalance_start(self) -> None:
        """Partitions are about to move: not ready."""
        self.ready.clear()
        self.life.enter(Phase.RECOVERING)
        super().on_rebalance_start()

    def on_rebalance_end(self) -> None:
        """Partitions are here and their state is recovered: ready."""
        super().on_rebalance_end()
        self.ready.set()
        self.life.enter(Phase.RUNNING)

    async def on_start(self) -> None:
        """First what the process needs of its surroundings (topics), then Faust's own start."""
        if self.prepare is not None:
            await self.prepare()
        self.add_future(self._stay_coordinated())
        await super().on_start()

    async def _stay_coordinated(self) -> None:
        """End the worker when its group is no longer coordinated: else it would wait for partitions for ever.

        Not a timer of Faust's: those begin when the first recovery has ended.
        """
        while not self.should_stop:
            await self.sleep(COORDINATED_S)
            problem = self.consumer.uncoordinated
            if problem is not None:
                why = f"the group is not coordinated any more ({problem!r}); started anew it joins again"
                self.life.stuck(why)
                await self.crash(EngineError(why))
                return

    async def gave_up(self) -> Never:
        """Wait for as long as the application runs. Raises `EngineError` when it stops by itself."""
        await self.wait_until_stopped()
        raise self.lease.refused or EngineError(f"the engine gave up: {self.crash_reason!r}")

    async def on_stop(self) -> None:
        """Drain, then let go of everything else."""
        self.life.enter(Phase.DRAINING)
        await super().on_stop()
        self.pool.close()
        self.explainer.close()
        if self.spans is not None:
            self.spans.close()


def build_app(
    settings: Settings,
    *,
    topics: Topics,
    conversation_hop: ConversationHop,
    customer_hop: CustomerHop,
    pool: ScoringPool,
    explainer: Explainer,
    redactor: Redactor,
    observer: EngineObserver,
    beliefs: Beliefs | None = None,
    released: Released | None = None,
    life: Life | None = None,
    arrivals: Arrivals | None = None,
    tracer: Tracer | None = None,
) -> CxApp:
    """A Faust app with the agents on it. Touches no network before it is started."""
    app = CxApp(
        settings.app_id,
        broker=[f"aiokafka://{broker.strip()}" for broker in settings.brokers.split(",")],
        broker_credentials=credentials(settings),
        autodiscover=False,
        origin="cxstream",
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_allow_declare=False,
        topic_disable_leader=True,
        reply_create_topic=False,
        processing_guarantee="at_least_once",
        TableManager=SafeTables,
        table_standby_replicas=1 if settings.on_disk else 0,
        cython_optimizations=False,
        stream_wait_empty=True,
        stream_buffer_maxsize=1024,
        broker_commit_interval=0.5,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 10,
        broker_rebalance_timeout=REBALANCE_S,
        broker_request_timeout=90.0,
        broker_max_poll_records=500,
        broker_max_poll_interval=300.0,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.instance_id,
        producer_acks=-1,
        producer_request_timeout=60.0,
        producer_max_request_size=8_000_000,
        producer_max_batch_size=BATCH_BYTES,
        web_enabled=False,
        web_in_thread=False,
    )
    app.fetch_wait_ms = FETCH_WAIT_EMBEDDED_MS if settings.embedded else FETCH_WAIT_MS
    # not customers: consents must not lag behind what they are about
    app.seldom_topics = frozenset(
        (topics.outcomes, topics.lessons, topics.approvals, topics.ledger_events)
    )
    app.drain_s = settings.drain_s
    app.bulk_reader = bulk_reader(settings)
    app.lease = Lease(settings.session_timeout_s, REBALANCE_S)
    app.life = life or Life(observer.phase)
    app.life.lease = app.lease
    app.progress = Progress(
        (
            topics.transcripts,
            topics.signals,
            topics.customers,
            topics.outcomes,
            topics.lessons,
            topics.approvals,
            topics.ledger_events,
        )
    )
    app.pool = pool
    app.spans = tracer
    app.explainer = explainer
    desk = Desk(
        app=app,
        outbox=Outbox(app, topics),
        observer=observer,
        progress=app.progress,
        redactor=redactor,
        arrivals=arrivals or Arrivals(),
        draining=app.draining,
        batch_max=settings.batch_max,
        tracer=tracer,
        overload=Overload(Ladder(settings.overload_s, calm_s=settings.overload_calm_s), observer),
    )
    conversations, customers, ledger, learnt = tables(app, settings, customer_hop.window_ms)
    listening = ConversationAgent(
        desk, conversation_hop, pool, conversations, source=topics.transcripts
    )
    attach(app, topics.transcripts, listening)
    releases = _follow(app, settings, topics, released)
    decisions = CustomerAgent(
        desk,
        customer_hop,
        explainer,
        customers,
        source=topics.signals,
        expires=settings.expire_by_clock,
        after=releases.caught_up if releases is not None else None,
    )
    attach(app, topics.signals, decisions)
    attach(app, topics.customers, CrmAgent(desk))
    rows = LedgerAgent(desk, ledger, source=topics.ledger_events, expires=settings.expire_by_clock)
    attach(app, topics.ledger_events, rows)
    attach(app, topics.outcomes, OutcomeAgent(desk))
    attach(app, topics.lessons, LessonAgent(desk, learnt))
    if beliefs is not None:
        news = Broadcast(settings, topics.learnt, lambda v: beliefs.take(codec.decode_learnt(v)))
        app.task(news.run)
    attach(app, topics.approvals, ApprovalAgent(desk))
    pulse.tell_lag(app, observer)
    pulse.watch(app, Watchdog(settings.stall_s))
    overload.watch(app, desk.overload, (topics.transcripts, topics.signals))
    return app


def attach(app: CxApp, topic: str, agent: BatchAgent) -> None:
    """Have an agent read a topic, and see to what has been silent."""
    source = app.topic(
        topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
    )

    async def run(stream: StreamT) -> None:
        await agent.run(stream)

    app.stages[agent.stage] = agent
    if agent.table is not None:
        app.timer(interval=SWEEP_S, name=f"sweep-{agent.stage}")(agent.sweep)
    app.agent(source, name=f"cxstream.{agent.stage}", concurrency=1)(run)


def _follow(
    app: CxApp, settings: Settings, topics: Topics, released: Released | None
) -> Broadcast | None:
    """Take up the playbooks that are released while the worker runs."""
    if released is None:
        return None
    releases = Broadcast(
        settings, topics.playbooks, lambda v: released.take(codec.decode_playbook(v))
    )
    app.task(releases.run)
    return releases


def __getattr__(name: str) -> object:
    """`app` is made when Faust's command line asks for it, so that importing this module does nothing.

    This is the one door that opens upwards: Faust is told the name of this module, while only `bootstrap`
    knows which parts an application is made of.
    """
    if name != "app":
        raise AttributeError(name)
    return importlib.import_module("cxstream.bootstrap").faust_app()
