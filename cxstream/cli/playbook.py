"""Playbooks: the policy owner's rules, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cxstream.cli import console

playbook_app = typer.Typer(help="Playbooks: the policy owner's rules, as data.")


@playbook_app.command("check")
def playbook_check(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Playbooks to check: YAML.")
    ],
) -> None:
    """Check playbooks; print every problem with file, line and what was expected.

    Exit code 1 when there is one.
    """
    from cxstream.decide.load import check

    problems = [problem for file in files for problem in check(file)]
    for problem in problems:
        console.put(problem)
    if not problems:
        console.put("no problems")
    raise typer.Exit(1 if problems else 0)
