"""State as bytes and back, with the version of its schema in front.

State is MessagePack behind one version byte; a carry-over travels as JSON inside its record. A state that a
newer program wrote is refused, not guessed at.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from cxstream.context.conversation import Conversation
from cxstream.context.customer import Customer
from cxstream.errors import UNREADABLE, NewerRecord, RecordError

VERSION: Final = 1

S = TypeVar("S", Conversation, Customer)

_encoder = msgspec.msgpack.Encoder()
_conversations = msgspec.msgpack.Decoder(Conversation)
_customers = msgspec.msgpack.Decoder(Customer)


def dump(state: Conversation | Customer) -> bytes:
    """The bytes of a state, as the table and its changelog keep them."""
    return bytes((VERSION,)) + _encoder.encode(state)


def load_conversation(data: bytes) -> Conversation:
    """A conversation from its bytes. Raises `RecordError` when they are damaged or newer."""
    return _load(data, _conversations)


def load_customer(data: bytes) -> Customer:
    """A customer from its bytes. Raises `RecordError` when they are damaged or newer."""
    return _load(data, _customers)


def customer_to_json(customer: Customer) -> str:
    """A customer as it travels inside a carry-over."""
    return msgspec.json.encode(customer).decode()


def customer_from_json(text: str) -> Customer:
    """A customer out of a carry-over. Raises `RecordError` when it is damaged."""
    try:
        return msgspec.json.decode(text, type=Customer)
    except UNREADABLE as error:
        raise _damaged() from error


def _load(data: bytes, decoder: msgspec.msgpack.Decoder[S]) -> S:
    version = data[0] if data else 0
    if version > VERSION:
        raise NewerRecord(
            "newer_state",
            field="state",
            mend=f"written in version {version} of the schema; upgrade cxstream first",
        )
    if version < VERSION:
        raise _damaged()
    try:
        return decoder.decode(memoryview(data)[1:])
    except UNREADABLE as error:
        raise _damaged() from error


def _damaged() -> RecordError:
    return RecordError("bad_state", field="state", mend="damaged; restore it from its changelog")
