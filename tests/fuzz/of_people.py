"""What people write: playbooks, stories, settings, configurations."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import yaml
from decoder import SECRET, Decoder, of_bytes, of_file, of_text
from examples import sample_of

from cxstream import events
from cxstream.bootstrap.learning import read_beliefs
from cxstream.decide.asking import ask
from cxstream.decide.load import load_playbook
from cxstream.decide.playbook import Playbook
from cxstream.demo.story import load_story
from cxstream.desk.endpoints import Endpoints
from cxstream.desk.secrets import Secrets
from cxstream.desk.webhooks import load_endpoints
from cxstream.errors import CxError
from cxstream.execute.configuration import load_plans
from cxstream.execute.openapi import operations
from cxstream.execute.written import read_yaml
from cxstream.lessons import evaluation
from cxstream.settings import Settings
from cxstream.understand import lines
from cxstream.understand.lexicon import LexiconScorer

_BOOK = b"""\
playbook: small
version: 1
rules:
  - id: refund
    title: A refund
    on: [customer_utterance]
    intents: [refund_request]
    probability: 0.6
    phrases: {wants: ['\\brefund\\b']}
    when: utterance.probability > 0.5
    because: 'The customer {heard}.'
    priority: 50
    nudge: {title: Open it, say: I will open the refund now.}
"""
_WEBHOOKS = (
    b"webhooks:\n  - {name: crm, url: 'https://crm.test/h', secret: crm, records: [nudges]}\n"
)
_OFFICE = b"""\
services:
  crm: {url: 'https://crm.test', auth: {bearer: crm}, openapi: api.yaml, tries: 3}
actions:
  refund: {calls: [{service: crm, request: POST /refunds, body: {who: '{customer_id}'}}], within_s: 60}
"""
_API = b"""\
openapi: 3.0.0
paths:
  /refunds/{id}:
    post:
      operationId: refund
      parameters: [{name: id, in: path, required: true}]
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/R'}}}}
components: {schemas: {R: {properties: {who: {type: string}}, required: [who]}}}
"""
_ENDPOINTS = b'[twilio]\ntenant = "acme"\nroles = {inbound_track = "customer"}\n'


_STORY = b"""\
title: A refund
trade: shop
shows: how little a story needs
start: 2026-11-20T09:14:00Z
conversations:
  - id: chat
    channel: chat
    customer: c-1
    agent: a-1
    lines:
      - {customer: hello there, at: 3, label: asks}
      - {agent: good morning}
expect: []
"""


def _as_json(text: bytes) -> tuple[bytes, ...]:
    """The same as JSON, which YAML holds too: so values can be changed one by one."""
    return text, json.dumps(yaml.safe_load(text)).encode()


def _settings(value: bytes) -> Settings:
    """Every setting of the environment with this value, one at a time, and all at once."""
    said = value.decode("utf-8", "replace").replace("\x00", "")[:4_000]
    names = [n for n in Settings.model_fields if n not in ("secrets_dir",)]
    chosen = names[len(value) % len(names)]
    return Settings.model_validate({**Settings().model_dump(), chosen: said})


def _office(path: Path) -> object:
    (path.parent / "api.yaml").write_bytes(_API)
    return load_plans(path, secret_of=lambda name: (SECRET,), environ={})


@cache
def _small() -> Playbook:
    return load_playbook(_BOOK.decode(), "small")


def _told(value: bytes, folder: Path) -> object:
    said = value.decode("utf-8", "replace")[:2_000]
    return ask(
        _small(),
        on="customer_utterance",
        text="hello",
        intent="out_of_scope",
        probability=0.5,
        facts=[f"customer.attributes.segment={said}"],
        consents=[],
        channel="voice",
        agent=False,
    )


def _secrets(path: Path) -> object:
    return Secrets(path.parent, environ={}).valid(path.name)


def of_people() -> list[Decoder]:
    import pydantic

    learnt, decision = sample_of(events.Learnt), sample_of(events.DecisionRecord)
    return [
        Decoder(
            "playbook",
            ("decide.located", "decide.examples", "plain_yaml"),
            of_text(lambda text: load_playbook(text, "a playbook")),
            _as_json(_BOOK),
        ),
        Decoder("fact", ("decide.asking",), _told, (b"gold", b"3")),
        Decoder("story", ("demo.places", "demo.story"), of_text(load_story), (_STORY,)),
        Decoder(
            "settings",
            ("settings",),
            of_bytes(_settings),
            (b"1", b"on", b"127.0.0.1:9092"),
            (pydantic.ValidationError,),
        ),
        Decoder("secrets", ("desk.secrets",), of_file(_secrets, "crm"), (b"one\ntwo\n",)),
        Decoder(
            "webhooks file",
            ("desk.webhooks",),
            of_file(lambda p: load_endpoints(p, lambda _: ("whsec_Y2hlY2s=",)), "w.yaml"),
            _as_json(_WEBHOOKS),
        ),
        Decoder(
            "back office",
            ("execute.configuration", "execute.written"),
            of_file(_office, "office.yaml"),
            _as_json(_OFFICE),
        ),
        Decoder(
            "API description", ("execute.openapi",), of_file(_described, "api.yaml"), _as_json(_API)
        ),
        Decoder(
            "connectors file",
            ("desk.endpoints",),
            of_file(Endpoints, "connectors.toml"),
            (_ENDPOINTS,),
        ),
        Decoder(
            "beliefs file",
            ("bootstrap.learning",),
            of_file(read_beliefs, "beliefs.jsonl"),
            (learnt,),
        ),
        Decoder(
            "decisions file",
            ("lessons.evaluation",),
            of_file(lambda p: evaluation._read(p, events.DecisionRecord), "d.jsonl"),
            (decision,),
        ),
        Decoder(
            "texts to score",
            ("understand.lines",),
            of_text(_scored),
            (b'{"text": "hello"}', b"hello"),
        ),
    ]


def _described(path: Path) -> object:
    try:
        return operations(read_yaml(path, aliases=True))
    except (
        ValueError
    ) as error:  # what it says of a description that is none; the configuration tells it on
        raise CxError(str(error)) from error


def _scored(text: str) -> object:
    return list(lines.score_lines([[(1, text)]], LexiconScorer()))
