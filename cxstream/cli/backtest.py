"""A backtest: yesterday's stream through another playbook or model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from cxstream.cli import console
from cxstream.cli.options import Brokers, Count, Json
from cxstream.errors import SettingsError

app = typer.Typer()


@app.command()
def backtest(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE...]", help="Recorded records, as cxstream replay takes them."
        ),
    ] = None,
    playbook: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="The new playbook; several for several."),
    ] = None,
    beliefs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Learnt propensities to decide by: cx.learnt, JSON lines."
        ),
    ] = None,
    models: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Another folder of models.")
    ] = None,
    from_topic: Annotated[
        str | None,
        typer.Option("--from", metavar="TOPIC", help="Instead of files: a topic, as transcripts."),
    ] = None,
    file_format: Annotated[
        str,
        typer.Option("--format", metavar="NAME", help="Format of the files: canonical or star."),
    ] = "canonical",
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the whole as one HTML page, too.")
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="Examples in the terminal.")] = 5,
    limit: Count = None,
    brokers: Brokers = None,
    as_json: Json = False,
) -> None:
    """Say what another playbook or model would have decided on a recorded stream, and for whom.

    Both versions hear the same records, here, on a broker of their own; nothing is sent to anyone. The
    version in force is that of the settings (CXSTREAM_PLAYBOOKS).
    """
    from cxstream.backtest.page import as_page
    from cxstream.backtest.play import backtest as play
    from cxstream.backtest.play import recorded_on
    from cxstream.backtest.words import as_text
    from cxstream.recorded import Source

    console.quiet()
    settings = console.settings(brokers=brokers)
    if not (playbook or beliefs or models):
        raise SettingsError("what is new? --playbook FILE, --beliefs FILE or --models DIR")
    if bool(files) == bool(from_topic):
        raise SettingsError("what is replayed? FILE... or --from TOPIC, one of them")
    changes: dict[str, object] = {}
    if playbook:
        changes["playbooks"] = tuple(playbook)
    if beliefs:
        changes |= {"beliefs": beliefs, "learning": "on"}
    if models:
        changes["models_dir"] = models
    challenger = settings.model_copy(update=changes)
    if from_topic:
        records = asyncio.run(recorded_on(settings, from_topic))
    else:
        records = list(Source(files or [], file_format, limit).records())
    found = asyncio.run(play(settings, challenger, records))
    if html:
        html.write_text(as_page(found), "utf-8")
    if as_json:
        console.put(msgspec.json.encode(found).decode())
    else:
        Console().print(as_text(found, examples))
