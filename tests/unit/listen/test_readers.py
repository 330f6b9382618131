"""Files of conversations: canonical records and STAR dialogues, whole and damaged."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import msgspec
import pytest

from cxstream.errors import RecordError
from cxstream.events import Control, ControlKind, Fragment, Role, Transcript, from_ms
from cxstream.listen.files import Unreadable
from cxstream.listen.readers import FORMATS, merge_by_time
from cxstream.listen.star import START_MS

BASE_MS = 1_795_428_000_000


def said(n: int, at_ms: int | None, conversation: str = "c1") -> Fragment:
    when = None if at_ms is None else from_ms(BASE_MS + at_ms)
    return Fragment(conversation, f"{conversation}:{n}", f"line {n}", event_time=when)


RECORDS: list[Transcript] = [
    Control("c1", ControlKind.STARTED, event_time=from_ms(BASE_MS)),
    said(1, 500),
    said(2, 200),
    Control("c1", ControlKind.ENDED, event_time=from_ms(BASE_MS + 900), reason="completed"),
]
LINES = b"\n".join(msgspec.json.encode(record) for record in RECORDS)


def read(path: Path, form: str = "canonical") -> list[Transcript]:
    return list(FORMATS[form](path))


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        LINES.replace(b"\n", b"\r\n\n"),
        b"\xef\xbb\xbf" + LINES,
        gzip.compress(LINES),
        msgspec.json.encode(RECORDS),
        msgspec.json.format(msgspec.json.encode(RECORDS), indent=2),
        b"\n " + msgspec.json.encode(RECORDS),
    ],
    ids=["lines", "crlf", "bom", "gzip", "array", "pretty array", "array after a blank line"],
)
def test_canonical_files_keep_the_order_of_their_lines(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_bytes(content)
    assert read(path) == RECORDS


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_bytes(b"\n\n")
    assert read(path) == []


def test_an_error_has_the_file_the_line_and_the_field(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_bytes(LINES + b'\n\n{"schema": "cx.fragment.v1", "conversation_id": "c1"}')
    with pytest.raises(RecordError, match=r"calls\.jsonl:6: \$\.fragment_id: add `fragment_id`"):
        read(path)


def test_an_error_in_an_array_has_the_place(tmp_path: Path) -> None:
    path = tmp_path / "calls.json"
    path.write_bytes(b"[" + LINES.replace(b"\n", b",") + b", 7]")
    with pytest.raises(RecordError, match=r"calls\.json\[4\]: \$: send a record as an object"):
        read(path)
    path.write_bytes(b"[" + LINES)
    with pytest.raises(RecordError, match=r"calls\.json: \$: send one valid JSON"):
        read(path)


def test_a_reader_goes_on_for_those_who_listen(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_bytes(b"{oops\n" + LINES + b"\n\xff\xfe\n")
    heard: list[Unreadable] = []
    assert list(FORMATS["canonical"](path, on_unreadable=heard.append)) == RECORDS
    assert [(bad.place, bad.value, bad.error.reason) for bad in heard] == [
        ("calls.jsonl:1", b"{oops", "not_json"),
        ("calls.jsonl:6", b"\xff\xfe", "not_utf8"),
    ]


def test_streams_merge_by_time_and_each_keeps_its_order() -> None:
    late = [said(1, 0), said(2, 300), said(3, 100), said(4, None), said(5, 700)]
    other = [said(n, at, "c2") for n, at in ((1, 0), (2, 250), (3, 300), (4, 400))]
    merged = [fragment.fragment_id for fragment in merge_by_time([late, other])]
    assert merged == [
        *("c1:1", "c2:1", "c2:2", "c1:2", "c1:3", "c1:4", "c2:3", "c2:4", "c1:5"),
    ]


def dialogue(number: int, *turns: tuple[float, str, str], **extra: object) -> bytes:
    told = [{"t": t, "s": s, "x": x} for t, s, x in turns]
    return json.dumps(
        {"dialogue": number, "turns": told, "completion": "Complete", **extra}
    ).encode()


TOWELS = dialogue(
    7,
    (0, "customer", "Hello, no towels in my room"),
    (31, "action", "query service"),
    (40.5, "agent", "They are on their way"),
    labels={"user_annoyed": True, "goal_met": None},
)
LEFT = dialogue(
    9,
    (0, "customer", "Anyone?"),
    (25, "customer", "Bye then"),
    completion="DisconnectDuringDialogue",
)


def test_star_dialogues_become_conversations(tmp_path: Path) -> None:
    path = tmp_path / "star.jsonl.gz"
    path.write_bytes(gzip.compress(TOWELS + b"\n"))
    started, hello, answer, ended = read(path, "star")
    assert isinstance(started, Control) and isinstance(ended, Control)
    assert isinstance(hello, Fragment) and isinstance(answer, Fragment)
    assert started.conversation_id == "star:7" and started.type is ControlKind.STARTED
    assert started.labels == {"gold.user_annoyed": "true"}
    assert (hello.fragment_id, answer.fragment_id) == ("star:7:0", "star:7:2")
    assert (hello.speaker.role, answer.speaker.role) == (Role.CUSTOMER, Role.AGENT)
    assert answer.event_time == from_ms(START_MS + 40_500)
    assert ended.type is ControlKind.ENDED and ended.reason == "completed"
    assert ended.event_time == answer.event_time
    assert {record.channel for record in (started, hello, answer, ended)} == {"chat"}
    assert {record.agent_id for record in (started, hello, answer, ended)} == {"star-agent"}
    assert all(record.customer_id is None for record in (started, hello, answer, ended))


def test_star_dialogues_overlap_in_time_order(tmp_path: Path) -> None:
    path = tmp_path / "star.jsonl"
    path.write_bytes(TOWELS + b"\n" + LEFT)
    records = read(path, "star")
    times = [record.event_time for record in records if record.event_time]
    assert times == sorted(times) and len(times) == len(records)
    assert [record.conversation_id[5:] for record in records] == list("77997799")
    ended = records[-1]
    assert isinstance(ended, Control) and ended.reason == "failed"


def test_a_damaged_dialogue_is_named(tmp_path: Path) -> None:
    path = tmp_path / "star.jsonl"
    path.write_bytes(TOWELS + b"\n" + TOWELS.replace(b'"agent"', b'"robot"'))
    with pytest.raises(RecordError, match=r"star\.jsonl:2: \$\.turns\[2\]\.s"):
        read(path, "star")
    heard: list[Unreadable] = []
    assert len(list(FORMATS["star"](path, on_unreadable=heard.append))) == 4
    assert [bad.place for bad in heard] == ["star.jsonl:2"]


@pytest.mark.star
def test_the_star_dialogues_are_all_read(star_data: Path) -> None:
    records = read(star_data / "star.dev.jsonl.gz", "star")
    assert len({record.conversation_id for record in records}) == 601
    assert sum(isinstance(record, Control) for record in records) == 2 * 601
    fragments = {record.fragment_id for record in records if isinstance(record, Fragment)}
    assert len(fragments) == len(records) - 2 * 601 == 11_280
