"""The AsyncAPI 3 document: every topic, what it carries under which key, and the socket for fragments.

Made from the records themselves, so that it can't say anything else than the code does.
Source: asyncapi.com/docs/reference/specification/v3.0.0; Kafka bindings 0.5.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from cxstream import events
from cxstream.desk.document import record_schemas
from cxstream.desk.intake import Answer
from cxstream.desk.stream import Frame


class Carries(NamedTuple):
    """What a topic carries: the records, what the key is, and whether others write (in) or read it (out)."""

    records: tuple[type, ...]
    key: str
    way: str


CARRIES: dict[str, Carries] = {
    "transcripts": Carries((events.Fragment, events.Control), "conversation_id", "in"),
    "customers": Carries((events.CustomerRecord,), "customer_id", "in"),
    "outcomes": Carries((events.Outcome,), "customer_id", "in"),
    "approvals": Carries((events.Approval,), "customer_id", "in"),
    "playbooks": Carries((events.PlaybookRecord, events.PlaybookRelease), "playbook", "in"),
    "signals": Carries(
        (
            events.Signal,
            events.CarryOver,
            events.CustomerRecord,  # what comes in elsewhere is put on the customer's key here
            events.Outcome,
            events.Approval,
        ),
        "customer_id or conversation_id",
        "out",
    ),
    "nudges": Carries((events.Nudge,), "agent_id", "out"),
    "actions": Carries((events.Action,), "customer_id", "out"),
    "escalations": Carries((events.Escalation,), "conversation_id", "out"),
    "passports": Carries((events.Passport,), "customer_id", "out"),
    "shadows": Carries((events.Shadow,), "customer_id", "out"),
    "ledger_events": Carries((events.LedgerEvent,), "id of the action or promise", "out"),
    "ledger": Carries((events.LedgerRow,), "id of the action or promise", "out"),
    "decisions": Carries((events.DecisionRecord,), "customer_id or conversation_id", "out"),
    "lessons": Carries((events.Lesson,), "rule", "out"),
    "learnt": Carries((events.Learnt,), "rule", "out"),
    "summaries": Carries((events.Summary,), "conversation_id", "out"),
    "dead_letters": Carries((events.DeadLetter,), "key of the record that was refused", "out"),
}
"""By a topic's role, in the order of the loop."""

_SOCKET = "fragmentSocket"
_HEADERS: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0 in binary mode, and W3C trace context; ours have them, yours may",
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "description": "the record's own id, where it has one"},
        "ce_type": {"type": "string", "description": "as `schema` in the record"},
        "ce_source": {"type": "string"},
        "content-type": {"const": "application/json"},
        "cx-sent-ms": {
            "type": "string",
            "pattern": "^[0-9]{1,15}$",
            "description": "when the transcript record that caused it was sent, epoch ms",
        },
        "traceparent": {"type": "string", "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-"},
        "tracestate": {"type": "string", "maxLength": 512},
    },
}


def asyncapi(
    topics: Mapping[str, str], *, brokers: str = "localhost:9092", desk: str = "localhost:8080"
) -> dict[str, Any]:
    """The document, for topics by their role and name on the wire."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "cxstream",
            "version": "1",
            "description": "Transcript fragments in; nudges, actions and escalations out.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {"host": brokers.split(",")[0], "protocol": "kafka"},
            "desk": {
                "host": desk,
                "protocol": "ws",
                "security": [{"$ref": "#/components/securitySchemes/bearer"}],
            },
        },
        "channels": {role: _channel(role, name) for role, name in topics.items()}
        | {_SOCKET: _socket()},
        "operations": {_verb(role) + role: _operation(role) for role in topics} | _talk(),
        "components": {
            "messages": {
                record.__name__: _message(record, carries.key)
                for carries in CARRIES.values()
                for record in carries.records
            }
            | {"Frame": _bare("Frame"), "Answer": _bare("Answer")},
            "schemas": _schemas(),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _channel(role: str, name: str) -> dict[str, Any]:
    return {
        "address": name,
        "servers": [{"$ref": "#/servers/kafka"}],
        "description": f"keyed by {CARRIES[role].key}",
        "messages": {
            record.__name__: {"$ref": f"#/components/messages/{record.__name__}"}
            for record in CARRIES[role].records
        },
        "bindings": {"kafka": {"topic": name, "bindingVersion": "0.5.0"}},
    }


def _verb(role: str) -> str:
    return "take_" if CARRIES[role].way == "in" else "publish_"


def _operation(role: str) -> dict[str, Any]:
    """What cxstream does, as AsyncAPI 3 counts: it receives what comes in."""
    return {
        "action": "receive" if CARRIES[role].way == "in" else "send",
        "channel": {"$ref": f"#/channels/{role}"},
        "messages": [
            {"$ref": f"#/channels/{role}/messages/{record.__name__}"}
            for record in CARRIES[role].records
        ],
    }


def _message(record: type, key: str) -> dict[str, Any]:
    name = record.__name__
    return _bare(name) | {
        "summary": (record.__doc__ or name).strip().splitlines()[0],
        "headers": _HEADERS,
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": key},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _bare(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }


def _socket() -> dict[str, Any]:
    return {
        "address": "/v1/fragments",
        "servers": [{"$ref": "#/servers/desk"}],
        "description": "each frame is acknowledged by its id once Kafka has the record",
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"} for name in ("Frame", "Answer")
        },
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def _talk() -> dict[str, Any]:
    channel = {"$ref": f"#/channels/{_SOCKET}"}
    return {
        "take_fragments": {
            "action": "receive",
            "channel": channel,
            "messages": [{"$ref": f"#/channels/{_SOCKET}/messages/Frame"}],
            "reply": {
                "channel": channel,
                "messages": [{"$ref": f"#/channels/{_SOCKET}/messages/Answer"}],
            },
        }
    }


def _schemas() -> dict[str, Any]:
    records = [record for carries in CARRIES.values() for record in carries.records]
    _, schemas = msgspec.json.schema_components(
        records, schema_hook=_anything, ref_template="#/components/schemas/{name}"
    )
    frame = {
        "type": "object",
        "description": Frame.__doc__,
        "required": ["id", "record"],
        "properties": {
            "id": {"type": "string"},
            "record": {
                "anyOf": [
                    {"$ref": f"#/components/schemas/{name}"} for name in ("Fragment", "Control")
                ]
            },
        },
    }
    return {**schemas, **record_schemas(), "Frame": frame, "Answer": Answer.model_json_schema()}


def _anything(kind: type) -> dict[str, Any]:
    """What the code takes as any value is any value in the schema."""
    if kind is not object:
        raise NotImplementedError
    return {"description": "any value"}
