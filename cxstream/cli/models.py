"""The models: score with them, train, measure and audit them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cxstream.cli import console
from cxstream.cli.options import Cache, Data, Json

app = typer.Typer()
train_app = typer.Typer()
app.add_typer(train_app, name="train")


@app.command("compile")
def compile_steps() -> None:
    """Compile what the encoder does between its products, for this kind of processor; `make setup` does it too.

    It needs a C++ compiler and ten seconds, and makes scoring a good deal faster. Without it all works as well.
    """
    from cxstream.understand.fused import build

    at = build.prepare()
    console.put(f"compiled: {at}" if build.suits() else f"{at} is not for this processor")


@app.command()
def score(
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, help="Threads of the forward pass. Default: CXSTREAM_TORCH_THREADS, else 1."
        ),
    ] = None,
    intents: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Add your own intents: those of `cxstream train intents`."
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add the words that carried each signal.")
    ] = False,
    moods: Annotated[
        bool,
        typer.Option(
            "--moods", help="Add GoEmotions' groups: positive, negative, ambiguous, neutral."
        ),
    ] = False,
) -> None:
    """Score texts from standard input, one a line: one JSON line out for each, in order.

    A line may also be a JSON object with a `text`. For example: echo "my bill is wrong" | cxstream score
    """
    from cxstream import bootstrap
    from cxstream.understand.lines import read_batches, score_lines

    console.quiet()
    settings = console.settings(torch_threads=threads)
    model = bootstrap.scorer(settings)
    tenant = None if intents is None else bootstrap.tenant(settings, intents, model)
    explainer = getattr(model, "heavy", model) if explain else None
    mood = bootstrap.mood(settings, model) if moods else None
    for line in score_lines(read_batches(sys.stdin.fileno()), model, tenant, explainer, mood):
        console.put(line)


@train_app.callback(invoke_without_command=True)
def train(
    context: typer.Context,
    data: Data = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write the models to.")] = Path(
        "models"
    ),
    seed: Annotated[int, typer.Option(help="The same seed gives the same weights.")] = 7,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The recipe. Default: cxstream/learn/recipe.toml."),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A bigger encoder to learn from, in the layout of transformers; takes a GPU.",
        ),
    ] = None,
    cache: Cache = None,
) -> None:
    """Train the models from public data and write weights, figures and cards.

    Takes one to three hours on two cores; progress goes to standard error, and a run that was cut off goes on
    where it was. `cxstream train intents` trains your own intents instead, in seconds.
    """
    if context.invoked_subcommand is not None:
        return
    folder = console.labelled_data(data)
    console.quiet()
    from cxstream.learn import recipe
    from cxstream.learn.plans import RECIPE

    with console.progress() as report:
        recipe.run(
            folder,
            out,
            seed=seed,
            report=report,
            cache=console.cache_folder(cache),
            config=config or RECIPE,
            teacher=teacher,
        )


@train_app.command("intents")
def train_intents(
    labels: Annotated[
        Path,
        typer.Option(metavar="FILE.csv", help="Your texts: a CSV with the columns text and label."),
    ],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What to call them: a to z, 0 to 9, - and _.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Models folder to write to. Default: CXSTREAM_MODELS_DIR, else the one that `cxstream"
            " score` reads.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same weights.")] = 7,
    as_json: Json = False,
) -> None:
    """Train your own intents from a CSV, and print how good they are by cross-validation.

    They belong to the encoder of the models folder. A label oos, out_of_scope or none marks texts to reject.
    Then: cxstream score --intents NAME
    """
    from cxstream import bootstrap
    from cxstream.learn import tenant

    console.quiet()
    settings = console.settings()
    made = tenant.train_intents(
        lambda: bootstrap.encoder(settings),
        labels,
        out or settings.models_dir or bootstrap.shipped_models(),
        name,
        seed=seed,
        report=console.in_tenths(console.say),
        say=console.say,
    )
    if as_json:
        console.put(msgspec.json.encode(made.figures).decode())
    else:
        console.put(tenant.told(made))


@app.command()
def evaluate(
    data: Data = None,
    split: Annotated[
        str,
        typer.Option(
            help="The part of the data to measure on: files like banking77.SPLIT.jsonl.gz."
        ),
    ] = "dev",
    cache: Cache = None,
) -> None:
    """Measure the models on a split of public data: print the tables of the card, and write them to it.

    The models are the shipped ones, or those in CXSTREAM_MODELS_DIR. Takes minutes; progress goes to
    standard error.
    """
    folder = console.labelled_data(data)
    console.quiet()
    from cxstream import bootstrap
    from cxstream.learn import recipe

    models = console.settings().models_dir or bootstrap.shipped_models()
    with console.progress() as report:
        tables = recipe.measure(
            folder, models, split, report=report, cache=console.cache_folder(cache)
        )
    console.put(tables)


@app.command()
def audit(as_json: Json = False) -> None:
    """Audit the models for bias: names, sexes, dialects, learners' English and punctuation swapped.

    Sentences of our own are said twice, alike but for one thing; printed is what the scores and the risk of
    the conversation change. Exit code 1, naming the bound, when one is crossed. Takes minutes.
    """
    from cxstream import bootstrap
    from cxstream.learn import audit_report
    from cxstream.learn.audit import audit as measure

    console.quiet()
    settings = console.settings()
    model, foresight = bootstrap.scorer(settings), bootstrap.foresight(settings)
    result = measure(model, foresight, lambda work, part: console.say(f"{work}: {part:.0%}"))
    if as_json:
        console.put_rows("", audit_report.rows(result), as_json=True)
    else:
        console.put(audit_report.tables(result))
    for crossed in result.crossed:
        console.say(f"bound crossed: {crossed}")
    raise typer.Exit(1 if result.crossed else 0)
