"""What a connector is: one vendor's proof, and the meaning of its payloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from msgspec.structs import replace

from cxstream.connectors.proof import Proof
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import parts
from cxstream.errors import RecordError
from cxstream.events import Fragment, Transcript
from cxstream.listen.decode import MAX_TEXT

SUPPORTED = "supported"
EXPERIMENTAL = "experimental, from documentation"


def _as_it_is(session: Session, _: Payload) -> Session:
    return session


def _no_reply(_: Payload) -> Payload | None:
    return None


class Connector(NamedTuple):
    """One vendor: how its deliveries prove themselves, and what its payloads mean.

    `read` gives the records of one payload, and raises `RecordError` naming the field that is missing or
    wrong; payloads without anything for us give none. `remember` learns from a payload what later ones on
    the same connection leave out. `reply` is what the vendor wants to be answered, where it is
    particular. `status` is `EXPERIMENTAL` until somebody with an account has seen it
    work.
    """

    vendor: str
    title: str
    read: Callable[[Payload, Session], Iterable[Transcript]]
    proof: Proof
    body: Literal["json", "form", "mime"] = "json"
    remember: Callable[[Session, Payload], Session] = _as_it_is
    reply: Callable[[Payload], Payload | None] = _no_reply
    status: str = EXPERIMENTAL
    needs: str = ""
    """What the address has to say beside the payload, for the table in the documentation."""

    def records(self, payload: Payload, session: Session) -> list[Transcript]:
        """The records of one payload, complete; what is too long for one goes into several.

        Raises `RecordError`.
        """
        try:
            return [
                session.complete(piece)
                for record in self.read(payload, session)
                for piece in _pieces(record)
            ]
        except (OverflowError, ValueError, RecursionError):  # the year 900000, a length of NaN
            mend = "a number or a time in it lies outside of what can be, or it is nested too deep"
            raise RecordError("bad_value", field="$", mend=mend) from None


def _pieces(record: Transcript) -> Iterator[Transcript]:
    if not isinstance(record, Fragment) or len(record.text) <= MAX_TEXT:
        yield record
        return
    for number, text in enumerate(parts(record.text, MAX_TEXT)):
        piece_id = f"{record.fragment_id}/{number}" if number else record.fragment_id
        yield replace(record, fragment_id=piece_id, text=text)
