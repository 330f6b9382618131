"""Which brokers the tests run against, and what to say when one is missing."""

from __future__ import annotations

import importlib.util
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
    return kafka_module("cluster")


def kafka_module(part: str) -> ModuleType:
    """A file of deploy/kafka as a module (deploy/ is no package)."""
    name = f"kafka_{part}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "deploy/kafka" / f"{part}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def why_no_kafka() -> str | None:
    """What deploy/kafka lacks on this machine, or None when it can start."""
    cluster = kafka_cluster()
    try:
        cluster.classpath()
    except cluster.KafkaMissing as problem:
        return str(problem)
    return None


def star_dialogues() -> Path:
    """The folder with the STAR dialogues: $CXSTREAM_DATA, else ../shared/data beside the checkout."""
    given = os.environ.get("CXSTREAM_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        missing(f"the STAR data ({folder})", "set CXSTREAM_DATA to its folder")
    return folder
