"""Streams over a real server: hello, resume, reset, keepalive, bye, slow readers; SSE and WebSocket."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from live_records import nudge, signal
from live_support import KIM, LENA, LOU, NOW_MS, TOM, Got, LiveDesk, events
from waiting import until_async
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from cxstream.desk.tokens import Viewer
from cxstream.events import Fragment, Role, Speaker, Stage

WITHIN_S = 30.0


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Run a scene, for half a minute at most."""
    asyncio.run(asyncio.wait_for(scene, WITHIN_S))


@asynccontextmanager
async def reading(
    desk: LiveDesk, host: str, viewer: Viewer, path: str = "/v1/nudges/stream", after: str = ""
) -> AsyncIterator[AsyncIterator[Got]]:
    """A viewer's stream."""
    headers = desk.bearer(viewer) | ({"Last-Event-ID": after} if after else {})
    async with (
        httpx.AsyncClient(timeout=WITHIN_S) as client,
        client.stream("GET", f"http://{host}{path}", headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield events(response)


def test_a_nudge_reaches_its_agent_and_no_other() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal())
        async with (
            desk.served() as host,
            reading(desk, host, TOM) as tom,
            reading(desk, host, LENA) as lena,
            reading(desk, host, KIM) as kim,
            reading(desk, host, LOU) as lou,
        ):
            for stream in (tom, lena, kim, lou):
                first = await anext(stream)
                assert (first.kind, first.data) == ("hello", {"reason": "new", "cards": []})
            desk.take(nudge(1), nudge(2, agent="a-2", conversation="call-2"))
            for stream in (tom, kim):
                got = await anext(stream)
                assert (got.kind, got.data["nudge"]["id"]) == ("nudge", "nudge_1")
            assert (await anext(lena)).data["nudge"]["id"] == "nudge_2"
            desk.take(
                signal(1, conversation="call-3", queue="cards"), nudge(3, conversation="call-3")
            )
            assert (await anext(lou)).data["nudge"]["id"] == "nudge_3"

    run(scene())


def test_who_comes_back_gets_what_was_missed_and_nothing_else() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal())
        async with desk.served() as host:
            async with reading(desk, host, TOM) as tom:
                last = (await anext(tom)).id
            desk.take(nudge(1), nudge(2), nudge(3, withdraws="nudge_1"))
            async with reading(desk, host, TOM, after=last) as tom:
                assert (await anext(tom)).kind == "comment"
                assert [(await anext(tom)).kind for _ in range(3)] == ["nudge", "nudge", "gone"]

    run(scene())


@pytest.mark.parametrize("case", ["too_old", "unknown_id"])
def test_what_cannot_be_replayed_is_reset_with_all_that_holds(case: str) -> None:
    async def scene() -> None:
        desk = LiveDesk(replay=2)
        desk.take(signal(), *(nudge(n) for n in range(5)), nudge(9, withdraws="nudge_0"))
        after = "m-1" if case == "too_old" else "other-process-1"
        async with desk.served() as host, reading(desk, host, TOM, after=after) as tom:
            first = await anext(tom)
            assert (first.kind, first.data["reason"]) == ("reset", case)
            held = {card["nudge"]["id"] for card in first.data["cards"]}
            assert held == {f"nudge_{n}" for n in (1, 2, 3, 4)}
            desk.take(nudge(10))
            assert (await anext(tom)).data["nudge"]["id"] == "nudge_10"

    run(scene())


def test_another_process_serves_the_same_agent() -> None:
    async def scene() -> None:
        one, other = LiveDesk(mark="one"), LiveDesk(mark="other")
        for desk in (one, other):  # both tail the same topics
            desk.take(signal(), nudge(1))
        async with one.served() as host, reading(one, host, TOM) as tom:
            last = (await anext(tom)).id
        async with other.served() as host, reading(other, host, TOM, after=last) as tom:
            first = await anext(tom)
            assert first.kind == "reset"
            assert [card["nudge"]["id"] for card in first.data["cards"]] == ["nudge_1"]

    run(scene())


