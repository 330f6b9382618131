"""What the battery found, one by one, so that it stays mended."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from decoder import NOW_MS, SECRET
from examples import sample_of

from cxstream import events
from cxstream.connectors.table import read_csv
from cxstream.decide.load import load_playbook
from cxstream.desk.floor import Floor
from cxstream.desk.hub import Hub
from cxstream.desk.newsroom import Newsroom
from cxstream.desk.tokens import Tokens
from cxstream.desk.webhooks import load_endpoints
from cxstream.engine import codec, letters
from cxstream.errors import AccessError, NewerRecord, PlaybookError, RecordError, SettingsError
from cxstream.execute.carrying_out import _read
from cxstream.execute.written import read_yaml
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.desk_metrics import DeskMetrics

DEEP = b"[" * 100_000 + b"]" * 100_000


def test_a_record_nested_without_end_stops_no_worker() -> None:
    """msgspec raises a RecursionError for it, which is no ValueError; also in a field that nobody reads."""
    value = b'{"schema": "cx.outcome.v1", "more": ' + DEEP + b"}"
    for read in (codec.decode_outcome, codec.decode_signal):
        with pytest.raises(RecordError) as refused:
            read(value)
        assert refused.value.reason == "too_deep"
    assert _read(DEEP) == {}, "nor an executor, whose back office answers so"


def test_a_header_with_a_number_of_five_thousand_digits_stops_no_worker() -> None:
    """Python refuses to make a number of it, with a ValueError, far from where records are refused."""
    assert codec.cause([(codec.SENT, b"9" * 5_000)], 12.5).sent_ms == 12_500
    assert codec.cause([(codec.SENT, b"9" * 400)], 12.5).sent_ms == 12_500, "which no float holds"
    assert letters.replays({letters.REPLAYS: b"many"}) == 0


def test_errors_of_the_topics_repeat_nothing_of_the_record() -> None:
    """A value that is none of an enumeration stood in the mend, and so in logs and dead letters."""
    told = json.loads(sample_of(events.Outcome)) | {"kind": "card 4111 1111 1111 1111"}
    with pytest.raises(RecordError) as refused:
        codec.decode_outcome(json.dumps(told).encode())
    assert refused.value.field == "$.kind"
    assert "4111" not in str(refused.value)


def test_a_later_version_of_any_record_is_told_from_a_foreign_one() -> None:
    """Whatever was wrong with `schema` counted as written by a later version."""
    told = json.loads(sample_of(events.Outcome))
    with pytest.raises(NewerRecord) as newer:
        codec.decode_outcome(json.dumps(told | {"schema": "cx.outcome.v2"}).encode())
    assert newer.value.reason == "newer_schema"
    for foreign in ("cx.lesson.v1", "cx.other.v2", "hello"):
        with pytest.raises(RecordError) as refused:
            codec.decode_outcome(json.dumps(told | {"schema": foreign}).encode())
        assert not isinstance(refused.value, NewerRecord)


class _Silent:
    async def write(
        self, record: events.Outcome | events.Approval, trace: events.Trace | None = None
    ) -> None: ...


def test_a_desk_goes_on_behind_what_it_cannot_read_and_knows_what_it_can() -> None:
    metrics = DeskMetrics()
    room = Newsroom(
        Floor(),
        Hub("found"),
        writer=_Silent(),
        observer=metrics,
        redactor=PatternRedactor(),
        clock_ms=lambda: NOW_MS,
    )

    def unreadable() -> float | None:
        return metrics.registry.get_sample_value("cxstream_desk_unreadable_records_total")

    for kind in (events.Approval, events.CustomerRecord, events.CarryOver):
        room.take(sample_of(kind), NOW_MS)
    assert unreadable() == 0.0, "words on actions lie on cx.signals too"
    room.take(DEEP, NOW_MS)
    assert unreadable() == 1.0


def test_a_csv_that_is_none_says_where(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text(f'conversation_id,text\nc-1,hello\nc-1,"{"x" * 200_000}\n')
    with pytest.raises(RecordError, match=r"calls\.csv:\d+: save it as plain CSV"):
        list(read_csv(file))


def test_a_damaged_letter_is_refused_by_name() -> None:
    told = json.loads(sample_of(events.DeadLetter)) | {"encoding": "base64", "value": "\u00e9"}
    letter = letters.read_one(json.dumps(told).encode())
    assert letter is not None
    with pytest.raises(RecordError, match="damaged"):
        letters.value_of(letter)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 2026-99-99", "not YAML"),
        ("a: &x [1]\nb: *x", "anchors and aliases"),
        ("!!python/object/apply:os.system [id]", "tags are not taken"),
        ("[" * 500, "nested deeper"),
        ("- " * 500_000, "nested deeper"),
        ("\x00", "not YAML"),
    ],
)
def test_configurations_are_plain_yaml(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(SettingsError, match=why):
        read_yaml(tmp_path / "c.yaml")


def test_an_address_that_is_none_is_not_private(tmp_path: Path) -> None:
    hook: dict[str, Any] = {
        "name": "crm",
        "url": "http://[",
        "secret": "crm",
        "records": ["nudges"],
    }
    (tmp_path / "w.yaml").write_text(json.dumps({"webhooks": [hook]}))
    with pytest.raises(SettingsError, match="https, because"):
        load_endpoints(tmp_path / "w.yaml", lambda _: ("whsec_Y2hlY2s=",))


def test_a_token_whose_header_is_nested_without_end_is_refused() -> None:
    header = base64.urlsafe_b64encode(b"[" * 6_000).decode()
    with pytest.raises(AccessError):
        Tokens(lambda: (SECRET,)).read(f"{header}.e30.x")


def test_a_problem_that_repeats_what_an_author_wrote_stays_short() -> None:
    book = {
        "playbook": "p",
        "version": "1",
        "rules": [{"id": "x" * 5_000, "title": "t", "on": ["hold"], "because": "b", "odd": 1}],
    }
    with pytest.raises(PlaybookError) as caught:
        load_playbook(json.dumps(book), "a playbook")
    assert all(problem.startswith("a playbook:1: rule xxx") for problem in caught.value.problems)
    assert any("unknown field 'odd'" in problem for problem in caught.value.problems)
    assert all(len(problem) < 1_000 for problem in caught.value.problems)
