"""The loop, looked at: one customer's journey, and whether a new policy may take over."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from cxstream.cli import console
from cxstream.cli.options import Brokers, Json

app = typer.Typer()
policy_app = typer.Typer(help="Policies that learn: what a new one would have earned.")
app.add_typer(policy_app, name="policy", no_args_is_help=True)


@app.command()
def journey(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id.")],
    brokers: Brokers = None,
    as_json: Json = False,
) -> None:
    """Tell one customer's loop in order: heard, understood, decided, done, what came of it, what was learnt.

    Reads what the topics hold, the customer's partitions only. With --json one JSON object. Exit code 1 when
    nothing is known.
    """
    from cxstream.bootstrap.journeys import Journeys
    from cxstream.cli.story import as_text

    console.quiet()
    found = asyncio.run(Journeys(console.settings(brokers=brokers)).find(customer))
    if found is None:
        console.say(f"cxstream: the topics hold nothing of {customer}")
        raise typer.Exit(1)
    if as_json:
        console.put(msgspec.json.encode(found).decode())
    else:
        Console().print(as_text(found))


@policy_app.command("beliefs")
def beliefs_now(brokers: Brokers = None) -> None:
    """Print what has been learnt of each rule so far, as JSON lines: a file of beliefs.

    For `policy evaluate` and `backtest`, and for CXSTREAM_BELIEFS.
    """
    from cxstream.bootstrap.learning import believed

    console.quiet()
    for record in asyncio.run(believed(console.settings(brokers=brokers))):
        console.put(msgspec.json.encode(record).decode())


@policy_app.command("evaluate")
def evaluate(
    beliefs: Annotated[
        Path,
        typer.Option(metavar="FILE", help="The new policy: records of cx.learnt, JSON lines."),
    ],
    decisions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Recorded cx.decisions. Default: what the topic holds."),
    ] = None,
    lessons: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Recorded cx.lessons. Default: what the topic holds."),
    ] = None,
    least: Annotated[
        float, typer.Option(min=2, help="Decisions that must really count, or it is refused.")
    ] = 200,
    brokers: Brokers = None,
    as_json: Json = False,
) -> None:
    """Say what a new policy would have earned on recorded decisions, with intervals, and whether it may
    take over.

    IPS, SNIPS and doubly robust, beside the policy that was in force. Exit code 1 when it is refused:
    too small an effective sample, or a lower bound under the champion's.
    """
    from cxstream.bootstrap.learning import evaluation
    from cxstream.lessons.evaluation import report

    console.quiet()
    settings = console.settings(brokers=brokers)
    told = asyncio.run(evaluation(settings, beliefs, decisions, lessons, least))
    console.put_report(report(told), as_json=as_json)
    raise typer.Exit(0 if told.verdict.accepted else 1)
