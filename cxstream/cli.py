"""The `cxstream` command: arguments only. What each command does stands in the module it calls."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from cxstream.errors import CxError, SettingsError
from cxstream.settings import Settings

app = typer.Typer(
    name="cxstream",
    help="Real-time conversation intelligence for contact centres: transcript fragments in, nudges and"
    " escalations out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
topics_app = typer.Typer(help="The Kafka topics: create what is missing, list what is there.")
playbook_app = typer.Typer(help="Playbooks: the policy owner's rules, as data.")
app.add_typer(topics_app, name="topics", no_args_is_help=True)
app.add_typer(playbook_app, name="playbook", no_args_is_help=True)

Brokers = Annotated[
    str | None, typer.Option(help="Kafka's host:port, comma separated [default: CXSTREAM_BROKERS]")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines for programs.")]


def main() -> None:
    """Run the command line; an error made on purpose is one clear message and exit code 1."""
    try:
        app()
    except CxError as error:
        sys.stderr.write(f"cxstream: {error}\n")
        sys.exit(1)


@app.command()
def demo(
    speed: Annotated[str, typer.Option(help="Times real time (20), or max.")] = "60",
    story: Annotated[
        list[str] | None, typer.Option(help="Only stories whose name has this.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Play bundled conversations through the whole pipeline and watch what comes out.

    Needs nothing else: it brings its own broker. Ends with exit code 0 only if everything that was
    expected came out of the topics.
    """
    from cxstream import bootstrap
    from cxstream.demo import play
    from cxstream.demo import story as stories

    live = sys.stdout.isatty() and not as_json
    settings = _settings(app_id="cxstream-demo")
    chosen = [s for s in stories.bundled() if not story or any(part in s.name for part in story)]
    _quiet()
    model = bootstrap.scorer(settings)
    pace = _speed(speed) if live else None
    played = asyncio.run(play.play(settings, chosen, speed=pace, model=model, live=live))
    if not live:
        for line in play.lines(played):
            _out(line)
    raise typer.Exit(1 if played.misses else 0)


@app.command()
def broker(
    brokers_file: Annotated[
        Path | None, typer.Option("--write", help="Also write the address to this file.")
    ] = None,
) -> None:
    """Run the embedded broker, in memory, for other processes on this machine. Not for production."""
    from cxstream.engine.embedded import EmbeddedBroker

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with EmbeddedBroker() as running:
        _out(running.bootstrap_servers)
        sys.stderr.write(
            f"export CXSTREAM_BROKERS={running.bootstrap_servers} CXSTREAM_EMBEDDED=true\n"
        )
        if brokers_file is not None:
            brokers_file.write_text(running.bootstrap_servers + "\n")
        stop.wait()


@app.command()
def worker(
    brokers: Brokers = None,
    embedded: Annotated[bool | None, typer.Option(help="The brokers are the embedded one.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Serve Prometheus metrics here.")] = None,
    playbook: Annotated[list[Path] | None, typer.Option(help="Playbook files.")] = None,
) -> None:
    """Run a worker: fragments in, decisions out, until SIGTERM. Creates the topics that are missing."""
    from cxstream import worker as workers

    settings = _settings(
        brokers=brokers,
        embedded=embedded,
        metrics_port=metrics_port,
        playbooks=tuple(playbook) if playbook else None,
    )
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    asyncio.run(workers.run(settings))


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
    file_format: Annotated[str, typer.Option("--format", help="canonical or star.")] = "canonical",
    speed: Annotated[str, typer.Option(help="Times real time (1, 10), or max.")] = "max",
    out: Annotated[
        Path | None, typer.Option(help="Run the pipeline here and write each output topic there.")
    ] = None,
    brokers: Brokers = None,
    embedded: Annotated[bool | None, typer.Option(help="The brokers are the embedded one.")] = None,
    limit: Annotated[int | None, typer.Option(help="Stop after so many records.")] = None,
    as_json: Json = False,
) -> None:
    """Play recorded conversations.

    With --out the whole pipeline runs in this process, on the embedded broker or, with --brokers, on
    yours (topics of its own, removed afterwards), and every output topic is written as DIR/<topic>.jsonl:
    the same input gives the same bytes. Without --out the records are only sent, for workers elsewhere.
    """
    from cxstream import recorded

    given = {"brokers": brokers, "embedded": embedded}
    source = recorded.Source(files, file_format, limit)
    pace = _speed(speed)
    _quiet()
    if out is None:
        result = asyncio.run(recorded.send(_settings(**given), source, pace))
    else:
        own = brokers is None
        result = asyncio.run(recorded.run(_settings(**given), source, pace, out, own_broker=own))
    _report(result, as_json=as_json)


