"""One or three Kafka brokers on loopback, as a value: `with Cluster(Path(data), brokers=3) as kafka: ...`

Each broker is a process of its own with a folder of its own, in KRaft mode, and a controller too. Python's
standard library only. `kafka.py` is the command over this.
"""

from __future__ import annotations

import base64
import contextlib
import json
import signal
import socket
import struct
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from jars import classpath

if TYPE_CHECKING:
    from secure import SecureListener

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"
START_WITHIN_S = 90.0
STOP_WITHIN_S = 20.0
MARK = "-Dcxstream.kafka="  # tells our brokers from anybody else's in the list of processes
JVM = ["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-Djava.awt.headless=true"]
JVM += ["-Dlog4j2.level=WARN"]
BRIEF = "-XX:TieredStopAtLevel=1"
"""Compile quickly and not well: a start takes 2.4 s of processor time instead of 3.7."""


class KafkaFailed(Exception):
    """A broker ended or did not answer in time; the message holds the end of its log."""


class Cluster:
    """One or three brokers over one data folder; each is also a controller.

    Stops its brokers on leaving the `with`; the kernel ends them if this process is killed (Linux). `brief`:
    they will run for minutes, as tests' do, and are to start quickly.
    """

    def __init__(
        self,
        data: Path,
        *,
        brokers: int = 1,
        port: int | None = None,
        secure: SecureListener | None = None,
        brief: bool = True,
    ) -> None:
        if secure is not None and brokers != 1:
            raise KafkaFailed("a secure listener is for a cluster of one broker")
        self._secure = secure
        self._jvm = [*JVM, *([BRIEF] if brief else [])]
        self.data = data.resolve()
        self.data.mkdir(parents=True, exist_ok=True)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._reserved: list[socket.socket] = []
        layout = self.data / "cluster.json"
        if layout.is_file():
            known = json.loads(layout.read_text())
            self._id: str = known["id"]
            self._ports: dict[int, tuple[int, int]] = {
                int(node): (client, control) for node, (client, control) in known["ports"].items()
            }
            if len(self._ports) != brokers:
                raise KafkaFailed(f"{data} holds a cluster of {len(self._ports)} brokers")
        else:
            self._id = base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode().replace("-", "x")
            first = [port + n for n in range(brokers)] if port else [0] * brokers
            self._ports = {
                n + 1: (self._reserve(first[n]), self._reserve(0)) for n in range(brokers)
            }
            layout.write_text(json.dumps({"id": self._id, "ports": self._ports}))

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` of every broker, separated by commas."""
        return ",".join(f"{HOST}:{client}" for client, _ in self._ports.values())

    def start(self) -> None:
        """Format what is new, start every broker, return when all know each other and a controller."""
        for client, _ in self._ports.values():
            with socket.socket() as door:
                if door.connect_ex((HOST, client)) == 0:
                    raise KafkaFailed(f"port {client} of {self.data} is in use: is it running?")
        jars = classpath()
        self._format(jars)
        for node in self._ports:
            self.start_broker(node, wait=False)
        self._wait_until_answering(list(self._ports))

    def start_broker(self, node: int, *, wait: bool = True) -> None:
        """Start one broker (again), under its old port."""
        home = self._home(node)
        broker = ["java", *self._jvm, f"{MARK}{home}", "-cp", classpath()]
        broker += ["kafka.Kafka", str(home / "server.properties")]
        with (home / "broker.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, str(HERE / "bound.py"), *broker],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
            )
        self._processes[node] = process
        (home / "pid").write_text(str(process.pid))
        if wait:
            self._wait_until_answering([node])

    def pid(self, node: int) -> int:
        """The process id of a broker, for tests that kill or pause it."""
        return self._processes[node].pid

    def check(self) -> None:
        """Raise `KafkaFailed`, with the end of its log, for a broker that has ended by itself."""
        for node, process in self._processes.items():
            if process.poll() is not None:
                raise KafkaFailed(f"broker {node} has ended:\n{self._end_of_log(node)}")

    def stop_broker(self, node: int, *, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop one broker and wait for its end; `how=SIGKILL` is the power cut."""
        process = self._processes.pop(node, None)
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        (self._home(node) / "pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop every broker; safe to call twice.

        All are asked at once, and after three seconds ended: a controller that has lost its
        majority otherwise waits for its peers, and Kafka's log is made to survive that.
        """
        for process in self._processes.values():
            process.terminate()
        until = time.monotonic() + 3.0
        for node, process in list(self._processes.items()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, until - time.monotonic()))
            self.stop_broker(node, how=signal.SIGKILL)
        for held in self._reserved:
            held.close()
        self._reserved.clear()

    def __enter__(self) -> Cluster:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _reserve(self, port: int) -> int:
        # Bound but not listening: Java may bind it too (both reuse addresses), nobody is given it.
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind((HOST, port))
        except OSError as problem:
            held.close()
            raise KafkaFailed(f"cannot have port {port}: {problem.strerror}") from problem
        self._reserved.append(held)
        return int(held.getsockname()[1])

    def _home(self, node: int) -> Path:
        return self.data / f"broker-{node}"

    def _format(self, jars: str) -> None:
        formatting = []
        for node in self._ports:
            home = self._home(node)
            home.mkdir(exist_ok=True)
            (home / "server.properties").write_text(self._properties(node))
            if not (home / "log" / "meta.properties").is_file():
                asked = ["java", *JVM, BRIEF, "-cp", jars]
                asked += ["kafka.tools.StorageTool", "format", "-t", self._id]
                asked += ["-c", str(home / "server.properties")]
                asked += self._secure.format_arguments() if self._secure else []
                formatting.append(
                    subprocess.Popen(  # noqa: S603 - our own command
                        asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
                    )
                )
        for process in formatting:
            said, _ = process.communicate()
            if process.returncode:
                raise KafkaFailed(f"cannot format storage:\n{said.decode(errors='replace')}")

    def _properties(self, node: int) -> str:
        brokers = len(self._ports)
        client, control = self._ports[node]
        secure = f",SECURE://{self._secure.address()}" if self._secure else ""
        voters = ",".join(f"{n}@{HOST}:{c}" for n, (_, c) in self._ports.items())
        return "\n".join(
            [
                "process.roles=broker,controller",
                f"node.id={node}",
                f"controller.quorum.voters={voters}",
                f"listeners=CLIENTS://{HOST}:{client},CONTROLLER://{HOST}:{control}{secure}",
                f"advertised.listeners=CLIENTS://{HOST}:{client}{secure}",
                "listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
                *(self._secure.properties() if self._secure else ()),
                "inter.broker.listener.name=CLIENTS",
                "controller.listener.names=CONTROLLER",
                f"log.dirs={self._home(node) / 'log'}",
                # Topics are made on purpose (cxstream topics create), never by a typing error.
                "auto.create.topics.enable=false",
                f"default.replication.factor={brokers}",
                f"min.insync.replicas={min(2, brokers)}",
                f"offsets.topic.replication.factor={brokers}",
                "offsets.topic.num.partitions=8",
                f"transaction.state.log.replication.factor={brokers}",
                f"transaction.state.log.min.isr={min(2, brokers)}",
                "transaction.state.log.num.partitions=4",
                # A test's group starts at once, and may give up its dead early.
                "group.initial.rebalance.delay.ms=0",
                "group.min.session.timeout.ms=1000",
                # Small: few threads, small cleaner buffer and index files.
                "num.network.threads=2",
                "num.io.threads=4",
                "log.cleaner.dedupe.buffer.size=16777216",
                "log.index.size.max.bytes=1048576",
                "",
            ]
        )

    def _wait_until_answering(self, nodes: list[int]) -> None:
        until = time.monotonic() + START_WITHIN_S
        for node in nodes:
            while not self._knows_all(node):
                self.check()
                if time.monotonic() > until:
                    raise KafkaFailed(f"broker {node} is silent:\n{self._end_of_log(node)}")
                time.sleep(0.05)

    def _end_of_log(self, node: int) -> str:
        return (self._home(node) / "broker.log").read_text(errors="replace")[-3000:]

    def _knows_all(self, node: int) -> bool:
        try:
            known, controller = _metadata(self._ports[node][0])
        except OSError:
            return False
        running = {n for n, p in self._processes.items() if p.poll() is None}
        return running <= known and controller >= 0


def _metadata(port: int) -> tuple[set[int], int]:
    """Ask one broker which brokers it knows, and for the controller (-1: none yet).

    Kafka's Metadata request, version 1, with no topics: kafka.apache.org/protocol.
    """
    request = struct.pack(">hhih8si", 3, 1, 1, 8, b"cxstream", 0)
    with socket.create_connection((HOST, port), timeout=5) as link, link.makefile("rb") as answer:
        link.sendall(struct.pack(">i", len(request)) + request)
        size = answer.read(4)
        if len(size) < 4:
            raise ConnectionError("the broker hung up")
        body = answer.read(struct.unpack(">i", size)[0])
    (count,) = struct.unpack_from(">i", body, 4)
    at, known = 8, set()
    for _ in range(count):
        node, host = struct.unpack_from(">ih", body, at)
        known.add(node)
        (rack,) = struct.unpack_from(">h", body, at + 6 + host + 4)
        at += 6 + host + 4 + 2 + max(0, rack)
    return known, struct.unpack_from(">i", body, at)[0]
