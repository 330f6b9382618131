"""The JSON Schema of what may be sent to `cx.transcripts`, made from the records themselves."""

from __future__ import annotations

from typing import Any

import msgspec

from cxstream.events import Transcript
from cxstream.listen.decode import MAX_TEXT
from cxstream.listen.faults import LARGEST

IDS = ("conversation_id", "fragment_id", "customer_id", "agent_id")
ID_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*$"
"""Nothing in an id that can't be seen: what `decode` refuses, in the regular expressions of JSON Schema."""


def transcript_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one message of `cx.transcripts`: a fragment or a control event.

    What it accepts, `decode_transcript` accepts, save that a time must also exist in the calendar. The
    decoder is a little more lenient (see mend.py); producers should keep to the schema.
    """
    schema = msgspec.json.schema(Transcript)
    fragment = schema["$defs"]["Fragment"]["properties"]
    fragment["text"]["maxLength"] = MAX_TEXT
    for name in ("revision", "part", "start_ms", "end_ms"):
        least = 0 if name in ("revision", "part") else -LARGEST
        _bound(fragment[name], least)
    _bound(schema["$defs"]["Clears"]["properties"]["below"], 0)
    for record in ("Fragment", "Control"):
        for name, part in schema["$defs"][record]["properties"].items():
            if name in ("event_time", "ingest_time", "clock_origin"):
                part["anyOf"][0]["format"] = "date-time"
            if name in IDS:
                part.get("anyOf", [part])[0]["pattern"] = ID_PATTERN
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A message of cx.transcripts",
        "description": "One revision of one utterance (cx.fragment.v1) or a conversation control "
        "event (cx.control.v1). The Kafka key is the conversation_id.",
        **schema,
    }


def _bound(number: dict[str, Any], least: int) -> None:
    """Set the bounds of a whole number, or of the whole number among alternatives."""
    for choice in number.get("anyOf", [number]):
        if choice.get("type") == "integer":
            choice["minimum"], choice["maximum"] = least, LARGEST
