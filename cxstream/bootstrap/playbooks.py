"""Settings -> the playbooks in force, and their releases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from cxstream.bootstrap.topics import prepare_topics
from cxstream.decide.decider import Decider
from cxstream.decide.load import default_text, load_playbook
from cxstream.decide.playbook import Playbook
from cxstream.decide.rehearse import rehearse
from cxstream.decide.released import Released
from cxstream.engine.releases import Shelf, read_shelf, send
from cxstream.errors import PlaybookError, RecordError
from cxstream.events import PlaybookEvent, PlaybookRecord, PlaybookRelease
from cxstream.settings import Settings

How = Literal["live", "shadow", "canary"]


def playbooks(settings: Settings) -> list[Playbook]:
    """The playbooks that a worker starts with. Raises `PlaybookError` with every problem in them."""
    return [playbook for playbook, _ in _files(settings)]


def _files(settings: Settings) -> Iterator[tuple[Playbook, str]]:
    """The playbooks that a worker starts with, and their texts."""
    texts = [(path.read_text("utf-8"), str(path)) for path in settings.playbooks]
    for text, source in texts or [(default_text(), "default.yaml")]:
        yield load_playbook(text, source), text


async def publish(
    settings: Settings, text: str, source: str, how: How, share: float
) -> PlaybookRelease:
    """Put a playbook on `cx.playbooks` and release it.

    Raises `PlaybookError` when it does not hold, an example does not come out, its version is there already
    with another text, or it does not fit beside the other playbooks.
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
    """Release a version that was published before.

    Raises `PlaybookError` when there is none, or it does not fit beside the other playbooks.
    """
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
    begun = _begun(settings, shelf, name, at)
    if how == "live":
        wanted = PlaybookRelease(name, version, at)
    else:
        wanted = PlaybookRelease(
            name,
            _live(shelf, name),
            at,
            trial=version,
            mode=how,
            share=share if how == "canary" else 0.0,
        )
    released = shelf.releasing(wanted)
    _see_that_it_fits(settings, shelf, wanted)
    await send(settings, [*begun, *records, *released])
    shelf.take(released[0])
    return shelf.releases[name]


def _begun(settings: Settings, shelf: Shelf, name: str, at: datetime) -> list[PlaybookEvent]:
    """Put what workers decide by until a first release on the shelf, so that a rollback finds its text."""
    for playbook, text in () if name in shelf.releases else _files(settings):
        if playbook.name == name:
            record = PlaybookRecord(name, playbook.version, text, at)
            missing = shelf.publishing(record)
            shelf.take(record)
            shelf.take(PlaybookRelease(name, playbook.version, at))
            return missing
    return []


def _live(shelf: Shelf, name: str) -> str:
    """The version that a trial runs beside."""
    held = shelf.releases.get(name)
    if held is not None:
        return held.live
    why = f"{name} has no live version that a trial could run beside"
    mend = "name the workers' files in CXSTREAM_PLAYBOOKS, or publish what is to be live first"
    raise PlaybookError([f"{why}: {mend}"])


def _see_that_it_fits(settings: Settings, shelf: Shelf, wanted: PlaybookRelease) -> None:
    """Do what workers will do with it; what does not fit they would refuse, into dead letters."""
    files = playbooks(settings)
    tried = Released(files, Decider)
    others = [release for name, release in shelf.releases.items() if name != wanted.name]
    for release in others:
        with suppress(RecordError):
            _take(tried, shelf, release)
    try:
        _take(tried, shelf, wanted)
    except RecordError as error:
        version = wanted.trial or wanted.live
        beside = ", ".join(sorted({p.name for p in files} | {r.name for r in others}))
        why = (
            f"{wanted.name} {version} does not fit beside what decides now ({beside}): {error.mend}"
        )
        mend = (
            "what is to take the place of another has its name; workers' files: CXSTREAM_PLAYBOOKS"
        )
        raise PlaybookError([f"{why}; {mend}"]) from error


def _take(tried: Released, shelf: Shelf, release: PlaybookRelease) -> None:
    for version in (release.live, release.trial):
        if version is not None and (release.name, version) in shelf.versions:
            tried.take(shelf.versions[(release.name, version)])
    tried.take(release)
