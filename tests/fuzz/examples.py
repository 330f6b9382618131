"""Bytes to feed decoders with: what they should be, and everything that it could have become on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

DEEP = 100_000

NASTY: tuple[bytes, ...] = (
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b"0",
    b'""',
    b"NaN",
    b"1e999",
    b"9" * 5_000,
    b"[" * DEEP,
    b"[" * DEEP + b"]" * DEEP,
    b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    b"\x91" * DEEP,
    b"\x01" + b"\x91" * DEEP,
    b"a: " * 2_000,
    b"- " * 2_000,
    b"a: &a [*a]",
    b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]",
    b"!!python/object/apply:os.system [id]",
    b"a: 2026-99-99",
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b"\x00" * 100,
    b"\x1f\x8b\x08\x00not really gzip",
    b'{"schema": "cx.fragment.v99"}',
    "\u202e\u200f".encode(),
    b"a," * 5_000,
    b'"' + b"x" * 200_000,
)

_LEAVES: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**31,
    2**63,
    10**30,
    1e308,
    -0.5,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\x00",
    "\ud800",
    "x" * 3_000,
    "9" * 5_000,
    "2026-99-99",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "../../etc/passwd",
    "http://[",
    "\u202eevil\u2066",
    "a\r\nX-Evil: 1",
    [],
    {},
    [[]],
    {"": {"": {}}},
    [1, "a", None],
)


def mangled(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Bytes near a sample, or near nothing."""
    texts = [s for s in samples if _is_json(s)]
    options = [st.sampled_from(NASTY), st.binary(max_size=64)]
    options += [_bytes_changed(samples)] if samples else []
    options += [_value_changed([json.loads(s) for s in texts])] * 3 if texts else []
    return st.one_of(options)


def sample_of(kind: type) -> bytes:
    """A record of a type with every field set, as JSON: from its types alone, so that none is forgotten."""
    return msgspec.json.encode(_made(inspect.type_info(kind)))


@st.composite
def _bytes_changed(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    value = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(value) - 1)))
        match draw(st.sampled_from("change drop insert cut twice".split())):
            case "change" if value:
                value[at] = draw(st.integers(0, 255))
            case "drop":
                del value[at : at + draw(st.integers(1, 16))]
            case "insert":
                value[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "cut":
                del value[at:]
            case "twice":
                value[at:at] = value[at : at + draw(st.integers(1, 64))]
    return bytes(value)


@st.composite
def _value_changed(draw: st.DrawFn, values: Sequence[Any]) -> bytes:
    value = json.loads(json.dumps(draw(st.sampled_from(values))))
    places = list(_places(value))
    for _ in range(draw(st.integers(1, 3))):
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        what = draw(st.sampled_from(_LEAVES))
        if isinstance(holder, dict) and draw(st.integers(0, 9)) == 0:
            holder.pop(key, None)
        elif isinstance(holder, dict) or key < len(holder):
            holder[key] = what
    return json.dumps(value).encode()


def _places(value: Any) -> Iterable[tuple[Any, Any]]:
    """Every place in a JSON value, as what holds it and under which key."""
    pairs: list[tuple[Any, Any]] = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list):
        pairs = list(enumerate(value))
    for key, part in pairs:
        yield value, key
        yield from _places(part)


def _is_json(value: bytes) -> bool:
    try:
        return isinstance(json.loads(value), dict | list)
    except (ValueError, RecursionError):
        return False


def _made(kind: inspect.Type) -> Any:
    match kind:
        case inspect.StructType():
            made = {field.encode_name: _made(field.type) for field in kind.fields}
            return {kind.tag_field: kind.tag, **made} if kind.tag_field else made
        case inspect.UnionType():
            return _made(next(t for t in kind.types if not isinstance(t, inspect.NoneType)))
        case inspect.StrType():
            fitting = ("a" * max(1, kind.min_length or 1), "21:30", "https://a.test")
            return next(text for text in fitting if re.search(kind.pattern or "", text))
        case inspect.BoolType():
            return True
        case inspect.IntType():
            return 1
        case inspect.FloatType():
            return 0.5
        case inspect.DateTimeType():
            return datetime(2026, 11, 25, 10, tzinfo=UTC)
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.EnumType():
            return next(iter(kind.cls)).value
        case inspect.BytesType():
            return b"state"
        case (
            inspect.ListType()
            | inspect.VarTupleType()
            | inspect.SetType()
            | inspect.FrozenSetType()
        ):
            return [_made(kind.item_type)]
        case inspect.TupleType():
            return [_made(item) for item in kind.item_types]
        case inspect.DictType():
            return {"key": _made(kind.value_type)}
        case _:
            return None
