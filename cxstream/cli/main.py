"""The command line, put together from its groups."""

from __future__ import annotations

import sys

import typer

from cxstream.cli import (
    actions,
    backtest,
    bench,
    dead_letters,
    desk,
    live,
    loop,
    models,
    playbook,
    records,
)
from cxstream.errors import CxError

app = typer.Typer(
    name="cxstream",
    help="Real-time conversation intelligence for contact centres: transcript fragments in, nudges and"
    " escalations out.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
for group in (live, desk, actions, records, loop, backtest, models, bench):
    app.add_typer(group.app)
app.add_typer(dead_letters.letters_app, name="dead-letters", no_args_is_help=True)
app.add_typer(playbook.playbook_app, name="playbook", no_args_is_help=True)


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
