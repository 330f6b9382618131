"""Settings -> the playbooks in force, and their releases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from cxstream.bootstrap.topics import prepare_topics
from cxstream.decide.load import default_playbook, load_playbook
from cxstream.decide.playbook import Playbook
from cxstream.decide.rehearse import rehearse
from cxstream.engine.releases import Shelf, read_shelf, send
from cxstream.errors import PlaybookError
from cxstream.events import PlaybookEvent, PlaybookRecord, PlaybookRelease
from cxstream.settings import Settings

How = Literal["live", "shadow", "canary"]


def playbooks(settings: Settings) -> list[Playbook]:
    """The playbooks that a worker starts with. Raises `PlaybookError` with every problem in them."""
    if not settings.playbooks:
        return [default_playbook()]
    return [load_playbook(path.read_text("utf-8"), str(path)) for path in settings.playbooks]


async def publish(
    settings: Settings, text: str, source: str, how: How, share: float
) -> PlaybookRelease:
    """Put a playbook on `cx.playbooks` and release it.

    Raises `PlaybookError` when it does not hold, an example does not come out, or its version is there already
    with another text.
    """
    playbook = load_playbook(text, source)
    faults = [
        f"{source}:{played.example.line}: {played.example.name}: {fault}"
        for played in rehearse(playbook)
        for fault in played.faults
    ]
    if faults:
        raise PlaybookError(faults)
    record = PlaybookRecord(playbook.name, playbook.version, text, datetime.now(UTC))
    await prepare_topics(settings)
    shelf = await read_shelf(settings)
    records: list[PlaybookEvent] = shelf.publishing(record)
    shelf.take(record)
    return await _release(settings, shelf, records, (record.name, record.version), how, share)


async def release(
    settings: Settings, name: str, version: str, how: How, share: float
) -> PlaybookRelease:
    """Release a version that was published before. Raises `PlaybookError` when there is none."""
    shelf = await read_shelf(settings)
    if (name, version) not in shelf.versions:
        known = ", ".join(v for n, v in shelf.versions if n == name) or "none"
        raise PlaybookError([f"{name} {version} was never published; published: {known}"])
    return await _release(settings, shelf, [], (name, version), how, share)


async def roll_back(settings: Settings, name: str) -> PlaybookRelease:
    """End the trial of a playbook; without one, back to the version that was live before."""
    shelf = await read_shelf(settings)
    back = shelf.rolling_back(name, datetime.now(UTC))
    await send(settings, [back])
    return back


async def _release(
    settings: Settings,
    shelf: Shelf,
    records: list[PlaybookEvent],
    which: tuple[str, str],
    how: How,
    share: float,
) -> PlaybookRelease:
    name, version = which
    at = datetime.now(UTC)
    if how == "live":
        wanted = PlaybookRelease(name, version, at)
    else:
        wanted = PlaybookRelease(
            name,
            _live(settings, shelf, name),
            at,
            trial=version,
            mode=how,
            share=share if how == "canary" else 0.0,
        )
    released = shelf.releasing(wanted)
    await send(settings, [*records, *released])
    shelf.take(released[0])
    return shelf.releases[name]


def _live(settings: Settings, shelf: Shelf, name: str) -> str:
    """The version that a trial runs beside: the released one, else that of the workers' files."""
    held = shelf.releases.get(name)
    if held is not None:
        return held.live
    for playbook in playbooks(settings):
        if playbook.name == name:
            return playbook.version
    raise PlaybookError([f"{name} has no live version that a trial could run beside; release one"])
