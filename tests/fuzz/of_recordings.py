"""Vendors' payloads and proofs, and files of recordings."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import zlib
from pathlib import Path

import httpx
import msgspec
from decoder import NOW_MS, SECRET, Decoder, Read, of_file
from examples import sample_of
from samples import SAMPLES

from cxstream import events
from cxstream.connectors import files, registry
from cxstream.connectors.connector import Connector
from cxstream.connectors.proof import Delivery
from cxstream.connectors.session import Setup
from cxstream.desk.connect import _payload
from cxstream.desk.endpoints import Endpoints
from cxstream.errors import CxError
from cxstream.listen.decode import decode_record


def _delivered(connector: Connector, query: str) -> Read:
    endpoint = Endpoints().find(
        next(n for n in registry.names() if registry.connector(n) is connector)
    )
    assert endpoint is not None
    session = endpoint.session(dict(httpx.URL("http://x/" + query).params))

    def read(value: bytes, folder: Path) -> None:
        payload = _payload(connector, value)
        for record in connector.records(payload, connector.remember(session, payload)):
            decode_record(msgspec.json.encode(record))
        connector.reply(payload)

    return read


_TOKEN = b".".join(
    base64.urlsafe_b64encode(p).rstrip(b"=")
    for p in (b'{"alg":"RS256","kid":"k"}', b'{"iss":"x"}', b"signed")
)
"""A token in form, signed by nobody."""


def _proof(connector: Connector) -> Read:
    def read(value: bytes, folder: Path) -> None:
        said = value.decode("latin-1")
        names = "authorization x-api-key x-twilio-signature x-hub-signature x-chatwoot-signature"
        names += " x-chatwoot-timestamp x-zendesk-webhook-signature-timestamp x-zendesk-webhook-signature"
        headers = dict.fromkeys(names.split(), said)
        for header in (
            headers,
            {"authorization": f"Bearer {said}"},
            {"authorization": f"Basic {said}"},
        ):
            setup = Setup(audience="us")
            secret = said if "token" in connector.proof.told else SECRET
            delivery = Delivery(f"https://desk.test/{said[:80]}", header, value, NOW_MS)
            connector.proof.check(delivery, (secret,), setup)

    return read


def of_the_vendors() -> list[Decoder]:
    made: list[Decoder] = []
    for name in registry.names():
        connector = registry.connector(name)
        module = type(connector).__module__ and registry._installed()[name].module
        modules = (
            module.removeprefix("cxstream."),
            "connectors.shaped",
            "connectors.aws",
            "desk.connect",
        )
        sample = SAMPLES[name]
        bodies = (*sample.bodies, sample.broken[0])
        made.append(Decoder(f"vendor {name}", modules, _delivered(connector, sample.query), bodies))
        recording = of_file(files.reader(name), "recording.jsonl")
        lines_ = tuple(b"\n".join(pair) for pair in itertools.pairwise(bodies))
        made.append(
            Decoder(
                f"recording {name}", ("connectors.files",), recording, (*bodies, *lines_), _OF_FILES
            )
        )
        proving = ("connectors.proof", "connectors.tokens")
        made.append(
            Decoder(f"proof {name}", proving, _proof(connector), (_TOKEN, b"0" * 10), takes=False)
        )
    return made


_OF_FILES = (CxError, OSError, EOFError, zlib.error)
"""What `listen.files.Reader` says it may raise; `recorded.Source` makes `SettingsError` of all of it."""

_CSV = b"conversation_id,time,role,text\nc-1,2026-11-25T10:00:00Z,customer,hello\nc-1,,agent,hi\n"
_VCON = json.dumps(
    {
        "vcon": "0.0.1",
        "uuid": "0195544a-b4f5-8b7b-8c2d-000000000001",
        "parties": [{"tel": "+441632960001", "role": "customer"}, {"name": "Ben", "role": "agent"}],
        "dialog": [
            {
                "type": "text",
                "start": "2026-11-25T10:00:00Z",
                "parties": [0, 1],
                "originator": 0,
                "body": "hello",
            },
            {
                "type": "recording",
                "start": "2026-11-25T10:00:00Z",
                "parties": [0, 1],
                "duration": 4.5,
            },
        ],
        "analysis": [
            {
                "type": "transcript",
                "dialog": 1,
                "body": {"segments": [{"text": "hi", "start": 0, "end": 1.5, "speaker": 1}]},
            }
        ],
    }
).encode()
_STAR = b'{"dialogue": 1, "turns": [{"s": "customer", "t": 1.0, "x": "hello"}], "completion": "Complete"}'


def of_recordings() -> list[Decoder]:
    fragment = sample_of(events.Fragment)
    canonical = (
        fragment,
        b"[" + fragment + b"]",
        fragment + b"\n" + fragment,
        gzip.compress(fragment),
    )
    return [
        Decoder(
            "file canonical",
            ("listen.canonical", "listen.files"),
            of_file(files.reader("canonical"), "a.jsonl"),
            canonical,
            _OF_FILES,
        ),
        Decoder(
            "file star",
            ("listen.star",),
            of_file(files.reader("star"), "a.jsonl"),
            (_STAR,),
            _OF_FILES,
        ),
        Decoder(
            "file csv",
            ("connectors.table",),
            of_file(files.reader("csv"), "a.csv"),
            (_CSV,),
            _OF_FILES,
        ),
        Decoder(
            "file vcon",
            ("connectors.vcon",),
            of_file(files.reader("vcon"), "a.json"),
            (_VCON,),
            _OF_FILES,
        ),
    ]
