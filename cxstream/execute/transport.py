"""What a call to another system is, and who makes it: the one door through which effects leave.

The stage knows no HTTP client: `http.HttpTransport` is the real one, `RecordedTransport` the one for tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from cxstream.errors import DeliveryError


class Signer(Protocol):
    """Who proves to the other side that a message is ours."""

    def headers(self, body: bytes, at_ms: int) -> Mapping[str, str]:
        """Headers for this body at this moment (UTC epoch milliseconds); made anew for each try."""


class Patience(Struct, frozen=True):
    """How long to go on trying: so many tries within so many seconds, with growing waits between them.

    `tries` None leaves it to the time alone.
    """

    tries: int | None = 8
    within_s: float = 60.0
    first_wait_s: float = 0.2
    longest_wait_s: float = 10.0


class Call(Struct, frozen=True):
    """One request to another system. `service` names it in metrics and errors, and whose breaker counts."""

    service: str
    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""
    timeout_s: float = 10.0
    signer: Signer | None = None


class Answer(Struct, frozen=True):
    """What the other system said, always a success (2xx), and how many tries it took."""

    status: int
    body: bytes = b""
    tries: int = 1


class Transport(Protocol):
    """Makes calls: tries again what may pass, and lets a system rest that does not answer."""

    async def send(self, call: Call, patience: Patience) -> Answer:
        """The answer of a success. Raises `DeliveryError` for a refusal, and when patience ends."""


class CallObserver(Protocol):
    """Who counts calls; implemented by `observe`."""

    def called(self, service: str, outcome: str, seconds: float) -> None:
        """One try ended: `ok`, or the reason of its failure (see `DeliveryError`)."""

    def rests(self, service: str, resting: bool) -> None:
        """A system is left alone for a while, or is asked again."""


class RecordedTransport:
    """Answers as `answer` says and keeps the calls in order; raise a `DeliveryError` there to refuse."""

    def __init__(self, answer: Callable[[Call], Answer | DeliveryError]) -> None:
        self.calls: list[Call] = []
        self._answer = answer

    async def send(self, call: Call, patience: Patience) -> Answer:
        """Keep the call, give the answer."""
        self.calls.append(call)
        answer = self._answer(call)
        if isinstance(answer, DeliveryError):
            raise answer
        return answer
