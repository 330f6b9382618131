"""Canary numbers go in at the door, and are searched for everywhere afterwards: none may be found.

Everywhere is every file of a Kafka that nothing else uses (all topics and changelogs), the state on disk, the
logs, the metrics pages of desk and worker, and the spans that both send; and while they run, one fragment is
followed through those spans to its nudge.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from brokers import kafka_cluster, missing, why_no_kafka
from otlp import Seen, collector
from waiting import until

CANARIES = (
    "4929 1234 5678 9015", "5425-2334-3010-9903", "371449635398431", "078-05-1120",
    "GB29 NWBK 6016 1331 9268 19", "quetzal.canary@example.org", "+44 7700 900321", "12345678Z",
    "17 Canary Row Street",
)  # fmt: skip
SPOKEN = (
    ("my card is four nine two nine one two three four", "five six seven eight nine oh one five, that's all"),
    ("it's four one one, no sorry, four one two one one one", "one one one one one one one one one"),
)  # fmt: skip
"""Numbers said over two fragments, one of them corrected half-way."""

TELLTALES = (
    "4929 1234", "5678 9015", "5425-2334", "3010-9903", "371449635398431", "078-05-1120", "NWBK", "quetzal",
    "7700 900321", "12345678Z", "Canary Row", "nine two nine one two", "six seven eight nine oh",
    "four one two one one", "one one one one one",
)  # fmt: skip
INGEST = "canary-ingest-token"
TRACE, TELEPHONY = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FOLLOWED = {
    "schema": "cx.fragment.v1",
    "conversation_id": "followed",
    "fragment_id": "f-1",
    "speaker": {"role": "customer"},
    "agent_id": "a-2",
    "customer_id": "c-2",
    "text": "I lost my card on the bus yesterday, please block it",
}
WITHIN_S = 120.0


@contextmanager
def process(log: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A cxstream process that writes to a log and is stopped at the end."""
    with log.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "cxstream", *arguments],
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(40)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def get(url: str, body: bytes | None = None, **headers: str) -> str:
    """The answer of a desk or a worker; empty while it does not answer."""
    request = urllib.request.Request(url, body, {"Authorization": f"Bearer {INGEST}", **headers})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def fragments() -> list[dict[str, object]]:
    texts = [f"so that is {canary}, please write it down" for canary in CANARIES]
    texts += [half for halves in SPOKEN for half in halves]
    return [
        {
            "schema": "cx.fragment.v1",
            "conversation_id": f"canary-{number % 3}",
            "fragment_id": f"f-{number}-{stage}",
            "stage": stage,
            "speaker": {"role": "customer"},
            "agent_id": "a-1",
            "customer_id": "c-1",
            "text": text,
        }
        for number, text in enumerate(texts)
        for stage in ("partial", "final")
    ]


def from_telephony_to(name: str, spans: list[Seen]) -> list[str]:
    """The names of the spans from what telephony said down to the first of this name; [] if there is no way."""
    by_id = {span.id: span for span in spans if span.trace == TRACE}
    for last in by_id.values():
        way, above = [last.name], last.parent
        while above in by_id:
            way.insert(0, by_id[above].name)
            above = by_id[above].parent
        if last.name == name and above == TELEPHONY:
            return way
    return []


@pytest.mark.kafka
def test_no_canary_is_found_anywhere(tmp_path: Path) -> None:
    if lacking := why_no_kafka():
        missing("Apache Kafka", lacking)
    models = tmp_path / "no-models"
    models.mkdir()
    desk, metrics = free_port(), free_port()
    logs = tmp_path / "logs"
    logs.mkdir()
    with kafka_cluster().Cluster(tmp_path / "kafka") as cluster, collector() as traces:
        common = {
            "CXSTREAM_BROKERS": cluster.bootstrap_servers,
            "CXSTREAM_DATA_DIR": str(tmp_path / "state"),
            "CXSTREAM_MODELS_DIR": str(models),
            "CXSTREAM_SECRET_INGEST": INGEST,
            "CXSTREAM_SECRET_DESK": "canary-desk-secret-of-more-than-32-characters",
            "CXSTREAM_LOG_LEVEL": "DEBUG",
            **traces.environment(),
        }
        with (
            process(logs / "worker", "worker", "--metrics-port", str(metrics), **common),
            process(logs / "desk", "desk", "--port", str(desk), **common),
        ):
            until(lambda: get(f"http://127.0.0.1:{desk}/readyz") != "", "the desk", WITHIN_S)
            until(lambda: b"ready:" in (logs / "worker").read_bytes(), "the worker", WITHIN_S)
            sent = get(f"http://127.0.0.1:{desk}/v1/fragments", json.dumps(fragments()).encode())
            assert sent.count("accepted") >= 1
            page = f"http://127.0.0.1:{metrics}/metrics"
            said = len(CANARIES) + 2 * len(SPOKEN)
            until(lambda: f'outcome="applied"}} {said}.0' in get(page), "every final", WITHIN_S)
            until(
                lambda: "cxstream_decision_latency_seconds_count" in get(page),
                "decisions",
                WITHIN_S,
            )
            alone = json.dumps(FOLLOWED).encode()
            get(
                f"http://127.0.0.1:{desk}/v1/fragments",
                alone,
                traceparent=f"00-{TRACE}-{TELEPHONY}-01",
            )
            until(lambda: from_telephony_to("deliver", traces.spans()) != [], "its nudge", WITHIN_S)
            pages = get(page) + get(f"http://127.0.0.1:{desk}/metrics")
        searched = [path for path in tmp_path.rglob("*") if path.is_file()]
        contents = {str(path): path.read_bytes() for path in searched} | {
            "pages": pages.encode(),
            "spans": b"".join(traces.bodies),
        }
        spans = traces.spans()
    assert from_telephony_to("deliver", spans) == [
        "send cx.transcripts",
        "conversations",
        "customers",
        "deliver",
    ]
    assert {span.service for span in spans} == {"cxstream-desk", "cxstream-worker"}
    begun = [span for span in spans if span.name == "send cx.transcripts"]
    assert len({span.trace for span in begun}) == len(begun), "a trace a fragment"
    joined = [span for span in spans if span.name == "conversations batch"]
    assert {span.trace for span in begun}.issuperset(*(span.links for span in joined))
    assert any(b"cx.signal.v1" in content for content in contents.values()), "Kafka was searched"
    assert any(b"[CARD]" in content for content in contents.values())
    found = [
        (telltale, place)
        for place, content in contents.items()
        for telltale in TELLTALES
        if telltale.encode() in content
    ]
    assert found == []
