"""What the README says can be done can be done: its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from typer.main import get_command

from cxstream.cli import app
from cxstream.engine.topics import Topics
from cxstream.listen.decode import decode_transcript

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^\$? ?make ([a-z]+)", README, re.MULTILINE)) | {
        "demo",
        "test",
        "setup",
    }
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_command_named_exists() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    named = set(re.findall(r"cxstream ([\w-]+)", README)) - {"is"}
    assert named & set(commands) == named, named - set(commands)
    assert set(commands) - named <= {"doctor"}


def test_the_first_fragment_of_a_stranger_is_taken() -> None:
    [example] = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    record = decode_transcript(example.encode(), key=b"acme:c-17", arrival_ms=1_800_000_000_000)
    assert record.customer_id == "c-991"


def test_the_topics_named_are_the_topics_there_are() -> None:
    named = set(re.findall(r"^\| `(cx\.[a-z-]+)`", README, re.MULTILINE))
    assert named <= set(Topics("cx.").by_role().values())
