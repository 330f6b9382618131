"""A backtest as a person runs it: files or a topic, another playbook, the terminal and a page."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from brokers import Broker
from support import BASE_MS, run_records, said, settings_for
from typer.testing import CliRunner

from cxstream import bootstrap
from cxstream.backtest.play import backtest, recorded_on
from cxstream.cli.main import app
from cxstream.engine.feed import Record
from cxstream.events import Fragment, Scores, from_ms
from cxstream.settings import Settings
from cxstream.understand.lexicon import LexiconScorer

PLAYBOOK = """
playbook: tiny
version: "{version}"
rules:
  - id: lost
    title: A card is lost
    on: [customer_utterance]
    phrases: ["lost my card"]
    because: 'The customer {{heard}}.'
    nudge: {{title: Block it, say: "{say}"}}
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A recording, the playbook in force, and two others; models are left out to be quick."""
    monkeypatch.setenv("CXSTREAM_MODELS_DIR", str(tmp_path / "none"))
    found = {}
    for name, version, say in (
        ("old", 1, "I block it now."),
        ("same", 2, "I block it now."),
        ("new", 3, "Shall I block it?"),
    ):
        path = tmp_path / f"{name}.yaml"
        path.write_text(PLAYBOOK.format(version=version, say=say))
        found[name] = str(path)
    monkeypatch.setenv("CXSTREAM_PLAYBOOKS", msgspec.json.encode([found["old"]]).decode())
    talk = tmp_path / "talk.jsonl"
    talk.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in stream()))
    return found | {"talk": str(talk)}


def stream() -> list[Record]:
    return [
        said("c-1", 1, "hello", customer="anna"),
        said("c-1", 2, "I have lost my card", customer="anna"),
    ]


def test_what_would_have_changed(files: dict[str, str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    ran = CliRunner().invoke(
        app, ["backtest", "--playbook", files["new"], "--html", str(page), files["talk"]]
    )
    assert ran.exit_code == 0, ran.output
    assert "tiny 1" in ran.stdout and "tiny 3" in ran.stdout
    assert "1 decisions change in 1 of 1 conversations" in ran.stdout
    assert "Shall I block it?" in page.read_text("utf-8")
    same = CliRunner().invoke(
        app, ["backtest", "--playbook", files["same"], "--json", files["talk"]]
    )
    told = msgspec.json.decode(same.stdout)
    assert (told["changes"], told["before"], told["after"]) == ([], 1, 1)


@pytest.mark.parametrize(
    ("given", "said_so"),
    [
        (["talk"], "what is new?"),
        (["--playbook", "new"], "what is replayed?"),
        (["--playbook", "new", "--from", "transcripts", "talk"], "what is replayed?"),
    ],
)
def test_what_is_missing_is_said(files: dict[str, str], given: list[str], said_so: str) -> None:
    ran = CliRunner().invoke(app, ["backtest", *(files.get(word, word) for word in given)])
    assert ran.exit_code != 0 and said_so in str(ran.exception)


def test_a_topic_is_read_back_in_the_order_of_event_time(broker: Broker, topic_prefix: str) -> None:
    run_records(broker, topic_prefix, [*stream(), said("c-0", 1, "earlier", at_s=5)])
    found = asyncio.run(recorded_on(settings_for(broker, topic_prefix), "transcripts"))
    assert [r.text for r in found if isinstance(r, Fragment)] == [
        "earlier",
        "hello",
        "I have lost my card",
    ]
    assert isinstance(found[0], Fragment) and found[0].event_time == from_ms(BASE_MS + 5_000)


def test_each_text_is_scored_once_for_both(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[str] = []

    class Counting(LexiconScorer):
        def score(self, texts: Sequence[str]) -> list[Scores]:
            scored.extend(texts)
            return super().score(texts)

    monkeypatch.setattr(bootstrap, "scorer", lambda settings: Counting())
    settings = Settings()
    challenger = settings.model_copy(update={"playbooks": (Path(files["new"]),)})
    long = "I have lost my card " + "again and again " * 30
    records = [*stream(), said("c-1", 3, long, customer="anna")]
    found = asyncio.run(backtest(settings, challenger, records))
    assert [change.how for change in found.changes] == ["changed"]
    assert len(scored) == len(set(scored)) == 3
