"""Records by hand: replay them, watch them, their topics and their schema."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from cxstream.cli import console
from cxstream.cli.options import Brokers, Count, Embedded, Json

app = typer.Typer()
topics_app = typer.Typer(help="The Kafka topics: create what is missing, list what is there.")
app.add_typer(topics_app, name="topics", no_args_is_help=True)


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
            help="canonical (JSON lines as cx.transcripts takes them: cxstream schema), csv, vcon, star"
            " (STAR dialogues), or a connector's name: one payload of that vendor a line (twilio, genesys,"
            " contact-lens, deepgram, ...; docs/connectors.md).",
        ),
    ] = "canonical",
    facts: Annotated[
        str,
        typer.Option(
            metavar="QUERY",
            help="What the address of a vendor's delivery would say: agent_id=a-7&roles=0:customer",
        ),
    ] = "",
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
    source = recorded.Source(files, file_format, limit, facts)
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
    actions, escalations, summaries, passports, ledger, customers, outcomes, approvals, playbooks, shadows,
    decisions, lessons, learnt, dead-letters.
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


@app.command()
def schema(
    asyncapi: Annotated[
        bool,
        typer.Option("--asyncapi", help="All topics and the desk's socket, as AsyncAPI 3."),
    ] = False,
) -> None:
    """Print the JSON Schema of what the topic cx.transcripts takes; or the contract of all topics."""
    from cxstream.listen.schema import transcript_schema

    found = transcript_schema()
    if asyncapi:
        from cxstream.desk.contract import asyncapi as contract
        from cxstream.engine.topics import Topics

        settings = console.settings()
        found = contract(
            Topics(settings.topic_prefix).by_role(),
            brokers=settings.brokers,
            desk=f"{settings.desk_host}:{settings.desk_port}",
        )
    console.put(msgspec.json.format(msgspec.json.encode(found)).decode())
