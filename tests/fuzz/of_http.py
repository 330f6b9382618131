"""What comes over HTTP, and the files of models."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import httpx
import numpy as np
from decoder import NOW_MS, SECRET, Decoder, Read, of_bytes
from examples import sample_of
from numpy.typing import NDArray

from cxstream import events
from cxstream.desk import fragments, stream
from cxstream.desk.tokens import Tokens, Viewer
from cxstream.errors import DeliveryError
from cxstream.execute import carrying_out
from cxstream.execute.http import HttpTransport
from cxstream.execute.transport import Call, Patience
from cxstream.observe.executor_metrics import ExecutorMetrics
from cxstream.understand import heads, light, stream_file, tenant
from cxstream.understand.labels import EMOTIONS, INTENTS, SENTIMENTS
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.remote import RemoteScorer


@cache
def _token() -> str:
    return Tokens(lambda: (SECRET,)).issue(Viewer(name="ana", role="agent"))[0]


def _signed(value: bytes) -> object:
    """A payload that we signed ourselves, and one that nobody did."""
    import jwt

    kid = jwt.get_unverified_header(_token())["kid"]
    tokens = Tokens(lambda: (SECRET,))
    try:
        claims = json.loads(value)
    except (ValueError, RecursionError):
        claims = None
    if isinstance(claims, dict):
        try:
            forged = jwt.encode(claims, SECRET, "HS256", headers={"kid": kid})
        except (TypeError, ValueError):  # the signer's own objections are not ours
            forged = ""
        tokens.renew(forged)
    return tokens.read(value.decode("latin-1"))


_CLAIMS = json.dumps(
    {
        "aud": "cxstream-desk",
        "sub": "ana",
        "iat": NOW_MS // 1000,
        "exp": 4_000_000_000,
        "session_from": 3_999_999_999,
        "viewer": {"name": "ana", "role": "agent"},
    }
).encode()


def _answered(value: bytes) -> None:
    """A back office answers an action: with this, and with this as the time to try again."""

    async def story() -> None:
        async with HttpTransport(ExecutorMetrics()) as transport:
            for answer in (
                httpx.Response(200, content=value),
                httpx.Response(422, headers={"retry-after": value.hex()[:40] or "1"}),
            ):
                await transport._client.aclose()
                transport._client = httpx.AsyncClient(
                    transport=httpx.MockTransport(lambda _, answer=answer: answer)
                )
                call = Call("crm", "POST", "https://crm.test/", timeout_s=5)
                with contextlib.suppress(DeliveryError):  # what a 422 is, whatever stands in it
                    found = await transport.send(call, Patience(tries=1, within_s=5))
                    carrying_out._read(found.body)

    asyncio.run(story())


def _remote(value: bytes) -> None:
    said = {"choices": [{"message": {"content": value.decode("utf-8", "replace")}}]}
    for body in (value, json.dumps(said).encode()):
        transport = httpx.MockTransport(lambda _, body=body: httpx.Response(200, content=body))
        scorer = RemoteScorer("http://model.test/v1", "m", transport=transport, deadline_s=5)
        try:
            scorer.ask([("hello", LexiconScorer().score(["hello"])[0])])
        finally:
            scorer.close()


_SCORES = json.dumps(
    {
        "intents": {INTENTS[0]: 0.9},
        "sentiment": dict.fromkeys(SENTIMENTS, 1 / len(SENTIMENTS)),
        "emotions": dict.fromkeys(EMOTIONS, 0.1),
        "abuse": 0.0,
    }
).encode()


def of_http() -> list[Decoder]:
    import functools

    fragment = sample_of(events.Fragment)
    return [
        Decoder(
            "posted fragments",
            ("desk.fragments",),
            of_bytes(fragments._values),
            (fragment, b"[" + fragment + b"]"),
        ),
        Decoder(
            "socket's frame",
            ("desk.stream",),
            of_bytes(stream.read_frame),
            (b'{"id": "1", "record": ' + fragment + b"}",),
        ),
        Decoder("desk's tokens", ("desk.tokens",), of_bytes(_signed), (_token().encode(), _CLAIMS)),
        Decoder(
            "back office's answer",
            ("execute.carrying_out", "execute.http"),
            of_bytes(_answered),
            (b'{"id": 7}',),
        ),
        Decoder(
            "remote model's answer",
            ("understand.remote",),
            of_bytes(functools.partial(_remote)),
            (_SCORES,),
        ),
    ]


@cache
def _weights(about: str) -> bytes:
    from safetensors.numpy import save

    return save({"a": np.zeros(3, np.float32)}, metadata={"cxstream": about})


def _model(load: Callable[[Path], object]) -> Read:
    """The file as it is, and one whose description is what came."""

    def read(value: bytes, folder: Path) -> None:
        for body in (value, _weights(value.decode("utf-8", "replace"))):
            (folder / "m.safetensors").write_bytes(body)
            load(folder / "m.safetensors")

    return read


class _NoEncoder:
    name, dimensions, sentence, fingerprint = "none", 3, 3, "0"

    def encode(self, texts: object) -> NDArray[np.float32]:
        raise AssertionError("nothing is encoded while a file is read")


def _tenant(path: Path) -> object:
    own = path.parent / tenant.FOLDER / "mine" / tenant.FILE
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(path.read_bytes())
    return tenant.load(path.parent, "mine", _NoEncoder())


def of_weights() -> list[Decoder]:
    about = (
        b'{"format": 1, "heads": {}, "name": "x", "intents": [], "spread": [0,0,0,0,0,0]}',
        _weights("{}"),
    )
    return [
        Decoder("heads", ("understand.heads",), _model(heads.load), about, takes=False),
        Decoder("light model", ("understand.light",), _model(light.load_light), about, takes=False),
        Decoder(
            "stream of risk",
            ("understand.stream_file",),
            _model(stream_file.load),
            about,
            takes=False,
        ),
        Decoder("tenant's intents", ("understand.tenant",), _model(_tenant), about, takes=False),
    ]
