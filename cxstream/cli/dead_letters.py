"""Dead letters: what could not be read, why, where it came from; and sending it again."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cxstream.cli import console
from cxstream.cli.options import Brokers, Json
from cxstream.errors import SettingsError

letters_app = typer.Typer(help="Dead letters: list them, read one, send them again once mended.")

Reason = Annotated[
    str | None, typer.Option(metavar="REASON", help="Only letters with this reason.")
]


@letters_app.command("list")
def letters_list(brokers: Brokers = None, reason: Reason = None, as_json: Json = False) -> None:
    """List the dead letters that are there, oldest first: reason, field, and the place each came from."""
    from cxstream.engine import letters

    console.quiet()
    wanted = letters.read_letters(
        console.settings(brokers=brokers), lambda letter: reason in (None, letter.reason)
    )
    found = asyncio.run(wanted)
    rows: list[dict[str, object]] = [
        {
            "id": letter.record.id,
            "when": datetime.fromtimestamp(letter.at_ms / 1000, UTC).isoformat(timespec="seconds"),
            "reason": letter.record.reason,
            "field": letter.record.field,
            "place": f"{letter.record.topic}/{letter.record.partition}/{letter.record.offset}",
        }
        for letter in found
    ]
    console.put_rows("Dead letters", rows, as_json=as_json)
    if not as_json:
        counts = letters.by_reason(found)
        console.say(", ".join(f"{count} {name}" for name, count in counts.items()) or "none")


@letters_app.command("show")
def letters_show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="A letter's id, from the list.")],
    brokers: Brokers = None,
    value: Annotated[
        bool, typer.Option("--value", help="Only the record's bytes, to mend them in a file.")
    ] = False,
) -> None:
    """Show one dead letter as JSON: the reason, the mend, the place, and what came (personal data masked)."""
    from cxstream.engine import letters

    console.quiet()
    wanted = letters.read_letters(
        console.settings(brokers=brokers), lambda letter: letter.id == letter_id
    )
    found = asyncio.run(wanted)
    if not found:
        raise SettingsError(f"no dead letter {letter_id}: `cxstream dead-letters list` has the ids")
    record = found[0].record
    if value:
        sys.stdout.buffer.write(letters.value_of(record))
        return
    console.put(msgspec.json.format(msgspec.json.encode(record)).decode())


@letters_app.command("replay")
def letters_replay(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="The letters to send again.")
    ] = None,
    reason: Reason = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are there.")] = False,
    mended: Annotated[
        Path | None,
        typer.Option(
            "--with", metavar="FILE", help="Send this in place of the one letter's record."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
    brokers: Brokers = None,
    embedded: Annotated[bool, typer.Option("--embedded", hidden=True)] = False,
    as_json: Json = False,
) -> None:
    """Send dead letters again to the topics they came from, once their cause is mended.

    Harmless when repeated: what was applied before changes nothing. While the source topic still keeps the
    record it is sent as it came; later as the letter has it, with personal data masked. A record that came back
    three times is refused until it is mended (--with). Exit code 1 when one was refused.
    """
    from cxstream.engine import letters
    from cxstream.listen.redact import PatternRedactor

    console.quiet()
    chosen = set(ids or ())
    if not (chosen or reason or everything):
        raise SettingsError("say which: ids, --reason REASON or --all")
    if mended is not None and len(chosen) != 1:
        raise SettingsError("--with FILE mends one letter: give one id")
    settings = console.settings(brokers=brokers, embedded=embedded or None)

    async def run() -> list[letters.Replayed]:
        found = await letters.read_letters(
            settings,
            lambda x: (not chosen or x.id in chosen) and (reason is None or x.reason == reason),
        )
        if missing := chosen - {letter.record.id for letter in found}:
            raise SettingsError(f"no dead letter {', '.join(sorted(missing))}")
        if dry_run:
            return [letters.Replayed(x.record.id, "would send", x.record.topic) for x in found]
        content = mended.read_bytes() if mended is not None else None
        return await letters.replay_letters(settings, found, PatternRedactor(), mended=content)

    done = asyncio.run(run())
    console.put_rows("Sent again", [one._asdict() for one in done], as_json=as_json)
    raise typer.Exit(1 if any(one.done == "refused" for one in done) else 0)
