"""What runs: the demo, the embedded broker, workers; and what they miss on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxstream.cli import console
from cxstream.cli.options import Brokers, Embedded, Json
from cxstream.errors import SettingsError

if TYPE_CHECKING:  # what takes a second to import is imported by the command that needs it
    from cxstream.demo.story import Story
    from cxstream.settings import Settings
    from cxstream.understand.scorer import Scorer

app = typer.Typer()


@app.command()
def demo(
    speed: Annotated[
        str | None,
        typer.Option(
            metavar="X|max",
            help="Times real time on the live screen (1, 60), or max. Default: 60; with --desk 1.",
        ),
    ] = None,
    story: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART", help="Only stories with this in their name (calm); may be repeated."
        ),
    ] = None,
    as_json: Json = False,
    desk: Annotated[
        bool,
        typer.Option("--desk", help="Show it on the desk's pages in a browser, until Ctrl-C."),
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="With --desk; 0 takes a free one.")
    ] = 8080,
    onto: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT,...", help="Only send, to your own workers' brokers, until Ctrl-C."
        ),
    ] = None,
) -> None:
    """Play bundled conversations through the whole pipeline and watch what comes out.

    Needs nothing else: it brings its own broker. With --json, or when the output is no terminal, it goes at
    full speed and prints JSON lines. Ends with exit code 0 only if everything that was expected came out
    of the topics.
    """
    from cxstream import bootstrap, replay
    from cxstream.demo import play
    from cxstream.demo import story as stories

    live = sys.stdout.isatty() and not as_json
    console.quiet()
    pace = console.pace_of(speed or ("1" if desk or onto else "60"))
    bundled = stories.bundled()
    chosen = [s for s in bundled if not story or any(part in s.name for part in story)]
    if not chosen:
        names = ", ".join(s.name for s in bundled)
        raise SettingsError(f"--story: none has {' or '.join(story or ())} in its name: {names}")
    if onto:
        _onto(console.settings(brokers=onto), chosen, pace)
        return
    with tempfile.TemporaryDirectory(prefix="cxstream-") as folder:
        settings = console.settings(app_id="cxstream-demo", data_dir=folder)
        if desk:
            _on_pages(settings, chosen, pace, bootstrap.scorer(settings), port)
            return
        settings = replay.unhurried(settings)
        model = bootstrap.scorer(settings)
        played = asyncio.run(
            play.play(settings, chosen, speed=pace if live else None, model=model, live=live)
        )
    if not live:
        for line in play.lines(played):
            console.put(line)
    raise typer.Exit(1 if played.misses else 0)


def _onto(settings: Settings, stories: list[Story], pace: float | None) -> None:
    """The demo's conversations for workers elsewhere."""
    from cxstream.demo import desk as desks

    if pace is None:
        raise SettingsError("--speed: a number over 0 with --onto, which never ends")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(desks.traffic(settings, stories, pace=pace))


def _on_pages(
    settings: Settings, stories: list[Story], pace: float | None, model: Scorer, port: int
) -> None:
    """The demo in a browser."""
    from cxstream.demo import desk as desks
    from cxstream.desk.serve import listen

    if pace is None:
        raise SettingsError("--speed: a number over 0 with --desk, where people look on")
    listening = listen("127.0.0.1", port)
    run = desks.run(settings, stories, pace=pace, model=model, listening=listening, say=console.put)
    asyncio.run(run)


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
    from cxstream.engine import interpreter

    interpreter.hasten()
    from cxstream import worker as workers

    settings = console.settings(
        brokers=brokers,
        embedded=embedded or None,
        metrics_port=metrics_port,
        playbooks=tuple(playbook) if playbook else None,
    )
    console.log(settings)
    asyncio.run(workers.run(settings))


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
def doctor(brokers: Brokers = None, as_json: Json = False) -> None:
    """Say what is missing on this machine, and the command that mends it.

    Exit code 1 when something is MISSING; what is absent is only needed for some things.
    """
    from cxstream import doctor as doctors

    console.quiet()
    findings = doctors.examine(console.settings(brokers=brokers))
    rows = [finding._asdict() for finding in findings]
    if as_json:
        console.put_rows("", rows, as_json=True)
    else:
        for f in findings:
            sign = "ok     " if f.ok else "MISSING" if f.required else "absent "
            console.put(
                f"{sign} {f.name:20} {f.found}" + ("" if f.ok else f"\n        mend: {f.mend}")
            )
    raise typer.Exit(1 if any(f.required and not f.ok for f in findings) else 0)
