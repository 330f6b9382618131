"""Actions: approved, and carried out in the back office."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cxstream.cli import console
from cxstream.cli.options import Brokers, Embedded

app = typer.Typer()


@app.command()
def executor(
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Your back office: which systems, and what each action is there (YAML, see"
            " docs/actions.md). Default: CXSTREAM_EXECUTOR_CONFIG.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the file holds, and call nobody.")
    ] = False,
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
) -> None:
    """Carry out actions in your back office, until Ctrl-C or SIGTERM; then finish what is in hand.

    Reads cx.actions, makes the calls that the file describes, and tells cx.ledger-events and cx.outcomes
    what became of them. What needs an approval waits for it; what is past its time is not carried out.
    Secrets come from CXSTREAM_SECRET_<NAME> or from files in CXSTREAM_SECRETS_DIR. Several executors share
    the work. Logs go to standard error.
    """
    settings = console.settings(
        executor_config=config,
        brokers=brokers,
        embedded=embedded or None,
        metrics_port=metrics_port,
    )
    if check:
        from cxstream.bootstrap.executor import plans

        for name, plan in sorted(plans(settings).items()):
            calls = ", ".join(
                f"{step.request.method} at {step.request.service.name}" for step in plan.steps
            )
            console.put(f"{name}: {calls}")
        return
    from cxstream import executor as executors

    console.log(settings)
    asyncio.run(executors.run(settings))


@app.command()
def approve(
    action_id: Annotated[str, typer.Argument(metavar="ACTION", help="The action's id (act_...).")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who says so.")],
    role: Annotated[
        list[str], typer.Option(metavar="ROLE", help="A role of theirs; may be repeated.")
    ] = ["supervisor"],  # noqa: B006  typer copies it
    refuse: Annotated[bool, typer.Option("--refuse", help="Say no instead of yes.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; stands in the ledger.")] = None,
    brokers: Brokers = None,
) -> None:
    """Approve (or refuse) an action that waits for a human.

    Finds the action on cx.actions and writes the word to cx.approvals; whether the role may give it, and
    whether it is in time, the worker decides. For people who may write to Kafka anyway, and for trying
    things out: supervisors do it on their page of the desk.
    """
    from cxstream.engine.approving import approve as give

    settings = console.settings(brokers=brokers)
    console.quiet()
    approval = asyncio.run(
        give(settings, action_id, by=by, roles=tuple(role), refuse=refuse, reason=reason)
    )
    console.put(f"{approval.verdict} by {approval.by}: {approval.decision_id}")
