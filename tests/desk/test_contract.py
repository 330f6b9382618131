"""The documents say what the code does: AsyncAPI by its own schema, OpenAPI by asking everything it allows."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema
from desk_support import Desk
from typer.testing import CliRunner

from cxstream.cli import app as cli
from cxstream.desk.contract import CARRIES, asyncapi
from cxstream.engine.topics import Topics
from cxstream.events import Output, Transcript
from cxstream.pipeline import CustomerEvent

SCHEMA = Path(__file__).parent.parent / "data" / "asyncapi-3.0.0.schema.json.gz"
DOCUMENT = asyncapi(Topics("cx.").by_role())


def problems(document: object) -> list[str]:
    schema = json.loads(gzip.decompress(SCHEMA.read_bytes()))
    return [e.message[:300] for e in jsonschema.Draft7Validator(schema).iter_errors(document)]


def test_it_is_an_asyncapi_document() -> None:
    assert problems(DOCUMENT) == []


def test_a_wrong_one_would_be_seen() -> None:
    assert problems({**DOCUMENT, "channels": {"x": {"messages": 5}}})


def test_every_topic_and_every_record_is_in_it() -> None:
    assert set(CARRIES) == set(Topics("cx.").by_role()), "say in desk/contract.py what it carries"
    carried = {record for carries in CARRIES.values() for record in carries.records}
    assert set(Output.__args__) | set(Transcript.__args__) <= carried
    assert set(CARRIES["signals"].records) == set(CustomerEvent.__args__)
    assert {c["address"] for c in DOCUMENT["channels"].values()} >= {"cx.nudges", "/v1/fragments"}


def test_every_reference_leads_somewhere() -> None:
    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                found: Any = DOCUMENT
                for step in part["$ref"].removeprefix("#/").split("/"):
                    found = found[step]
            for value in part.values():
                walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(DOCUMENT)


def test_endpoint_and_command_give_the_same() -> None:
    async def ask() -> list[Any]:
        async with Desk().client() as client:
            return [(await client.get(path)).json() for path in ("/asyncapi.json", "/v1/schema")]

    served, schema = asyncio.run(ask())
    assert problems(served) == []
    printed = CliRunner().invoke(cli, ["schema", "--asyncapi"])
    assert json.loads(printed.stdout)["components"] == served["components"]
    assert json.loads(CliRunner().invoke(cli, ["schema"]).stdout) == schema
