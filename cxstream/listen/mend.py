"""What can be mended in a record without guessing at what was meant.

Runs only on records that the strict decoder refused, so it may be slow. It mends form, never meaning:

* half of a surrogate pair (`\\ud800` alone) in a text becomes U+FFFD;
* a missing `schema` is cx.fragment.v1 where both `fragment_id` and `text` are there;
* `is_final` stands for `stage` where `stage` is absent;
* `null` in a field that has a default counts as absent;
* a whole number may be written with a fraction of nothing (`1500.0`);
* `stage`, `role` and `role_source` are read in any case, and a role that is none of ours
  (CALLER, EXTERNAL) becomes `unknown` with `role_source` unknown; the word is kept in `speaker.label`.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from cxstream.events import Role, RoleSource, Stage
from cxstream.listen.faults import refuse

Object = dict[str, Any]

_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_ROLES = {role.value for role in Role}
_ROLE_SOURCES = {source.value for source in RoleSource}
_STAGES = {stage.value for stage in Stage}


def whole_surrogates(value: bytes) -> bytes:
    """JSON text in which every escape of half a surrogate pair is U+FFFD; everything else untouched."""
    return _ESCAPE.sub(lambda hit: rb"\ufffd" if hit["half"] else hit[0], value)


def parse(value: bytes) -> object:
    """The JSON value, with surrogates mended; raises what msgspec raises."""
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        mended = whole_surrogates(value)
        if mended == value:
            raise
        return msgspec.json.decode(mended)


def mend(found: Object) -> Object:
    """The record with its form mended; a new object, `found` stays as it is.

    Raises RecordError where a lenient field itself has a wrong type.
    """
    record = {name: part for name, part in found.items() if part is not None}
    if "schema" not in record and "fragment_id" in record and "text" in record:
        record["schema"] = "cx.fragment.v1"
    if "stage" not in record and "is_final" in record:
        is_final = record["is_final"]
        if not isinstance(is_final, bool):
            refuse("wrong_type", "$.is_final", "send `is_final` as true or false, or use `stage`")
        record["stage"] = "final" if is_final else "partial"
    for name in ("revision", "part", "start_ms", "end_ms"):
        if name in record:
            record[name] = _whole(record[name])
    clears = record.get("clears")
    if isinstance(clears, dict) and "below" in clears:
        record["clears"] = {**clears, "below": _whole(clears["below"])}
    stage = record.get("stage")
    if isinstance(stage, str) and stage.lower() in _STAGES:
        record["stage"] = stage.lower()
    for name in ("speaker", "source", "redaction"):
        if isinstance(record.get(name), dict):
            record[name] = {k: part for k, part in record[name].items() if part is not None}
    if isinstance(record.get("speaker"), dict):
        record["speaker"] = _mend_speaker(record["speaker"])
    return record


def _whole(number: object) -> object:
    """A float that is a whole number, as one; JSON does not tell 1500.0 from 1500."""
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return number


def _mend_speaker(speaker: Object) -> Object:
    role, source = speaker.get("role"), speaker.get("role_source")
    mended = dict(speaker)
    if isinstance(source, str):
        known = source.strip().lower()
        mended["role_source"] = known if known in _ROLE_SOURCES else RoleSource.UNKNOWN.value
    if isinstance(role, str):
        known = role.strip().lower()
        if known in _ROLES:
            mended["role"] = known
        else:
            mended["role"] = Role.UNKNOWN.value
            mended["role_source"] = RoleSource.UNKNOWN.value
            mended.setdefault("label", role)
    return mended
