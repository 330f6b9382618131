#!/usr/bin/env python3
"""Apache Kafka on this machine: one or three KRaft brokers on loopback, for tests, benchmarks and trial.

    python deploy/kafka/kafka.py start --data DIR [--brokers 1|3] [--port 9092]   runs until Ctrl-C or SIGTERM
    python deploy/kafka/kafka.py stop --data DIR                                  stops what runs on DIR

The jars come from Maven (pom.xml beside this file, once, into target/), or from $KAFKA_HOME/libs.
Needs Java 17 or later, and Maven unless KAFKA_HOME is set; Python's standard library only, so that it runs
before `make setup` has. Topics and messages stay in DIR: a second start there finds them again, under the
same ports. Not fit for production: no encryption, no access control, all on one machine.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from cluster import MARK, STOP_WITHIN_S, Cluster, KafkaFailed
from jars import KafkaMissing, classpath


def _start(data: Path, brokers: int, port: int | None) -> int:
    def leave(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    begun = time.monotonic()
    cluster = Cluster(data, brokers=brokers, port=port, brief=False)
    with contextlib.suppress(KeyboardInterrupt), cluster as kafka:
        mine = kafka.data / "pid"
        mine.write_text(str(os.getpid()))
        try:
            sys.stdout.write(f"{kafka.bootstrap_servers}\n")
            sys.stdout.flush()
            sys.stderr.write(f"up in {time.monotonic() - begun:.1f} s; Ctrl-C stops it\n")
            while True:
                kafka.check()
                time.sleep(0.2)
        finally:
            mine.unlink(missing_ok=True)
    return 0


def _stop(data: Path) -> int:
    """Stop what a `start` on this folder left running, checking that each pid is still ours."""
    stopped = 0
    for file in [data / "pid", *sorted(data.glob("broker-*/pid"))]:
        with contextlib.suppress(OSError, ValueError):
            pid = int(file.read_text())
            command = _command(pid)
            if Path(__file__).name in command or f"{MARK}{data.resolve()}" in command:
                os.kill(pid, signal.SIGTERM)
                stopped += 1
                until = time.monotonic() + STOP_WITHIN_S
                while _command(pid) == command and time.monotonic() < until:
                    time.sleep(0.05)
    sys.stderr.write(f"stopped {stopped} process(es)\n")
    return 0 if stopped else 1


def _command(pid: int) -> str:
    """What a process runs, from Linux's /proc; empty when it has ended or there is no /proc."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    start = verbs.add_parser(
        "start", help="start brokers; prints the bootstrap servers; Ctrl-C stops"
    )
    start.add_argument("--data", type=Path, required=True, help="folder for logs and settings")
    start.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    start.add_argument("--port", type=int, help="port of the first broker (default: any free one)")
    stop = verbs.add_parser("stop", help="stop what runs on a data folder")
    stop.add_argument("--data", type=Path, required=True)
    verbs.add_parser("resolve", help="fetch the jars now, so that the first start is quick")
    given = parser.parse_args(arguments)
    try:
        if given.verb == "resolve":
            classpath()
            return 0
        if given.verb == "start":
            return _start(given.data, given.brokers, given.port)
        return _stop(given.data)
    except (KafkaMissing, KafkaFailed) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
