"""What AWS wraps round an event on its way to HTTP: EventBridge, a Lambda's Kinesis batch, a Firehose
batch.

Inside may be one event or several; each is given with the time at which Kinesis had it, where that is
known, which stays the same when it is delivered again. Source: docs.aws.amazon.com, "HTTP endpoint delivery
request and response" (Firehose), "Using Lambda with Kinesis".
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct

from cxstream.connectors.proof import Token
from cxstream.connectors.session import Payload
from cxstream.connectors.shaped import json_body, lasting_ms, shaped
from cxstream.errors import RecordError

AWS_TOKEN = Token(headers=("x-amz-firehose-access-key", "x-api-key"))
"""Firehose and API destinations send a key of your choice."""

_Data = Annotated[str, Meta(min_length=1)]


class _Kinesis(Struct, frozen=True, rename="camel"):
    data: _Data
    approximate_arrival_timestamp: float | None = None


class _LambdaRecord(Struct, frozen=True):
    kinesis: _Kinesis


class _FirehoseRecord(Struct, frozen=True):
    data: _Data


class _Lambda(Struct, frozen=True, rename="pascal"):
    records: list[_LambdaRecord]


class _Firehose(Struct, frozen=True):
    records: list[_FirehoseRecord]
    timestamp: int | None = None


def unwrapped(payload: Payload) -> Iterator[tuple[Payload, int | None]]:
    """Each event inside with its time of arrival in Kinesis (epoch ms), if that is told."""
    if "Records" in payload:
        for number, record in enumerate(shaped(payload, _Lambda).records):
            at_s = record.kinesis.approximate_arrival_timestamp
            event = _decoded(record.kinesis.data, f"$.Records[{number}].kinesis.data")
            yield event, None if at_s is None else lasting_ms(at_s)
    elif "records" in payload and "requestId" in payload:
        batch = shaped(payload, _Firehose)
        for number, one in enumerate(batch.records):
            yield _decoded(one.data, f"$.records[{number}].data"), batch.timestamp
    elif "detail-type" in payload and isinstance(payload.get("detail"), dict):
        yield payload["detail"], None
    else:
        yield payload, None


def _decoded(data: str, at: str) -> Payload:
    try:
        return json_body(base64.b64decode(data, validate=True))
    except (ValueError, RecordError):
        mend = "send one JSON object in base64"
        raise RecordError("bad_value", field=at, mend=mend) from None


def firehose_reply(payload: Payload) -> Payload | None:
    """Firehose takes a batch as delivered only when its id comes back."""
    if "requestId" not in payload or "records" not in payload:
        return None
    return {"requestId": payload["requestId"], "timestamp": payload.get("timestamp", 0)}