def test_a_silent_stream_says_that_it_is_there() -> None:
    async def scene() -> None:
        desk = LiveDesk(keepalive_s=0.05)
        async with desk.served() as host, reading(desk, host, TOM) as tom:
            assert [(await anext(tom)).kind for _ in range(3)] == ["hello", "comment", "comment"]

    run(scene())


def test_a_stream_ends_with_its_token() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.tokens._ttl_s = 2.0  # a busy machine opens the stream within that
        async with desk.served() as host, reading(desk, host, TOM) as tom:
            got = [event async for event in tom]
            assert (got[-1].kind, got[-1].data) == ("bye", {"reason": "token"})

    run(scene())


def test_a_stopping_process_says_bye() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        async with desk.served() as host, reading(desk, host, TOM) as tom:
            await anext(tom)
            desk.hub.close()
            assert (await anext(tom)).data == {"reason": "stopping"}

    run(scene())


def test_a_reader_who_does_not_read_is_cut_off_and_the_others_hear_everything() -> None:
    async def scene() -> None:
        desk = LiveDesk(queue=64)
        desk.take(signal())
        async with desk.served() as host, reading(desk, host, TOM) as tom:
            await anext(tom)
            name, port = host.split(":")
            slow = socket.socket()
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect((name, int(port)))
            token = desk.bearer(TOM)["Authorization"]
            slow.sendall(
                f"GET /v1/nudges/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode()
            )
            await until_async(lambda: desk.hub.readers == 2, "both readers")
            count = 0
            while desk.hub.cut_off == 0:
                desk.take(nudge(count))
                assert (await anext(tom)).data["nudge"]["id"] == f"nudge_{count}"
                count += 1
            assert desk.hub.readers == 1
            assert count < 20_000
            desk.take(nudge(count))
            assert (await anext(tom)).kind == "nudge"
            slow.close()

    run(scene())


@pytest.mark.parametrize(
    ("path", "viewer", "status"),
    [
        ("/v1/desk/stream", KIM, 403),
        ("/v1/floor/stream", TOM, 403),
        ("/v1/conversations/call-1/stream", LENA, 404),
        ("/v1/conversations/call-1/stream", LOU, 404),
        ("/v1/conversations/call-9/stream", KIM, 404),
        ("/v1/floor/trend", TOM, 403),
    ],
)
def test_a_stream_is_for_whom_it_is_for(path: str, viewer: Viewer, status: int) -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal())
        async with desk.client() as client:
            answer = await client.get(path, headers=desk.bearer(viewer))
            assert answer.status_code == status
            assert set(answer.json()) == {"reason", "field", "mend"}

    run(scene())


@pytest.mark.parametrize("path", ["/v1/nudges/stream", "/v1/desk/stream", "/v1/floor/stream"])
def test_nobody_comes_in_without_a_token(path: str) -> None:
    async def scene() -> None:
        async with LiveDesk().client() as client:
            for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic eDp5"}):
                assert (await client.get(path, headers=headers)).status_code == 401

    run(scene())


def test_the_desk_stream_follows_a_conversation_line_by_line() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(1), nudge(1))
        async with desk.served() as host, reading(desk, host, TOM, "/v1/desk/stream") as tom:
            first = (await anext(tom)).data["conversations"][0]
            assert [line["text"] for line in first["lines"]] == ["what is this charge"]
            assert first["cards"][0]["nudge"]["why"]["evidence"][0]["text"] == "what"
            desk.take(signal(2, "this is not right", valence=-0.5))
            got = await anext(tom)
            assert (got.kind, got.data["line"]["valence"]) == ("said", -0.5)

    run(scene())


