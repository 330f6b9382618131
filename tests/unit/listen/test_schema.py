"""The published JSON Schema says what the decoder does, and the page says what both do."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cxstream.events import ControlKind, Fragment
from cxstream.listen.decode import MAX_TEXT, decode_record
from cxstream.listen.faults import REASONS
from cxstream.listen.schema import transcript_schema

PAGE = (Path(__file__).parents[3] / "docs" / "fragments.md").read_text(encoding="utf-8")


def test_the_schema_is_json_and_has_both_records() -> None:
    schema = json.loads(json.dumps(transcript_schema()))
    assert schema["discriminator"]["propertyName"] == "schema"
    assert set(schema["discriminator"]["mapping"]) == {"cx.fragment.v1", "cx.control.v1"}


def test_the_schema_has_the_decoders_bounds() -> None:
    definitions = transcript_schema()["$defs"]
    fragment = definitions["Fragment"]
    assert set(fragment["required"]) == {"schema", "conversation_id", "fragment_id", "text"}
    assert fragment["properties"]["text"]["maxLength"] == MAX_TEXT
    assert fragment["properties"]["revision"]["minimum"] == 0
    assert fragment["properties"]["end_ms"]["anyOf"][0]["maximum"] == 2**53
    assert fragment["properties"]["event_time"]["anyOf"][0]["format"] == "date-time"
    assert definitions["Control"]["properties"]["event_time"]["anyOf"][0]["format"] == "date-time"
    assert definitions["Clears"]["properties"]["below"]["minimum"] == 0


def test_the_page_lists_every_reason_field_and_control_event() -> None:
    rows = re.findall(r"^\| `([a-z_.0-9]+)`", PAGE, re.MULTILINE)
    assert set(REASONS) <= set(rows)
    assert set(Fragment.__struct_fields__) <= set(re.findall(r"`([a-z_]+)`", PAGE))
    assert {kind.value for kind in ControlKind} <= set(rows)


def test_the_examples_of_the_page_can_be_decoded() -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("{")]
    assert len(lines) >= 6
    for line in lines:
        decode_record(line.encode())
