"""Playbooks: the policy owner's rules, as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from cxstream.cli import console
from cxstream.cli.options import Brokers, Embedded, Json
from cxstream.errors import SettingsError

if TYPE_CHECKING:
    from cxstream.events import PlaybookRelease

playbook_app = typer.Typer(help="Playbooks: the policy owner's rules, as data.")

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Playbooks to check: YAML.")]
File = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="A playbook; default: the shipped one.")
]


@playbook_app.command("check")
def playbook_check(files: Files) -> None:
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


@playbook_app.command("test")
def playbook_test(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Playbooks; default: the shipped one."),
    ] = None,
) -> None:
    """Play the examples inside playbooks; say which did not come out as they should.

    Exit code 1 when one did not.
    """
    from cxstream.decide.load import default_playbook, load_playbook
    from cxstream.decide.rehearse import rehearse

    books = [(str(f), load_playbook(f.read_text("utf-8"), str(f))) for f in files or []]
    played = failed = 0
    for source, playbook in books or [("default.yaml", default_playbook())]:
        for rehearsal in rehearse(playbook):
            played += 1
            failed += bool(rehearsal.faults)
            for fault in rehearsal.faults:
                console.put(f"{source}:{rehearsal.example.line}: {rehearsal.example.name}: {fault}")
    console.put(f"{played - failed} of {played} examples as expected")
    raise typer.Exit(1 if failed else 0)


@playbook_app.command("explain")
def playbook_explain(
    file: File = None,
    say: Annotated[str, typer.Option(metavar="TEXT", help="What is said.")] = "",
    on: Annotated[
        str, typer.Option(metavar="EVENT", help="The moment, as in a rule's `on`.")
    ] = "customer_utterance",
    intent: Annotated[str, typer.Option(help="How it was understood.")] = "out_of_scope",
    probability: Annotated[
        float, typer.Option(min=0, max=1, help="Probability of that intent.")
    ] = 0.9,
    fact: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="A fact, as conversation.level=-0.4; again for more."
        ),
    ] = None,
    consent: Annotated[
        list[str] | None, typer.Option(metavar="PURPOSE", help="The customer agreed to it.")
    ] = None,
    channel: Annotated[str, typer.Option(help="The channel.")] = "voice",
    agent: Annotated[bool, typer.Option(help="Whether an agent is there.")] = True,
    example: Annotated[
        str | None, typer.Option(metavar="NAME", help="Explain this example instead.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also the rules that nothing in the moment started.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what every rule makes of a moment, and why: what gave something, what was turned
    down, what did not hold.

    cxstream playbook explain --say "my bill is wrong again" --fact conversation.level=-0.4
    """
    import msgspec

    from cxstream.decide.asking import ask, find, in_words, tell
    from cxstream.decide.load import default_playbook, load_playbook

    playbook = (
        default_playbook() if file is None else load_playbook(file.read_text("utf-8"), str(file))
    )
    asked = (
        find(playbook, example)
        if example is not None
        else ask(
            playbook,
            on=on,
            text=say,
            intent=intent,
            probability=probability,
            facts=fact or [],
            consents=consent or [],
            channel=channel,
            agent=agent,
        )
    )
    for traced in tell(playbook, asked):
        if not every and traced.verdict in ("not asked", "not started"):
            continue
        if as_json:
            console.put(msgspec.json.encode(traced).decode())
        else:
            for line in in_words(traced):
                console.put(line)


@playbook_app.command("schema")
def playbook_schema() -> None:
    """Print the JSON Schema of a playbook, for editors that complete fields and show what they mean."""
    from cxstream.decide.schema import playbook_schema

    console.put(json.dumps(playbook_schema(), indent=2))


Release = Annotated[
    str,
    typer.Option("--as", metavar="HOW", help="live, shadow (decides, nothing is done), or canary."),
]
Share = Annotated[
    float, typer.Option(min=0, max=1, help="Of a canary: for which share of the customers.")
]


@playbook_app.command("publish")
def playbook_publish(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A playbook: YAML.")],
    how: Release = "live",
    share: Share = 0.1,
    brokers: Brokers = None,
    embedded: Embedded = False,
) -> None:
    """Put a playbook on cx.playbooks and release it: workers take it up while they run.

    Refused when it does not hold, when one of its examples does not come out, when its version was published
    with another text, and when a rule of it is in another playbook, too.
    """
    import asyncio

    from cxstream.bootstrap.playbooks import publish

    settings = console.settings(brokers=brokers, embedded=embedded or None)
    _told(asyncio.run(publish(settings, file.read_text("utf-8"), str(file), _how(how), share)))


@playbook_app.command("release")
def playbook_release(
    name: Annotated[str, typer.Argument(help="The playbook.")],
    version: Annotated[str, typer.Argument(help="A version that was published.")],
    how: Release = "live",
    share: Share = 0.1,
    brokers: Brokers = None,
) -> None:
    """Release a version that was published: as the live one, in shadow, or to a share of the customers."""
    import asyncio

    from cxstream.bootstrap.playbooks import release

    settings = console.settings(brokers=brokers)
    _told(asyncio.run(release(settings, name, version, _how(how), share)))


@playbook_app.command("rollback")
def playbook_rollback(
    name: Annotated[str, typer.Argument(help="The playbook.")], brokers: Brokers = None
) -> None:
    """End the trial of a playbook; without one, back to the version that was live before."""
    import asyncio

    from cxstream.bootstrap.playbooks import roll_back

    _told(asyncio.run(roll_back(console.settings(brokers=brokers), name)))


@playbook_app.command("releases")
def playbook_releases(brokers: Brokers = None) -> None:
    """Which version of each playbook is live, and which is on trial."""
    import asyncio

    from cxstream.engine.releases import read_shelf

    shelf = asyncio.run(read_shelf(console.settings(brokers=brokers)))
    for _, release in sorted(shelf.releases.items()):
        _told(release)
    if not shelf.releases:
        console.put("nothing was released: workers decide by the files they were started with")


def _how(word: str) -> Literal["live", "shadow", "canary"]:
    if word in ("live", "shadow", "canary"):
        return cast(Literal["live", "shadow", "canary"], word)
    raise SettingsError(f"--as: one of live, shadow, canary; got {word!r}")


def _told(release: PlaybookRelease) -> None:
    line = f"{release.name}: {release.live} is live"
    if release.previous:
        line += f", before it {release.previous}"
    if release.trial:
        whom = (
            f"for {release.share:.0%} of the customers" if release.mode == "canary" else "in shadow"
        )
        line += f"; {release.trial} is on trial {whom}"
    console.put(line)