@app.command()
def tail(
    topic: Annotated[str, typer.Argument(help="A topic, with or without its prefix: nudges")],
    brokers: Brokers = None,
    from_start: Annotated[bool, typer.Option(help="Begin with the oldest record.")] = False,
    count: Annotated[int | None, typer.Option(help="Stop after so many records.")] = None,
    as_json: Json = False,
) -> None:
    """Print the records of a topic as they come."""
    from cxstream.engine import tail as tails

    settings = _settings(brokers=brokers)
    show = _out if as_json else tails.pretty(Console())
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(tails.follow(settings, topic, show, from_start=from_start, count=count))


@topics_app.command("create")
def topics_create(brokers: Brokers = None) -> None:
    """Create the topics that are missing; refuse when some have another number of partitions."""
    from cxstream import bootstrap

    settings = _settings(brokers=brokers)
    asyncio.run(bootstrap.prepare_topics(settings))
    _out(f"topics are there, {settings.partitions} partitions each")


@topics_app.command("list")
def topics_list(brokers: Brokers = None, as_json: Json = False) -> None:
    """List cxstream's topics: partitions, replicas, and which are missing."""
    from cxstream import bootstrap

    found = asyncio.run(bootstrap.topics_there(_settings(brokers=brokers)))
    _rows("Topics", [msgspec.to_builtins(topic) for topic in found], as_json=as_json)


@app.command()
def score(
    threads: Annotated[int, typer.Option(help="Threads of the forward pass.")] = 1,
) -> None:
    """Score texts (or JSON lines with a `text`) from standard input: one JSON line out for each, in order."""
    from cxstream import bootstrap
    from cxstream.understand.lines import score_lines

    model = bootstrap.scorer(_settings(torch_threads=threads))
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    for line in score_lines(sys.stdin, model):
        _out(line)


@app.command()
def doctor(brokers: Brokers = None, as_json: Json = False) -> None:
    """Say what is missing on this machine, and the command that mends it."""
    from cxstream import doctor as doctors

    findings = doctors.examine(_settings(brokers=brokers))
    rows = [finding._asdict() for finding in findings]
    if as_json:
        _rows("", rows, as_json=True)
    else:
        for f in findings:
            sign = "ok     " if f.ok else "MISSING" if f.required else "absent "
            _out(f"{sign} {f.name:20} {f.found}" + ("" if f.ok else f"\n        mend: {f.mend}"))
    raise typer.Exit(1 if any(f.required and not f.ok for f in findings) else 0)


@app.command()
def train(
    data: Annotated[Path, typer.Option(help="Folder of labelled data (see docs/models.md).")],
    out: Annotated[Path, typer.Option(help="Folder to write the models to.")] = Path("models"),
    seed: Annotated[int, typer.Option()] = 7,
) -> None:
    """Train the heads from public data and write weights, figures and cards."""
    from cxstream.learn import recipe

    recipe.run(data, out, seed=seed, say=lambda words: sys.stderr.write(words + "\n"))


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option(help="Folder of labelled data (see docs/models.md).")],
) -> None:
    """Print the figures of the shipped models on the dev splits, as JSON."""
    from cxstream import bootstrap
    from cxstream.learn.evaluate import evaluate as figures

    _out(
        msgspec.json.format(
            msgspec.json.encode(figures(bootstrap.scorer(_settings()), data))
        ).decode()
    )


@playbook_app.command("check")
def playbook_check(files: Annotated[list[Path], typer.Argument(exists=True)]) -> None:
    """Check playbooks; every problem with file, line and what was expected."""
    from cxstream.decide.load import check

    problems = [problem for file in files for problem in check(file)]
    for problem in problems:
        _out(problem)
    if not problems:
        _out("no problems")
    raise typer.Exit(1 if problems else 0)


@app.command()
def schema() -> None:
    """Print the JSON Schema of what `cx.transcripts` takes."""
    from cxstream.listen.schema import transcript_schema

    _out(msgspec.json.format(msgspec.json.encode(transcript_schema())).decode())


def _settings(**given: object) -> Settings:
    """Settings from the environment, and over them what the command line gave."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{name} (CXSTREAM_{name.upper()}): {first['msg']}") from error


def _speed(words: str) -> float | None:
    if words == "max":
        return None
    try:
        pace = float(words)
    except ValueError:
        pace = 0.0
    if pace <= 0:
        raise SettingsError(f"--speed: a number over 0, or max; got {words!r}")
    return pace


def _quiet() -> None:
    """Only what matters: a demo's screen and a replay's figures stand alone."""
    logging.basicConfig(level=logging.ERROR)


def _out(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _rows(title: str, rows: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            _out(msgspec.json.encode(row).decode())
        return
    table = Table(title=title)
    for name in rows[0] if rows else ():
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)


def _report(result: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        _out(msgspec.json.encode(result).decode())
        return
    for name, value in result.items():
        _out(f"{name:12} {value}")
