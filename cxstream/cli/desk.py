"""The desk: HTTP and WebSocket for telephony, desktops and supervisors."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from cxstream.cli import console
from cxstream.cli.options import Brokers, Embedded, Json

app = typer.Typer()


@app.command()
def desk(
    host: Annotated[
        str | None,
        typer.Option(help="Listen on this address. Default: CXSTREAM_DESK_HOST, else 127.0.0.1."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", help="0 takes a free one. Default: CXSTREAM_DESK_PORT, else 8080."
        ),
    ] = None,
    brokers: Brokers = None,
    embedded: Embedded = False,
) -> None:
    """Serve HTTP and WebSocket until Ctrl-C or SIGTERM; then it drains.

    Takes fragments and vendors' callbacks and writes them to cx.transcripts, redacted. Interactive
    documentation stands at /docs. Secrets come from CXSTREAM_SECRET_<NAME> or from files in
    CXSTREAM_SECRETS_DIR; `ingest` is the token of POST /v1/fragments, and with `desk` set (what tokens are
    signed with) /agent and /floor show what happens; `cxstream link` signs you in. Logs go to standard error.
    """
    from cxstream.bootstrap.desk import build_desk
    from cxstream.desk.serve import listen, serve

    settings = console.settings(
        desk_host=host, desk_port=port, brokers=brokers, embedded=embedded or None
    )
    console.log(settings)
    application = build_desk(settings)
    listening = listen(settings.desk_host, settings.desk_port)
    asyncio.run(serve(application, listening, drain_s=settings.drain_s))


@app.command()
def link(
    name: Annotated[str, typer.Argument(help="An agent, as in agent_id; or a supervisor.")],
    supervisor: Annotated[
        bool, typer.Option("--supervisor", help="A link to the floor, not to an agent's desktop.")
    ] = False,
    queue: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QUEUE", help="A supervisor's queue; may be repeated. Default: all of them."
        ),
    ] = None,
    grant: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE", help="May approve what needs this role; may be repeated."),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose conversations.")] = "default",
    url: Annotated[str, typer.Option(help="Where the desk is served.")] = "http://127.0.0.1:8080",
) -> None:
    """Print a link to a page, signed in, for a trial; in earnest your CRM asks for tokens (docs/desk.md).

    Needs the secret that the desk signs with, CXSTREAM_SECRET_DESK. The link holds for
    CXSTREAM_DESK_TOKEN_S seconds; the page renews it. Whoever has it is that person: treat it as a password.
    """
    from cxstream.bootstrap.live import tokens
    from cxstream.desk.secrets import Secrets
    from cxstream.desk.tokens import ALL_QUEUES, Viewer

    settings = console.settings()
    viewer = Viewer(
        name,
        "supervisor" if supervisor else "agent",
        tenant,
        tuple(queue or (ALL_QUEUES,)) if supervisor else (),
        tuple(grant or ()),
    )
    token, _ = tokens(settings, Secrets(settings.secrets_dir)).issue(viewer)
    console.put(f"{url.rstrip('/')}/{'floor' if supervisor else 'agent'}#{token}")


@app.command()
def connectors(
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As the table in docs/connectors.md.")
    ] = False,
) -> None:
    """List the vendors that can push to the desk: what each proves itself by, and what is known of it.

    Includes the connectors of other packages (entry point cxstream.connectors).
    """
    from cxstream.connectors import registry

    if markdown:
        console.put(registry.markdown().rstrip())
    else:
        console.put_rows("Connectors", registry.rows(), as_json=as_json)
