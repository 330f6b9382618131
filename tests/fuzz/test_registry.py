"""No decoder without a fuzz entry: whoever reads bytes, stands in `decoders.py`, or says there why not."""

from __future__ import annotations

import ast
from pathlib import Path

from decoders import DECODERS, EXEMPT
from of_topics import RECORDS

import cxstream

SOURCE = Path(cxstream.__file__).parent
READS = frozenset(
    "decode Decoder convert loads load safe_load compose parse DictReader reader safe_open load_file"
    " b64decode frombuffer parse_qsl message_from_bytes get_unverified_header fromisoformat".split()
)
"""What reading looks like in a call."""
OF_TEXT = ("decode",)
"""Also what makes text of bytes that we encoded a moment ago; see `_reads`."""


def _reads(call: ast.Call) -> bool:
    name = call.func
    if not isinstance(name, ast.Attribute) or name.attr not in READS:
        return False
    if name.attr == "decode" and isinstance(name.value, ast.Call):
        return False  # msgspec.json.encode(x).decode()
    return ast.unparse(name) not in (
        "key.decode",
        "value.decode",
        "body.decode",
        "event.data.decode",
    )


def _module(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def reading() -> set[str]:
    """Every module of cxstream that decodes something; models are trained from an operator's own data."""
    return {
        _module(path)
        for path in SOURCE.rglob("*.py")
        if "learn" not in path.relative_to(SOURCE).parts
        and any(
            isinstance(node, ast.Call) and _reads(node)
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
        )
    }


def test_every_decoder_has_an_entry() -> None:
    known = {module for decoder in DECODERS for module in decoder.modules} | EXEMPT.keys()
    assert reading() - known == set(), "add a Decoder in tests/fuzz/decoders.py"


def test_what_is_exempt_is_there_and_has_no_entry() -> None:
    named = {module for decoder in DECODERS for module in decoder.modules}
    modules = {_module(path) for path in SOURCE.rglob("*.py")}
    assert set(EXEMPT) <= modules and named <= modules, (set(EXEMPT) | named) - modules
    assert not set(EXEMPT) & named
    assert all(EXEMPT.values())


def test_every_record_that_crosses_a_topic_has_a_sample() -> None:
    tags = {kind.__struct_config__.tag for kind in RECORDS}
    assert len(tags) == len(RECORDS) > 15
