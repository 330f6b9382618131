"""Calls over HTTP: patient with what passes, short with what does not, no storm on a system that is down.

    httpx            one connection pool, no redirects (a signed body goes where it was meant to go)
    stamina          what may pass (no connection, no answer in time, 408, 425, 429, 5xx) is tried again with
                     growing, jittered waits; where the answer says `Retry-After`, after that
    circuitbreaker   one for each service: after some failures in a row it is left alone for a while

A call says in which trace it happens (W3C `traceparent`), where there is one.
Only `bootstrap` imports this file. Addresses, bodies and secrets are in no message and no metric.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from types import TracebackType

import httpx
import stamina
from circuitbreaker import CircuitBreaker, CircuitBreakerError

from cxstream.errors import DeliveryError
from cxstream.events.trace import CURRENT
from cxstream.execute.transport import Answer, Call, CallObserver, Patience

_PASSING = frozenset((408, 425, 429, *range(500, 600)))
_RETRY_AFTER_MAX_S = 300.0
_UNSENDABLE = re.compile("[\x00-\x1f\x7f]")
ANSWER_MAX = 1024 * 1024
"""Bytes of an answer that is read; one to an action has a few hundred."""


class _Passing(DeliveryError):
    """What may go well at the next try; `after_s` is when the other side wants to be asked again."""

    after_s: float | None = None


class HttpTransport:
    """Implements `Transport`. Use it as an async context manager; one serves a whole process.

    `failures` in a row open a service's breaker for `rest_s`; the first call after that tries it out.
    """

    def __init__(
        self,
        observer: CallObserver,
        *,
        failures: int = 5,
        rest_s: float = 10.0,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._client = httpx.AsyncClient(follow_redirects=False)
        self._observer = observer
        self._failures = failures
        self._rest_s = rest_s
        self._now_ms = now_ms
        self._breakers: dict[str, CircuitBreaker] = {}

    async def __aenter__(self) -> HttpTransport:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def send(self, call: Call, patience: Patience) -> Answer:
        """The answer of a success. Raises `DeliveryError`."""
        breaker = self._breaker(call.service)
        tries = 0
        sure = True
        try:
            async for attempt in stamina.retry_context(
                on=_wait,
                attempts=patience.tries,
                timeout=patience.within_s,
                wait_initial=patience.first_wait_s,
                wait_max=patience.longest_wait_s,
                wait_jitter=patience.first_wait_s,
            ):
                with attempt:
                    self._rested(call.service, breaker)
                    tries += 1
                    try:
                        status, body = await breaker.call_async(self._try, call)
                    except DeliveryError as error:
                        sure = sure and error.sure
                        raise
                    finally:
                        self._observer.rests(call.service, breaker.opened)
                    return Answer(status, body, tries)
        except DeliveryError as error:
            raise DeliveryError(
                error.reason, str(error), sure=sure, status=error.status, tries=tries
            ) from error
        raise AssertionError("a retry context ends with an answer or an error")

    def _breaker(self, service: str) -> CircuitBreaker:
        if service not in self._breakers:
            self._breakers[service] = CircuitBreaker(
                self._failures, self._rest_s, expected_exception=_Passing, name=service
            )
        return self._breakers[service]

    def _rested(self, service: str, breaker: CircuitBreaker) -> None:
        if not breaker.opened:
            return
        self._observer.rests(service, True)
        resting = _Passing("resting", f"{service} has failed often and is left alone", sure=True)
        resting.after_s = min(self._rest_s, max(0.01, float(breaker.open_remaining)))
        raise resting from CircuitBreakerError(breaker)

    async def _try(self, call: Call) -> tuple[int, bytes]:
        began = time.perf_counter()
        outcome = "ok"
        try:
            return await self._once(call)
        except DeliveryError as error:
            outcome = error.reason
            raise
        finally:
            self._observer.called(call.service, outcome, time.perf_counter() - began)

    async def _asked(
        self, call: Call, headers: Mapping[bytes, bytes]
    ) -> tuple[httpx.Response, bytes]:
        """The answer and its body; of one that is too long nothing, since nobody can say what it means."""
        async with (
            asyncio.timeout(2 * call.timeout_s),  # the client's own counts from byte to byte
            self._client.stream(
                call.method,
                call.url,
                content=call.body or None,
                headers=headers,
                timeout=call.timeout_s,
            ) as answer,
        ):
            heard = b""
            async for part in answer.aiter_bytes():
                heard += part
                if len(heard) > ANSWER_MAX:
                    return answer, b""
            return answer, heard

    async def _once(self, call: Call) -> tuple[int, bytes]:
        signed = call.signer.headers(call.body, self._now_ms()) if call.signer else {}
        headers = _on_the_wire(call.service, {**_trace(), **call.headers, **signed})
        try:
            answer, body = await self._asked(call, headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            said = f"{call.service} cannot be reached"
            raise _Passing("unreachable", said, sure=True) from error
        except (httpx.TimeoutException, TimeoutError) as error:
            said = f"{call.service} did not answer within {call.timeout_s:g} s"
            raise _Passing("no_answer", said, sure=False) from error
        except httpx.TransportError as error:
            said = f"{call.service} broke the connection off"
            raise _Passing("broken_off", said, sure=False) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            said = f"{call.service}: the address is none"
            raise DeliveryError("bad_address", said, sure=True) from error
        if answer.is_success:
            return answer.status_code, body
        said = f"{call.service} answered {answer.status_code}"
        if answer.status_code not in _PASSING:
            raise DeliveryError("refused", said, sure=True, status=answer.status_code)
        passing = _Passing("unavailable", said, sure=False, status=answer.status_code)
        passing.after_s = _retry_after_s(answer)
        raise passing


def _trace() -> dict[str, str]:
    trace = CURRENT.get()
    return {} if trace is None else dict(trace.headers())


def _on_the_wire(service: str, headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """Headers in UTF-8: ids of customers may stand in them. Raises `DeliveryError` for what none can hold."""
    for name, value in headers.items():
        if not value.isprintable() and _UNSENDABLE.search(value):
            raise DeliveryError("wrong_value", f"{service}: {name} cannot be sent", sure=True)
    return {n.encode("ascii", "replace"): v.encode("utf-8", "replace") for n, v in headers.items()}


def _wait(error: Exception) -> bool | float:
    """Whether to try again, and when: after the usual wait, or when the other side says."""
    if not isinstance(error, _Passing):
        return False
    return True if error.after_s is None else error.after_s


def _retry_after_s(answer: httpx.Response) -> float | None:
    """Seconds of `Retry-After`; its date form is rare, and taken as not given."""
    said = answer.headers.get("retry-after", "")
    return min(float(said), _RETRY_AFTER_MAX_S) if said.isdecimal() else None
