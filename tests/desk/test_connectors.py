"""One battery for every connector: what its payloads mean, however they arrive, and who may send them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from desk_support import BODY_MAX, Desk
from hypothesis import given, settings
from hypothesis import strategies as st
from proving import AUDIENCE, headers, secret_of
from samples import SAMPLES, Sample

from cxstream.connectors import registry
from cxstream.connectors.connector import EXPERIMENTAL, SUPPORTED
from cxstream.connectors.proof import Token
from cxstream.connectors.session import Session
from cxstream.connectors.tokens import SignedToken
from cxstream.context.conversation import Conversation
from cxstream.desk.connect import _payload
from cxstream.desk.endpoints import Endpoints
from cxstream.errors import RecordError
from cxstream.events import STAGE_RANK, ControlKind, Fragment, RoleSource, Stage, Transcript, to_ms
from cxstream.listen.decode import decode_record
from cxstream.listen.faults import REASONS
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.metrics import Metrics
from cxstream.pipeline import ConversationHop, Heard
from cxstream.understand.trajectory import RuleTrajectory

NAMES = sorted(SAMPLES)
ARRIVED_MS = 1_795_428_100_000


def records(name: str, sample: Sample, bodies: list[bytes] | None = None) -> list[Transcript]:
    """What a connector makes of deliveries, each for itself, as over HTTP."""
    endpoint = Endpoints().find(name)
    assert endpoint is not None
    session = endpoint.session(dict(httpx.URL("http://x/" + sample.query).params))
    connector = endpoint.connector
    made: list[Transcript] = []
    for body in sample.bodies if bodies is None else bodies:
        payload = _payload(connector, body)
        made += connector.records(payload, connector.remember(session, payload))
    return made


def folded(made: list[Transcript]) -> Conversation:
    """The state of the conversation after these records."""
    hop = ConversationHop(
        redactor=PatternRedactor(), foresight=RuleTrajectory(), observer=Metrics()
    )
    state = Conversation(made[0].conversation_id)
    for record in made:
        when = record.event_time
        hop.hear(
            state, Heard(record, ARRIVED_MS if when is None else to_ms(when), ARRIVED_MS), None
        )
    return state.comparable()


def said(made: list[Transcript]) -> list[tuple[str, str, str]]:
    """The words of the conversation in order: of each fragment the revision that holds."""
    best: dict[str, Fragment] = {}
    for record in made:
        if isinstance(record, Fragment) and record.stage is not Stage.PARTIAL:
            held = best.get(record.fragment_id)
            if held is None or _precedence(record) > _precedence(held):
                best[record.fragment_id] = record
    spoken = [f for f in best.values() if f.text and f.visibility == "public"]
    spoken.sort(key=lambda f: (f.event_time is None, f.event_time))
    return [(f.speaker.role.value, f.speaker.role_source.value, f.text) for f in spoken]


def _precedence(fragment: Fragment) -> tuple[int, int]:
    return STAGE_RANK[fragment.stage], fragment.revision


def test_every_connector_has_a_sample_and_says_what_it_is_worth() -> None:
    assert registry.names() == NAMES
    for name in NAMES:
        assert registry.connector(name).status in (SUPPORTED, EXPERIMENTAL)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_was_said_and_by_whom(name: str) -> None:
    sample = SAMPLES[name]
    made = records(name, sample)
    assert said(made) == sample.said
    assert len({record.conversation_id for record in made}) == 1
    assert made[0].conversation_id.split(":")[0] == registry.connector(name).vendor
    finals = [r for r in made if isinstance(r, Fragment) and r.stage is not Stage.PARTIAL]
    settled = {f.fragment_id for f in finals} | {f.clears.fragment_id for f in finals if f.clears}
    partials = [r for r in made if isinstance(r, Fragment) and r.stage is Stage.PARTIAL]
    assert {partial.fragment_id for partial in partials} <= settled, "a partial without its final"
    ended = [r for r in made if not isinstance(r, Fragment) and r.type is ControlKind.ENDED]
    assert bool(ended) is sample.over


@pytest.mark.parametrize("name", NAMES)
def test_without_being_told_a_role_is_a_guess_or_explicit(name: str) -> None:
    sample = SAMPLES[name]
    untold = sample._replace(query="&".join(
        part for part in sample.query.split("&") if "roles=" not in part
    ) or "?x=1")  # fmt: skip
    if not untold.query.startswith("?"):
        untold = untold._replace(query="?" + untold.query)
    for record in records(name, untold):
        if isinstance(record, Fragment):
            assert record.speaker.role_source is not RoleSource.CHANNEL_MAP


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_arrival_changes_nothing(name: str) -> None:
    sample = SAMPLES[name]
    expected = folded(records(name, sample))
    turns = expected.arc.customer_turns + expected.arc.agent_turns + expected.arc.bot_turns
    assert turns == len(sample.said)
    for seed in range(40):
        dice = random.Random(seed)
        bodies = sample.bodies + dice.choices(sample.bodies, k=len(sample.bodies))
        dice.shuffle(bodies)
        again = folded(records(name, sample, bodies))
        assert again == expected, seed


@pytest.mark.parametrize("name", NAMES)
def test_times_are_converted_once(name: str) -> None:
    """All samples happen within the minute after ten o'clock, whatever their vendor counts in."""
    for record in records(name, SAMPLES[name]):
        if record.event_time is not None:
            assert 0 <= to_ms(record.event_time) - 1_795_428_000_000 <= 60_000
        if isinstance(record, Fragment) and record.end_ms is not None:
            assert 0 < record.end_ms < 60_000
            assert record.start_ms is None or record.start_ms <= record.end_ms


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"email"}))
@given(data=st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_whatever_stands_in_a_field_it_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """A payload with some of its values swapped gives records, or an error that names a field."""
    sample = SAMPLES[name]
    endpoint = Endpoints().find(name)
    assert endpoint is not None
    connector = endpoint.connector
    payload = dict(_payload(connector, data.draw(st.sampled_from(sample.bodies))))
    simple = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    strange = st.one_of(
        simple, st.lists(simple, max_size=2), st.dictionaries(st.text(max_size=3), simple)
    )
    for _ in range(data.draw(st.integers(1, 3))):
        place: Any = payload
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
                place = place[key]
                continue
            place[key] = data.draw(strange)
            break
    session = endpoint.session({"conversation_id": "c", "started": "2026-11-23T10:00:00Z"})
    try:
        made = connector.records(payload, connector.remember(session, payload))
    except RecordError as error:
        assert error.reason in REASONS
        assert error.field and error.mend
    else:
        for record in made:
            with contextlib.suppress(RecordError):
                decode_record(msgspec.json.encode(record))


def test_a_broken_mail_is_read_or_refused() -> None:
    connector = registry.connector("email")
    dice = random.Random(7)
    taken = 0
    for _ in range(400):
        mail = bytearray(dice.choice(SAMPLES["email"].bodies))
        for _ in range(dice.randint(1, 6)):
            place = dice.randrange(len(mail))
            if dice.random() < 0.7:
                mail[place] = dice.randrange(256)
            else:
                del mail[place : place + dice.randint(1, 20)]
        with contextlib.suppress(RecordError):
            made = connector.records({"raw": bytes(mail)}, Session(name="email"))
            taken += len([msgspec.json.encode(record) for record in made])
    assert taken > 100


class Vendor:
    """A vendor in front of a desk, with secrets in files."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.connector, self.sample = name, registry.connector(name), SAMPLES[name]
        self.file = folder / name
        self.age_ns = 1
        setups = folder / "connectors.toml"
        setups.write_text(f'[{name}]\naudience = "{AUDIENCE}"\n')
        self.desk = Desk(folder=folder, connectors=setups)
        self.url = f"http://desk.test/v1/connect/{name}{self.sample.query}"

    def hold(self, *names: str) -> None:
        """Have these secrets be the valid ones."""
        self.file.write_text("".join(secret_of(self.connector, n) + "\n" for n in names))
        self.age_ns += 1
        os.utime(self.file, ns=(self.age_ns, self.age_ns))

    def signed(self, name: str, body: bytes, at_s: float = 0.0, nonce: int = 0) -> dict[str, str]:
        now_s = self.desk.now_ms / 1000 + at_s
        return headers(self.connector, name, self.url, body, now_s, nonce)

    def send(self, body: bytes, given: Mapping[str, str]) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with self.desk.client() as client:
                return await client.post(self.url, content=body, headers=dict(given))

        return asyncio.run(ask())


@pytest.fixture(params=NAMES)
def vendor(request: pytest.FixtureRequest, tmp_path: Path) -> Vendor:
    return Vendor(request.param, tmp_path)


def test_a_conversation_comes_in(vendor: Vendor) -> None:
    vendor.hold("one")
    for nonce, body in enumerate(vendor.sample.bodies):
        answer = vendor.send(body, vendor.signed("one", body, nonce=nonce))
        assert answer.status_code == 202, answer.text
    assert said(vendor.desk.written.records) == vendor.sample.said
    for record in vendor.desk.written.records:
        assert record.source.connector == vendor.name
        assert record.ingest_time is not None
    assert "+44" not in repr(vendor.desk.written.records)
    assert "kay@" not in repr(vendor.desk.written.records)


def test_a_missing_or_wrong_signature_is_401(vendor: Vendor) -> None:
    body = vendor.sample.bodies[1]
    assert vendor.send(body, vendor.signed("one", body)).status_code == 401  # none is configured
    vendor.hold("one")
    strange = dict.fromkeys(vendor.signed("one", body), "ä")
    for offered in ({}, vendor.signed("two", body), strange):
        encoded = {name: value.encode("utf-8") for name, value in offered.items()}
        answer = vendor.send(body, encoded)  # type: ignore[arg-type]
        assert answer.status_code == 401, offered
        assert answer.json()["reason"] == "unauthorised"
    assert vendor.desk.written.records == []


def test_a_signature_over_something_else_is_401(vendor: Vendor) -> None:
    vendor.hold("one")
    first, other = vendor.sample.bodies[:2]
    answer = vendor.send(other, vendor.signed("one", first))
    token = isinstance(vendor.connector.proof, Token | SignedToken)
    assert answer.status_code == (202 if token else 401)


def test_a_replayed_signature_is_401(vendor: Vendor) -> None:
    vendor.hold("one")
    body = vendor.sample.bodies[1]
    given = vendor.signed("one", body)
    vendor.desk.written.refuses = True
    tried = vendor.send(body, given)
    vendor.desk.written.refuses = False
    carries = bool(records(vendor.name, vendor.sample, [body]))
    assert tried.status_code == (503 if carries else 202)
    if carries:  # what Kafka did not take may come again
        assert vendor.send(body, given).status_code == 202
    again = vendor.send(body, given)
    token = isinstance(vendor.connector.proof, Token | SignedToken)
    assert again.status_code == (202 if token else 401)


def test_an_old_signature_is_401(vendor: Vendor) -> None:
    proof = vendor.connector.proof
    if not getattr(proof, "time_header", ""):
        return
    vendor.hold("one")
    body = vendor.sample.bodies[0]
    for at_s in (-301, 301):
        assert vendor.send(body, vendor.signed("one", body, at_s)).status_code == 401
    assert vendor.send(body, vendor.signed("one", body, -299)).status_code == 202


def test_a_body_too_large_is_413(vendor: Vendor) -> None:
    vendor.hold("one")
    body = b" " * (BODY_MAX + 1)
    assert vendor.send(body, vendor.signed("one", body)).status_code == 413


def test_a_malformed_one_is_422_with_the_field(vendor: Vendor) -> None:
    vendor.hold("one")
    body, field = vendor.sample.broken
    answer = vendor.send(body, vendor.signed("one", body))
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert answer.json()["mend"]


def test_rubbish_is_422_and_never_500(vendor: Vendor) -> None:
    vendor.hold("one")
    for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 9000, b'{"a": 1e999}', b"a=%ff&b"):
        answer = vendor.send(body, vendor.signed("one", body) if _text(body) else {})
        assert answer.status_code in (401, 422), (body[:20], answer.text)


def _text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_secrets_rotate(vendor: Vendor) -> None:
    body = vendor.sample.bodies[0]

    def accepted(nonce: int) -> list[bool]:
        return [
            vendor.send(body, vendor.signed(name, body, nonce=nonce)).status_code == 202
            for name in ("old", "new")
        ]

    vendor.hold("old")
    assert accepted(1) == [True, False]
    vendor.desk.forget_signatures()
    vendor.hold("new", "old")
    assert accepted(2) == [True, True]
    vendor.desk.forget_signatures()
    vendor.hold("new")
    assert accepted(3) == [False, True]


def test_an_address_that_says_nonsense_is_422(vendor: Vendor) -> None:
    vendor.hold("one")
    body = vendor.sample.bodies[0]
    for query, field in (("?roles=x:king", "roles"), ("?started=noon", "started")):
        vendor.url = f"http://desk.test/v1/connect/{vendor.name}{query}"
        answer = vendor.send(body, vendor.signed("one", body))
        assert (answer.status_code, answer.json()["field"]) == (422, field)
