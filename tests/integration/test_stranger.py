"""A stranger's client: kcat writes what the documents say, and finds on the topics what they say.

The client knows no Python of ours: it has the AsyncAPI document that a desk serves, and the commands of
docs/fragments.md.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest
from brokers import ROOT, Broker, missing
from floor import TENANT, Floor, told
from waiting import until

from cxstream.demo.story import bundled
from cxstream.desk.tokens import Viewer
from cxstream.understand.lexicon import LexiconScorer

WITHIN_S = 120.0
PREFIX = "stranger."
FRAGMENTS = (ROOT / "docs" / "fragments.md").read_text("utf-8")
SEEN = {
    "transcripts", "signals", "nudges", "actions", "escalations", "outcomes", "approvals", "passports",
    "summaries", "decisions", "ledger_events", "ledger", "dead_letters",
}  # fmt: skip
"""What the run has to have written; the check is of every topic."""
TOLD = ("02", "03", "06", "07", "22")
"""Stories with nudges, an escalation, an action that waits, a promise, and customers who come back."""


@pytest.fixture(scope="module")
def floor(kafka_broker: Broker) -> Iterator[Floor]:
    """A worker and a desk on Apache Kafka."""
    if shutil.which("kcat") is None:
        missing("kcat", "apt-get install kcat")
    with Floor(kafka_broker, PREFIX, LexiconScorer()) as running:
        yield running


def kcat(floor: Floor, command: str, given: str = "") -> str:
    """Run a command of a shell as the documents have it, with this broker and these topics."""
    here = command.replace("localhost:9092", floor.settings.brokers).replace(
        "-t cx.", f"-t {PREFIX}"
    )
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", here],
        input=given,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(floor: Floor, topic: str) -> list[dict[str, Any]]:
    """Everything on a topic: kcat's own envelopes, with key, headers and payload."""
    found = kcat(floor, f"kcat -C -q -J -b localhost:9092 -t {topic} -o beginning -e")
    return [json.loads(line) for line in found.splitlines()]


def ask(floor: Floor, path: str, token: str = "", body: object = None) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{floor.port}{path}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=WITHIN_S) as answer:
        return json.load(answer)


def test_the_documents_commands_write_and_read(floor: Floor) -> None:
    (commands,) = (
        b for b in re.findall(r"^```sh\n(.*?)^```", FRAGMENTS, re.M | re.S) if "kcat" in b
    )
    write, show = (command for command in re.split(r"\n\n", commands.strip()))
    kcat(floor, write)
    kcat(floor, write.replace('"text"', '"test"'))

    def letters() -> list[dict[str, Any]]:
        return [json.loads(line) for line in kcat(floor, show).splitlines()]

    until(lambda: bool(letters()), "the dead letter of the second", WITHIN_S)
    (letter,) = letters()
    assert (letter["reason"], letter["field"]) == ("missing_field", "$.text")
    until(lambda: bool(read(floor, f"{PREFIX}signals")), "the signal of the first", WITHIN_S)
    (signal,) = read(floor, f"{PREFIX}signals")
    assert json.loads(signal["payload"])["conversation_id"] == signal["key"] == "acme:1001"


def test_what_is_on_the_topics_is_what_the_document_says(floor: Floor) -> None:
    document = ask(floor, "/asyncapi.json")
    channels = {
        role: channel
        for role, channel in document["channels"].items()
        if channel["servers"] == [{"$ref": "#/servers/kafka"}]
    }
    records = [record for story in bundled() if story.name[:2] in TOLD for record in told(story)]
    lines = [f"{r.conversation_id}|{msgspec.json.encode(r).decode()}" for r in records]
    write = f"kcat -P -b localhost:9092 -t {PREFIX}transcripts -K '|' -X partitioner=murmur2_random"
    kcat(floor, write, "\n".join(lines))
    until(
        lambda: bool(read(floor, channels["summaries"]["address"])), "the first summary", WITHIN_S
    )
    until(lambda: bool(read(floor, channels["actions"]["address"])), "the first action", WITHIN_S)
    agent, supervisor = (
        floor.link("x", viewer).partition("#")[2]
        for viewer in (
            Viewer("a-tom", "agent", TENANT),
            Viewer("s-kim", "supervisor", TENANT, ("*",), ("team_lead", "supervisor", "approver")),
        )
    )
    nudges = [json.loads(found["payload"]) for found in read(floor, channels["nudges"]["address"])]
    mine = next(
        n["id"] for n in nudges if n["agent_id"] == "a-tom" and n.get("status") != "withdrawn"
    )
    ask(floor, f"/v1/nudges/{mine}/answers", agent, {"kind": "accepted"})
    actions = [
        json.loads(found["payload"]) for found in read(floor, channels["actions"]["address"])
    ]
    waits = next(a["id"] for a in actions if a.get("needs_approval"))
    ask(floor, f"/v1/actions/{waits}/approvals", supervisor, {"verdict": "refused"})
    kcat(floor, write, 'broken|{"schema": "cx.fragment.v1"}')
    for role in SEEN:
        until(lambda: bool(read(floor, channels[role]["address"])), role, WITHIN_S)  # noqa: B023  asked at once
    checked = 0
    for role, channel in channels.items():
        schemas = {name: document["components"]["schemas"][name] for name in channel["messages"]}
        by_tag = {
            schema["properties"]["schema"]["enum"][0]: name for name, schema in schemas.items()
        }
        for found in read(floor, channel["address"]):
            payload = json.loads(found["payload"])
            if (role == "transcripts" and found["key"] == "broken") or "test" in payload:
                continue  # what was wrong on purpose
            name = by_tag[payload["schema"]]
            whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            problems = list(jsonschema.Draft202012Validator(whole).iter_errors(payload))
            assert not problems, (role, name, problems[0].message, payload)
            beside = found.get("headers") or []
            told_beside = dict(zip(beside[::2], beside[1::2], strict=True))
            jsonschema.validate(told_beside, document["components"]["messages"][name]["headers"])
            assert role == "transcripts" or told_beside["ce_type"] == payload["schema"]
            key = channel["description"].removeprefix("keyed by ")
            if key in payload:
                assert found["key"] == payload[key], (role, found["key"])
            checked += 1
    assert checked > len(records)
