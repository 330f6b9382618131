"""Which brokers the tests run against, and what to say when one is missing."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent


class Broker(NamedTuple):
    """Where a test's broker listens, and whether it is the embedded one (always 4 partitions)."""

    bootstrap_servers: str
    embedded: bool


def missing(what: str, mend: str) -> NoReturn:
    """End the test because a part is not there: a skip on a person's machine, a failure in CI."""
    said = f"{what} is missing; {mend}"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(said, pytrace=False)
    pytest.skip(said)


def kafka_cluster() -> ModuleType:
    """deploy/kafka/cluster.py as a module."""
    return deployed("kafka", "cluster")


def deployed(room: str, part: str) -> ModuleType:
    """A file of a folder of deploy/ as a module; deploy/ is no package, its files import each other by name."""
    folder = str(ROOT / "deploy" / room)
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(part)


def why_no_kafka() -> str | None:
    """What deploy/kafka lacks on this machine, or None when it can start."""
    jars = deployed("kafka", "jars")
    try:
        jars.classpath()
    except jars.KafkaMissing as problem:
        return str(problem)
    return None


def star_dialogues() -> Path:
    """The folder with the STAR dialogues: $CXSTREAM_DATA, else ../shared/data beside the checkout."""
    given = os.environ.get("CXSTREAM_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        missing(f"the STAR data ({folder})", "set CXSTREAM_DATA to its folder")
    return folder
