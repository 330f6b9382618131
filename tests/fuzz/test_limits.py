"""Everything that is read has a size above which it is refused, and nobody holds more than that of it.

| what | at most | where |
|---|---|---|
| a record of `cx.transcripts`, its text | 512 KiB, 20,000 characters | `listen/decode.py` |
| a record of another topic | 1,088 KiB, as the topics themselves | `engine/codec.py` |
| a body over HTTP, a frame of a socket | `CXSTREAM_DESK_BODY_MAX_BYTES` (1 MiB) | `desk/limits.py`, `desk/serve.py` |
| a token of a desk, of a cloud | 16 KiB | `desk/tokens.py`, `connectors/tokens.py` |
| the answer of a back office, of a remote model, a cloud's keys | 1 MiB, 64 KiB, 1 MiB | `execute/http.py`, `understand/remote.py`, `desk/keys.py` |
| a playbook, a configuration, an API description | see the files | `decide/located.py`, `execute/written.py`, `desk/endpoints.py` |
| a line of a recording, a recording that is held whole | 4 MiB, 256 MiB unzipped | `listen/files.py` |

Bodies and frames over HTTP: `tests/desk/test_fragments.py`, `test_connectors.py`; transcripts:
`tests/unit/listen/test_decode.py`. Files of an operator's own (secrets, beliefs, decisions, weights) have none.
"""  # noqa: E501

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from decoder import NOW_MS, SECRET
from examples import sample_of

from cxstream import events
from cxstream.connectors import tokens as signed
from cxstream.connectors.files import reader
from cxstream.connectors.proof import Delivery, Unproven
from cxstream.connectors.session import Setup
from cxstream.connectors.tokens import SignedToken
from cxstream.decide import located
from cxstream.decide.load import load_playbook
from cxstream.desk import endpoints, keys, tokens
from cxstream.desk.endpoints import Endpoints
from cxstream.desk.keys import FetchedKeys
from cxstream.desk.tokens import Tokens
from cxstream.engine import codec
from cxstream.errors import AccessError, EngineError, PlaybookError, RecordError, SettingsError
from cxstream.execute import http
from cxstream.execute.http import HttpTransport
from cxstream.execute.transport import Call, Patience
from cxstream.execute.written import SIZE_MAX, read_yaml
from cxstream.listen import files
from cxstream.observe.executor_metrics import ExecutorMetrics
from cxstream.understand import remote
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.remote import RemoteScorer


class Endless(httpx.AsyncByteStream, httpx.SyncByteStream):
    """A body without an end; `given` is how much of it anybody took."""

    def __init__(self) -> None:
        self.given = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.given += 65_536
            assert self.given < 16 * 1024 * 1024, "somebody takes all of it"
            yield b" " * 65_536


def test_a_record_of_another_topic() -> None:
    padded = sample_of(events.Outcome).ljust(codec.MAX_BYTES)
    assert codec.decode_outcome(padded).id
    with pytest.raises(RecordError) as refused:
        codec.decode_outcome(padded + b" ")
    assert refused.value.reason == "too_large"


def test_a_token_of_a_desk_and_of_a_cloud() -> None:
    with pytest.raises(AccessError):
        Tokens(lambda: (SECRET,)).read("x" * (tokens.TOKEN_MAX + 1))
    bearer = {"authorization": "Bearer " + "x" * (signed.TOKEN_MAX + 1)}
    with pytest.raises(Unproven):
        SignedToken(("us",), "").check(
            Delivery("/", bearer, b"", NOW_MS), ("{}",), Setup(audience="us")
        )


def test_the_answer_of_a_back_office_is_done_and_means_nothing() -> None:
    body = Endless()

    async def story() -> bytes:
        async with HttpTransport(ExecutorMetrics()) as transport:
            await transport._client.aclose()
            answering = httpx.MockTransport(lambda _: httpx.Response(200, stream=body))
            transport._client = httpx.AsyncClient(transport=answering)
            call = Call("crm", "POST", "https://crm.test/")
            return (await transport.send(call, Patience(tries=1))).body

    assert asyncio.run(story()) == b""
    assert body.given <= http.ANSWER_MAX + 2 * 65_536


def test_the_answer_of_a_remote_model() -> None:
    body = Endless()
    answering = httpx.MockTransport(lambda _: httpx.Response(200, stream=body))
    scorer = RemoteScorer("http://model.test/v1", "m", transport=answering, deadline_s=30)
    assert scorer.ask([("hello", LexiconScorer().score(["hello"])[0])]) == [None]
    scorer.close()
    assert body.given <= remote.LONGEST_ANSWER + 2 * 65_536


def test_a_clouds_keys() -> None:
    body = Endless()
    answering = httpx.MockTransport(lambda _: httpx.Response(200, stream=body))
    with pytest.raises(EngineError):
        asyncio.run(FetchedKeys(answering).at("https://cloud.test/keys"))
    assert body.given <= keys.SIZE_MAX + 2 * 65_536


def test_what_people_write(tmp_path: Path) -> None:
    file = tmp_path / "long"
    file.write_text("#" * (SIZE_MAX + 1))
    with pytest.raises(SettingsError, match="at most"):
        read_yaml(file)
    file.write_text("#" * (endpoints.SIZE_MAX + 1))
    with pytest.raises(SettingsError, match="at most"):
        Endpoints(file)
    with pytest.raises(PlaybookError, match="at most"):
        load_playbook("#" * (located.SIZE_MAX + 1), "a playbook")


def test_a_line_of_a_recording(tmp_path: Path) -> None:
    """Of a line that is too long the beginning is looked at, and the next one is read."""
    fragment = sample_of(events.Fragment)
    zipped = tmp_path / "bomb.jsonl.gz"
    zipped.write_bytes(gzip.compress(b" " * (5 * files.LINE_MAX) + b"{\n" + fragment + b"\n", 1))
    told: list[files.Unreadable] = []
    read = list(reader("canonical")(zipped, on_unreadable=told.append))
    assert [type(record) for record in read] == [events.Fragment]
    held = max(len(line) for _, line in files.lines(io.BytesIO(b"x" * (3 * files.LINE_MAX))))
    assert held == files.LINE_MAX + 1


@pytest.mark.parametrize("name", ["csv", "vcon", "email", "canonical"])
def test_a_recording_that_is_held_whole(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "FILE_MAX", 2_000)
    file = tmp_path / "long"
    file.write_text(
        "conversation_id,text\n" + "c,hello\n" * 300 if name == "csv" else "[\n" + " " * 3_000
    )
    if name == "vcon":
        file.write_text(json.dumps({"uuid": "x", "more": "x" * 3_000}))
    with pytest.raises(RecordError) as refused:
        list(reader(name)(file))
    assert refused.value.reason == "too_large"
