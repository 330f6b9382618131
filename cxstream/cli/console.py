"""What the commands of the command line share: settings and options read, lines and tables printed."""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from pydantic import ValidationError
from pydantic_settings import SettingsError as SettingsSourceError
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from cxstream.errors import SettingsError
from cxstream.observe.logs import configure
from cxstream.settings import Settings


def settings(**given: object) -> Settings:
    """Settings from the environment, and over them what the command line gave (None: nothing).

    Raises `SettingsError` naming the first setting at fault, and its variable.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
        raise SettingsError(
            f"{name} (CXSTREAM_{name.upper()}): {said}; got {first['input']!r}"
        ) from error
    except SettingsSourceError as error:  # of the settings only `playbooks` holds several values
        raise SettingsError(
            'playbooks (CXSTREAM_PLAYBOOKS): expected a JSON list of files: ["a.yaml", "b.yaml"]'
        ) from error


def labelled_data(given: Path | None) -> Path:
    """The folder of the labelled data: as given, from CXSTREAM_DATA, or ../shared/data beside the checkout.

    Raises `SettingsError` when it is not there.
    """
    if given is None and (named := os.environ.get("CXSTREAM_DATA")):
        given = Path(named)
    folder = given or Path(__file__).resolve().parents[3] / "shared" / "data"
    if folder.is_dir():
        return folder
    if given:
        raise SettingsError(f"--data (CXSTREAM_DATA): {folder}: no such folder")
    raise SettingsError(
        "--data: no labelled data: give the folder as --data DIR or in CXSTREAM_DATA"
        " (there is no ../shared/data beside the checkout either)"
    )


def cache_folder(given: Path | None) -> Path:
    """The folder for what may be made again: as given, from CXSTREAM_CACHE, or the user's cache folder."""
    named = os.environ.get("CXSTREAM_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = given or (Path(named) if named else Path(home) / "cxstream")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def say(words: str) -> None:
    """Progress, for people: on standard error, so that what is asked for stands alone."""
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """Tells how far each piece of work is (its name, 0 to 1): bars, or lines where nobody watches."""
    screen = Console(stderr=True)
    if not screen.is_terminal:
        yield in_tenths(say)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen) as bars:
        tasks: dict[str, TaskID] = {}

        def report(work: str, share: float) -> None:
            if work not in tasks:
                tasks[work] = bars.add_task(work, total=1.0)
            bars.update(tasks[work], completed=share)

        yield report


def in_tenths(say: Callable[[str], None]) -> Callable[[str, float], None]:
    """Tells each whole tenth of a piece of work once, in words."""
    told: set[tuple[str, int]] = set()

    def report(work: str, share: float) -> None:
        tenth = int(share * 10)
        if (work, tenth) not in told:
            told.add((work, tenth))
            say(f"{work}: {tenth * 10} %")

    return report


def pace_of(words: str) -> float | None:
    """What --speed says: times real time, or None for as fast as it goes."""
    if words == "max":
        return None
    try:
        pace = float(words)
    except ValueError:
        pace = 0.0
    if not 0 < pace < math.inf:
        raise SettingsError(f"--speed: a number over 0, or max; got {words!r}")
    return pace


def log(settings: Settings) -> None:
    """The log of a process that serves, on standard error."""
    configure(settings.log_level, settings.log_format)


def quiet() -> None:
    """Our warnings and the libraries' failures, on standard error; what is asked for stands alone."""
    logging.basicConfig(level=logging.ERROR, format="cxstream: %(message)s")
    logging.getLogger("cxstream").setLevel(logging.WARNING)
    # what it says of a broker that does not answer, the error says better
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def put(line: str) -> None:
    """One line of what was asked for, at once: somebody may be waiting for it behind a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def put_rows(title: str, rows: list[dict[str, object]], *, as_json: bool) -> None:
    """Rows as a table, or each as a line of JSON."""
    if as_json:
        for row in rows:
            put(msgspec.json.encode(row).decode())
        return
    table = Table(title=title)
    for name in rows[0] if rows else ():
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)


def put_report(result: dict[str, object], *, as_json: bool) -> None:
    """Figures by name, one a line, or all as one line of JSON."""
    if as_json:
        put(msgspec.json.encode(result).decode())
        return
    for name, value in result.items():
        if isinstance(value, dict):
            value = "  ".join(f"{part} {figure}" for part, figure in value.items())
        put(f"{name:12} {value}")
