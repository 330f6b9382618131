"""The remote model, against an endpoint on loopback: what it says when all is well, and silence otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from light_models import some_scores
from pydantic import ValidationError

from cxstream.settings import Settings
from cxstream.understand.remote import PATIENCE, PEACE, RemoteScorer

GOOD: dict[str, Any] = {
    "intents": {"refund_request": 0.8, "billing_dispute": 0.1},
    "sentiment": {"negative": 0.7, "neutral": 0.2, "positive": 0.1},
    "emotions": {
        "anger": 0.3,
        "dissatisfaction": 0.6,
        "distress": 0.1,
        "confusion": 0.0,
        "satisfaction": 0.0,
    },
    "abuse": 0.05,
}
Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


class Endpoint:
    """An OpenAI-compatible server that answers as the test says; `asked` holds what came."""

    def __init__(self) -> None:
        self.answer: Answer = say(json.dumps(GOOD))
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.paths: list[str] = []
        self.enough = Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.asked.append(body)
                endpoint.keys.append(self.headers["Authorization"])
                endpoint.paths.append(self.path)
                endpoint.answer(self, body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def stop(self) -> None:
        self.enough.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def say(content: str) -> Answer:
    completion = {"choices": [{"message": {"role": "assistant", "content": content}}]}
    return lambda handler, _: send(handler, 200, json.dumps(completion).encode())


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    started = Endpoint()
    yield started
    started.stop()


@pytest.fixture
def remote(endpoint: Endpoint) -> Iterator[RemoteScorer]:
    made = RemoteScorer(endpoint.url, "big-1", key="s3cret", deadline_s=10.0)
    yield made
    made.close()


DOUBT = some_scores(1)


def test_a_sound_answer_becomes_scores(endpoint: Endpoint, remote: RemoteScorer) -> None:
    (scores,) = remote.ask([("I want my money back", DOUBT)])
    assert scores is not None
    assert scores.model == remote.name == "remote:big-1"
    assert scores.intent.ranking[:2] == (("refund_request", 0.8), ("billing_dispute", 0.1))
    assert len(scores.intent.ranking) == 5
    assert scores.sentiment.label == "negative"
    assert scores.sentiment.valence == pytest.approx(-0.6)
    assert (scores.emotion.dissatisfaction, scores.abuse) == (0.6, 0.05)
    (asked,) = endpoint.asked
    assert endpoint.paths == ["/v1/chat/completions"]
    assert endpoint.keys == ["Bearer s3cret"]
    assert asked["model"] == "big-1"
    assert asked["temperature"] == 0
    assert asked["messages"][-1] == {"role": "user", "content": "I want my money back"}
    assert "speak_to_human" in asked["messages"][0]["content"]


def test_texts_are_answered_in_order(endpoint: Endpoint, remote: RemoteScorer) -> None:
    def by_text(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        label = "refund_request" if "back" in body["messages"][-1]["content"] else "deny"
        say(json.dumps(GOOD | {"intents": {label: 0.9}}))(handler, body)

    endpoint.answer = by_text
    found = remote.ask([("no", DOUBT), ("money back", DOUBT), ("nope", DOUBT)])
    assert [s and s.intent.label for s in found] == ["deny", "refund_request", "deny"]


@pytest.mark.parametrize(
    "content",
    [
        "I think they want a refund",
        "",
        "[]",
        json.dumps(GOOD)[:-2],
        json.dumps(GOOD | {"intents": {"buy_a_boat": 0.9}}),
        json.dumps(GOOD | {"intents": {}}),
        json.dumps(GOOD | {"intents": {"deny": 1.5}}),
        json.dumps(GOOD | {"sentiment": {"negative": 1.0}}),
        json.dumps(GOOD | {"sentiment": {"negative": 0.1, "neutral": 0.1, "positive": 0.1}}),
        json.dumps(GOOD | {"emotions": {"anger": 0.5}}),
        json.dumps(GOOD | {"abuse": "very"}),
        json.dumps({k: v for k, v in GOOD.items() if k != "abuse"}),
        json.dumps(GOOD | {"note": "x"}),
    ],
)
def test_an_unsound_answer_is_none(endpoint: Endpoint, remote: RemoteScorer, content: str) -> None:
    endpoint.answer = say(content)
    assert remote.ask([("hello", DOUBT)]) == [None]


@pytest.mark.parametrize("status", [500, 429, 401, 302])
def test_an_error_of_the_server_is_none(
    endpoint: Endpoint, remote: RemoteScorer, status: int
) -> None:
    endpoint.answer = lambda handler, _: send(handler, status, b"{}")
    assert remote.ask([("hello", DOUBT)]) == [None]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"choices": []}', b'{"choices": [{}]}'])
def test_a_malformed_body_is_none(endpoint: Endpoint, remote: RemoteScorer, body: bytes) -> None:
    endpoint.answer = lambda handler, _: send(handler, 200, body)
    assert remote.ask([("hello", DOUBT)]) == [None]


def test_a_late_answer_is_none_and_the_others_stand(endpoint: Endpoint) -> None:
    remote = RemoteScorer(endpoint.url, "big-1", deadline_s=2.0)
    good = say(json.dumps(GOOD))

    def one_hangs(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if body["messages"][-1]["content"] == "slow":
            endpoint.enough.wait(60)
        else:
            good(handler, body)

    endpoint.answer = one_hangs
    found = remote.ask([("slow", DOUBT), ("quick", DOUBT)])
    assert found[0] is None
    assert found[1] is not None
    remote.close()


def test_a_trickle_is_late_too(endpoint: Endpoint) -> None:
    """Each byte comes in time; all of them do not."""
    remote = RemoteScorer(endpoint.url, "big-1", deadline_s=0.6)

    def trickle(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not endpoint.enough.wait(0.05):
            try:
                handler.wfile.write(b" ")
                handler.wfile.flush()
            except OSError:
                return

    endpoint.answer = trickle
    assert remote.ask([("hello", DOUBT)]) == [None]
    remote.close()


def test_after_failures_it_is_left_in_peace(endpoint: Endpoint, remote: RemoteScorer) -> None:
    endpoint.answer = lambda handler, _: send(handler, 500, b"")
    for _ in range(PATIENCE):
        remote.ask([("hello", DOUBT)])
    assert len(endpoint.asked) == PATIENCE
    endpoint.answer = say(json.dumps(GOOD))
    assert remote.ask([("hello", DOUBT)] * PEACE) == [None] * PEACE
    assert len(endpoint.asked) == PATIENCE
    assert remote.ask([("hello", DOUBT)])[0] is not None
    assert len(endpoint.asked) == PATIENCE + 1


def test_nobody_there_is_none() -> None:
    closed = Endpoint()
    url = closed.url
    closed.stop()
    remote = RemoteScorer(url, "big-1", deadline_s=5.0)
    assert remote.ask([("hello", DOUBT)]) == [None]
    remote.close()


def test_the_settings_of_a_remote_model_hold_together() -> None:
    url = "http://127.0.0.1:1/v1"
    assert Settings(remote_url=url, remote_model="m").remote_deadline_s == 1.0
    with pytest.raises(ValidationError, match="remote_model"):
        Settings(remote_url=url)
    with pytest.raises(ValidationError, match="below score_deadline_s"):
        Settings(remote_url=url, remote_model="m", remote_deadline_s=2.0)
    waits = Settings(remote_url=url, remote_model="m", remote_deadline_s=9, score_deadline_s=None)
    assert waits.remote_deadline_s == 9
    with pytest.raises(ValidationError, match="remote_url"):
        Settings(remote_url="file:///etc/hosts", remote_model="m")