def test_a_supervisor_listens_in() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(1))
        path = "/v1/conversations/call-1/stream"
        async with desk.served() as host, reading(desk, host, KIM, path) as kim:
            assert (await anext(kim)).data["conversations"][0]["row"]["agent_id"] == "a-1"
            desk.take(signal(2, "hello?"), nudge(1))
            assert [(await anext(kim)).kind for _ in range(2)] == ["said", "nudge"]

    run(scene())


def test_a_socket_carries_nudges_out_and_answers_in() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(), nudge(1))
        token = desk.tokens.issue(TOM)[0]
        offered = [Subprotocol("cx.desk.v1"), Subprotocol(f"bearer.{token}")]
        async with (
            desk.served() as host,
            connect(f"ws://{host}/v1/nudges/stream", subprotocols=offered) as socket_,
        ):
            assert socket_.subprotocol == "cx.desk.v1"
            hello = json.loads(await socket_.recv())
            assert [c["nudge"]["id"] for c in hello["data"]["cards"]] == ["nudge_1"]
            await socket_.send(json.dumps({"nudge_id": "nudge_1", "kind": "accepted"}))
            got = [json.loads(await socket_.recv()) for _ in range(2)]
            by_kind = {event["kind"]: event["data"] for event in got}
            assert by_kind["noted"]["state"] == by_kind["answered"]["state"] == "accepted"
            assert [r.id for r in desk.kept.records] == [by_kind["noted"]["id"]]
            for sent, field in (("{", "$"), ('{"nudge_id": "nudge_1", "kind": "yes"}', "kind")):
                await socket_.send(sent)
                refused = json.loads(await socket_.recv())
                assert (refused["kind"], refused["data"]["field"]) == ("refused", field)
            await socket_.send(json.dumps({"nudge_id": "nudge_7", "kind": "accepted"}))
            assert json.loads(await socket_.recv())["data"]["reason"] == "not_found"

    run(scene())


def test_a_socket_resumes_and_needs_a_token() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(), nudge(1))
        after = desk.hub.last_id()
        desk.take(nudge(2))
        async with desk.served() as host:
            url = f"ws://{host}/v1/nudges/stream"
            async with connect(f"{url}?after={after}", additional_headers=desk.bearer(TOM)) as tom:
                assert json.loads(await tom.recv())["data"]["nudge"]["id"] == "nudge_2"
                desk.hub.close()
                with pytest.raises(ConnectionClosed) as closed:
                    await tom.recv()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1012
            with pytest.raises(Exception, match="403"):
                await connect(url)

    run(scene())


def test_words_that_are_being_said_reach_who_looks_and_are_redacted() -> None:
    def said(text: str, revision: int, stage: Stage = Stage.PARTIAL) -> bytes:
        return msgspec.json.encode(
            Fragment(
                conversation_id="call-1",
                fragment_id="f-2",
                text=text,
                speaker=Speaker(role=Role.CUSTOMER),
                stage=stage,
                revision=revision,
            )
        )

    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal())
        async with (
            desk.served() as host,
            reading(desk, host, TOM, "/v1/desk/stream") as tom,
            reading(desk, host, LENA, "/v1/desk/stream") as lena,
            reading(desk, host, KIM, "/v1/conversations/call-1/stream") as kim,
        ):
            for stream in (tom, lena, kim):
                assert (await anext(stream)).kind == "hello"
            desk.newsroom.overhear(said("too late", 1), NOW_MS - 60_000)
            desk.newsroom.overhear(said("final", 1, Stage.FINAL), NOW_MS)
            for value in (None, b'"partial"', b'{"stage": "partial"}', b"\xff"):
                desk.newsroom.overhear(value, NOW_MS)
            desk.newsroom.overhear(said("I am kay@example.org and", 2), NOW_MS)
            for stream in (tom, kim):
                event = await anext(stream)
                assert (event.kind, event.data["role"]) == ("hearing", "customer")
                assert event.data["text"] == "I am [EMAIL] and"
            desk.take(signal(2, agent="a-2", conversation="call-2"))
            assert (await anext(lena)).kind == "conversation"

    run(scene())
