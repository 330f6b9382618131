"""`cxstream replay` reads what vendors and the IETF write down, and plain CSV."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from samples import SAMPLES
from test_connectors import said

from cxstream.connectors.files import names, reader
from cxstream.desk.endpoints import Endpoints
from cxstream.errors import RecordError, SettingsError
from cxstream.events import ControlKind, Fragment, Transcript
from cxstream.recorded import Source

VENDORS = sorted(set(SAMPLES) - {"email"})


def read(source: Source) -> list[Transcript]:
    records = list(source.records())
    assert not any(isinstance(record, bytes) for record in records)
    return records  # type: ignore[return-value]


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendors_own_file(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    file = tmp_path / "c-8.jsonl"
    file.write_bytes(b"".join(body + b"\n" for body in sample.bodies))
    facts = "&".join(p for p in sample.query.lstrip("?").split("&") if "conversation_id" not in p)
    records = read(Source([file], name, facts=facts))
    assert said(records) == sample.said
    assert len({record.conversation_id for record in records}) == 1


def test_a_mail_is_a_file(tmp_path: Path) -> None:
    files = []
    for number, body in enumerate(SAMPLES["email"].bodies):
        files.append(tmp_path / f"{number}.eml")
        files[-1].write_bytes(body)
    records = read(Source(files, "email", facts="roles=shop.example:agent"))
    assert said(records) == SAMPLES["email"].said


def test_without_a_time_of_day_a_replay_is_the_same_every_time(tmp_path: Path) -> None:
    file = tmp_path / "call.jsonl"
    file.write_bytes(b"".join(body + b"\n" for body in SAMPLES["deepgram"].bodies))
    once, again = read(Source([file], "deepgram")), read(Source([file], "deepgram"))
    assert once == again
    assert all(record.event_time is not None for record in once)


def test_what_cannot_be_read_is_told_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "call.jsonl"
    sample = SAMPLES["genesys"]
    file.write_bytes(sample.bodies[0] + b"\n" + sample.broken[0] + b"\n" + sample.bodies[2] + b"\n")
    told: list[str] = []
    read_file = reader("genesys", Endpoints().find("genesys").session({}))  # type: ignore[union-attr]
    list(read_file(file, on_unreadable=lambda broken: told.append(broken.place)))
    assert told == ["call.jsonl:2"]
    with pytest.raises(RecordError, match=r"call\.jsonl:2"):
        list(read_file(file))


CSV = """conversation_id;time;role;text;agent_id;comment
c-1;2026-11-23T10:00:04Z;Customer;"I was billed; twice";ana;x
c-2;2026-11-23 10:00:05+00:00;agent;Good morning;ben;
c-1;2026-11-23T10:00:09Z;agent;Let me look;ana;
"""


def test_csv(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("\ufeff" + CSV, "utf-8")
    records = read(Source([file], "csv"))
    spoken = [r for r in records if isinstance(r, Fragment)]
    assert [(r.conversation_id, r.speaker.role.value, r.text, r.agent_id) for r in spoken] == [
        ("c-1", "customer", "I was billed; twice", "ana"),
        ("c-2", "agent", "Good morning", "ben"),
        ("c-1", "agent", "Let me look", "ana"),
    ]
    ended = [r.conversation_id for r in records if not isinstance(r, Fragment)]
    assert ended == ["c-2", "c-1"]


def test_csv_may_name_its_columns_as_a_fragment_does(tmp_path: Path) -> None:
    """Who copied the names from docs/fragments.md got times of our own making, and nobody said so."""
    file = tmp_path / "calls.csv"
    file.write_text(
        "conversation_id,event_time,speaker,text\n"
        "c-1,2026-11-23T10:00:04Z,customer,one\nc-1,yesterday,customer,two\n",
        "utf-8",
    )
    records = list(Source([file], "csv").records())
    (said,) = [record for record in records if isinstance(record, Fragment)]
    assert sum(isinstance(record, bytes) for record in records) == 1, "yesterday is no time"
    assert (
        said.event_time is not None and said.event_time.isoformat() == "2026-11-23T10:00:04+00:00"
    )
    assert said.speaker.role.value == "customer"


def test_csv_without_times_and_with_faults(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("conversation_id,text\nc-1,one\nc-1,two\n,nobody's\n", "utf-8")
    records = list(Source([file], "csv").records())
    assert sum(isinstance(record, bytes) for record in records) == 1  # for the dead letters
    times = [r.event_time for r in records if isinstance(r, Fragment)]
    assert times[0] is not None and times[1] is not None and times[0] < times[1]
    file.write_text("who,said\na,b\n", "utf-8")
    with pytest.raises(SettingsError, match=r"calls\.csv:1: .*conversation_id, text"):
        list(Source([file], "csv").records())


def vcon(**more: Any) -> dict[str, Any]:
    return {
        "vcon": "0.4.0",
        "uuid": "0191f6d5-0000-8000-8000-000000000001",
        "created_at": "2026-11-23T11:00:00Z",
        "parties": [
            {"tel": "+442079460018", "role": "customer"},
            {"name": "Ana", "mailto": "ana@shop.example", "role": "agent"},
            {"name": "Robi", "type": "bot"},
        ],
        **more,
    }


MESSAGES = [
    {"type": "text", "start": "2026-11-23T10:00:00Z", "parties": [0, 1], "mediatype": "text/plain",
     "encoding": "none", "body": "Is it in stock?"},
    {"type": "text", "start": "2026-11-23T10:00:20+00:00", "parties": [0, 1], "originator": 1,
     "encoding": "base64url", "body": "WWVzLCB0d28gb2YgdGhlbS4"},
    {"type": "text", "start": "2026-11-23T10:00:01Z", "parties": 2, "body": "One moment."},
    {"type": "recording", "start": "2026-11-23T10:00:30Z", "parties": [0, 1], "duration": 9.5,
     "url": "https://shop.example/1.wav"},
]  # fmt: skip
TRANSCRIPT = {
    "type": "transcript", "dialog": 3, "encoding": "json",
    "body": {"segments": [
        {"start": 0.5, "end": 2.0, "text": " And in blue?", "speaker": 0},
        {"start": 2.5, "end": 4.0, "text": "In blue, too.", "speaker": "1"},
    ]},
}  # fmt: skip


def test_vcon(tmp_path: Path) -> None:
    file = tmp_path / "calls.vcon.json"
    file.write_text(json.dumps(vcon(dialog=MESSAGES, analysis=[TRANSCRIPT]), indent=1))
    records = read(Source([file], "vcon"))
    assert said(records) == [
        ("customer", "explicit", "Is it in stock?"),
        ("bot", "explicit", "One moment."),
        ("agent", "explicit", "Yes, two of them."),
        ("customer", "explicit", "And in blue?"),
        ("agent", "explicit", "In blue, too."),
    ]
    last = records[-1]
    assert not isinstance(last, Fragment) and last.type is ControlKind.ENDED
    assert "+44" not in repr(records) and "ana@" not in repr(records)


def test_vcons_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    broken = vcon(dialog=[{"start": "then", "type": "text", "body": "x"}])
    file.write_text("\n".join(map(json.dumps, [vcon(dialog=MESSAGES), broken])))
    records = list(Source([file], "vcon").records())
    assert sum(isinstance(record, bytes) for record in records) == 1


def test_the_formats_are_listed_when_one_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("")
    with pytest.raises(SettingsError, match="vcon"):
        Source([file], "wav").check()
    with pytest.raises(SettingsError, match="--facts: roles"):
        Source([file], "twilio", facts="roles=x:king").check()
    assert {"canonical", "csv", "vcon", "twilio"} <= set(names())
