"""The `cxstream` command: arguments only. What each command does stands in the module it calls."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cxstream import console
from cxstream.errors import CxError, SettingsError
from cxstream.expert import expert_app
from cxstream.options import Brokers, Count, Embedded, Json

app = typer.Typer(
    name="cxstream",
    help="Real-time conversation intelligence for contact centres: transcript fragments in, nudges and"
    " escalations out.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
topics_app = typer.Typer(help="The Kafka topics: create what is missing, list what is there.")
app.add_typer(topics_app, name="topics", no_args_is_help=True)
app.add_typer(expert_app)


def main() -> None:
    """Run the command line; an error made on purpose is one clear message and exit code 1."""
    try:
        app()
    except CxError as error:
        sys.stderr.write(f"cxstream: {error}\n")
        sys.exit(1)
    except OSError as error:  # a file that is not there, or not ours
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"cxstream: {where}{error.strerror or error}\n")
        sys.exit(1)


@app.command()
def demo(
    speed: Annotated[
        str,
        typer.Option(metavar="X|max", help="Times real time on the live screen (1, 60), or max."),
    ] = "60",
    story: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART", help="Only stories with this in their name (calm); may be repeated."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Play bundled conversations through the whole pipeline and watch what comes out.

    Needs nothing else: it brings its own broker. With --json, or when the output is no terminal, it goes at
    full speed and prints JSON lines. Ends with exit code 0 only if everything that was expected came out
    of the topics.
    """
    from cxstream import bootstrap
    from cxstream.demo import play
    from cxstream.demo import story as stories

    live = sys.stdout.isatty() and not as_json
    console.quiet()
    pace = console.pace_of(speed)
    bundled = stories.bundled()
    chosen = [s for s in bundled if not story or any(part in s.name for part in story)]
    if not chosen:
        names = ", ".join(s.name for s in bundled)
        raise SettingsError(f"--story: none has {' or '.join(story or ())} in its name: {names}")
    with tempfile.TemporaryDirectory(prefix="cxstream-") as folder:
        settings = console.settings(app_id="cxstream-demo", data_dir=folder)
        model = bootstrap.scorer(settings)
        played = asyncio.run(
            play.play(settings, chosen, speed=pace if live else None, model=model, live=live)
        )
    if not live:
        for line in play.lines(played):
            console.put(line)
    raise typer.Exit(1 if played.misses else 0)


@app.command()
def broker(
    brokers_file: Annotated[
        Path | None,
        typer.Option("--write", metavar="FILE", help="Also write the address to this file."),
    ] = None,
) -> None:
    """Run the embedded broker, in memory, for other processes on this machine. Not for production.

    Prints its address (host:port) and runs until Ctrl-C or SIGTERM. What it holds is gone then.
    """
    from cxstream.engine.embedded import EmbeddedBroker

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with EmbeddedBroker() as running:
        if brokers_file is not None:
            brokers_file.write_text(running.bootstrap_servers + "\n")
        console.put(running.bootstrap_servers)
        sys.stderr.write(
            f"export CXSTREAM_BROKERS={running.bootstrap_servers} CXSTREAM_EMBEDDED=true\n"
        )
        stop.wait()


@app.command()
def worker(
    brokers: Brokers = None,
    embedded: Embedded = False,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            help="Serve Prometheus metrics here; 0 takes a free port. Default: CXSTREAM_METRICS_PORT,"
            " else 9108.",
        ),
    ] = None,
    playbook: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Playbook in place of the shipped one; may be repeated."),
    ] = None,
) -> None:
    """Run a worker: fragments in, decisions out, until Ctrl-C or SIGTERM; then it drains.

    Creates the topics that are missing. Several workers share the partitions. Logs go to standard error;
    every other setting comes from the environment as CXSTREAM_<NAME>.
    """
    from cxstream import worker as workers

    settings = console.settings(
        brokers=brokers,
        embedded=embedded or None,
        metrics_port=metrics_port,
        playbooks=tuple(playbook) if playbook else None,
    )
    console.log(settings.log_level)
    asyncio.run(workers.run(settings))


@app.command()
def replay(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Recorded records, plain or gzipped.")
    ],
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="canonical (JSON lines as cx.transcripts takes them: cxstream schema), or star (STAR"
            " dialogues).",
        ),
    ] = "canonical",
    speed: Annotated[
        str, typer.Option(metavar="X|max", help="Times real time (1, 10), or max.")
    ] = "max",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Run the pipeline here and write each output topic there."
        ),
    ] = None,
    brokers: Brokers = None,
    embedded: Embedded = False,
    limit: Count = None,
    as_json: Json = False,
) -> None:
    """Play recorded conversations.

    With --out the whole pipeline runs in this process, on an embedded broker of its own or, with --brokers,
    on yours (in topics of its own, removed afterwards), and every output topic is written as
    DIR/<topic>.jsonl: the same input gives the same bytes. Without --out the records are only sent to the
    brokers, for workers elsewhere.
    """
    from cxstream import recorded

    console.quiet()
    given = {"brokers": brokers, "embedded": embedded or None}
    source = recorded.Source(files, file_format, limit)
    pace = console.pace_of(speed)
    if out is None:
        result = asyncio.run(recorded.send(console.settings(**given), source, pace))
    else:
        own = brokers is None
        result = asyncio.run(
            recorded.run(console.settings(**given), source, pace, out, own_broker=own)
        )
    console.put_report(result, as_json=as_json)


@app.command()
def tail(
    topic: Annotated[
        str, typer.Argument(metavar="TOPIC", help="Its name, with or without prefix: nudges.")
    ],
    brokers: Brokers = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with the oldest record, not the next.")
    ] = False,
    count: Count = None,
    as_json: Json = False,
) -> None:
    """Print the records of a topic as they come, until Ctrl-C or --count.

    With --json each record is one line of JSON, as it was written. Topics: transcripts, signals, nudges,
    actions, escalations, summaries, customers, outcomes, dead-letters.
    """
    from cxstream.engine import tail as tails

    console.quiet()
    settings = console.settings(brokers=brokers)
    show = console.put if as_json else tails.pretty(Console())
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(tails.follow(settings, topic, show, from_start=from_start, count=count))


@topics_app.command("create")
def topics_create(brokers: Brokers = None, embedded: Embedded = False) -> None:
    """Create the topics that are missing; refuse when some have another number of partitions.

    CXSTREAM_PARTITIONS and CXSTREAM_REPLICATION say how; topics that are there are never changed.
    """
    from cxstream import bootstrap

    console.quiet()
    settings = console.settings(brokers=brokers, embedded=embedded or None)
    asyncio.run(bootstrap.prepare_topics(settings))
    console.put(f"topics are there, {settings.partitions} partitions each")


@topics_app.command("list")
def topics_list(brokers: Brokers = None, as_json: Json = False) -> None:
    """List cxstream's topics: partitions, replicas, and which are missing."""
    from cxstream import bootstrap

    console.quiet()
    found = asyncio.run(bootstrap.topics_there(console.settings(brokers=brokers)))
    rows: list[dict[str, object]] = [
        {
            "topic": topic.name,
            "exists": topic.exists,
            "partitions": topic.partitions,
            "replicas": topic.replication,
        }
        for topic in found
    ]
    console.put_rows("Topics", rows, as_json=as_json)
