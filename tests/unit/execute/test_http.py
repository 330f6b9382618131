"""Calls over HTTP: what is tried again, what is not, and a system that is down is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest
from back_office import BROKEN_OFF, SILENT, BackOffice, back_office

from cxstream.errors import DeliveryError
from cxstream.execute.http import HttpTransport
from cxstream.execute.transport import Answer, Call, Patience

QUICK = Patience(tries=5, within_s=20.0, first_wait_s=0.001, longest_wait_s=0.002)


class Counted:
    """What a metric would have seen."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.resting: list[bool] = []

    def called(self, service: str, outcome: str, seconds: float) -> None:
        self.calls.append((service, outcome))

    def rests(self, service: str, resting: bool) -> None:
        self.resting.append(resting)


def call(office: BackOffice, timeout_s: float = 5.0) -> Call:
    return Call("crm", "POST", f"{office.url}/refunds", {"x": "1"}, b'{"a":1}', timeout_s)


def tell(story: Callable[[HttpTransport, Counted], Coroutine[None, None, None]]) -> None:
    async def run() -> None:
        counted = Counted()
        async with HttpTransport(counted, failures=3, rest_s=0.02) as transport:
            await story(transport, counted)

    asyncio.run(asyncio.wait_for(run(), 30))


def test_what_may_pass_is_tried_again() -> None:
    async def story(transport: HttpTransport, counted: Counted) -> None:
        async with back_office(503, BROKEN_OFF, 201, body=b'{"id":7}') as office:
            answer = await transport.send(call(office), QUICK)
            assert answer == Answer(201, b'{"id":7}', tries=3)
            assert [o for _, o in counted.calls] == ["unavailable", "broken_off", "ok"]
            assert {said.body for said in office.asked} == {b'{"a":1}'}

    tell(story)


@pytest.mark.parametrize("status", [400, 404, 409, 422, 301])
def test_a_refusal_is_final_and_sure(status: int) -> None:
    async def story(transport: HttpTransport, counted: Counted) -> None:
        async with back_office(status, 201, headers={"location": "/elsewhere"}) as office:
            with pytest.raises(DeliveryError) as caught:
                await transport.send(call(office), QUICK)
            assert (caught.value.reason, caught.value.status) == ("refused", status)
            assert caught.value.sure and caught.value.tries == len(office.asked) == 1

    tell(story)


def test_what_was_perhaps_done_is_not_sure() -> None:
    async def story(transport: HttpTransport, counted: Counted) -> None:
        async with back_office(SILENT, 404) as office:
            with pytest.raises(DeliveryError) as caught:
                await transport.send(call(office, timeout_s=0.05), QUICK)
            assert caught.value.reason == "refused" and not caught.value.sure
            assert counted.calls[0] == ("crm", "no_answer")

    tell(story)


def test_a_system_that_is_down_is_left_alone_and_then_asked_again() -> None:
    async def story(transport: HttpTransport, counted: Counted) -> None:
        async with back_office(500, 500, 500, 200) as office:
            patience = Patience(tries=None, within_s=20.0, first_wait_s=0.001, longest_wait_s=0.002)
            answer = await transport.send(call(office), patience)
            assert answer.tries == len(office.asked) == 4, "nobody knocked while it rested"
            assert True in counted.resting and counted.resting[-1] is False

    tell(story)


def test_patience_ends() -> None:
    async def story(transport: HttpTransport, counted: Counted) -> None:
        async with back_office(*[503] * 2) as office:
            brief = Patience(tries=2, within_s=20.0, first_wait_s=0.001)
            with pytest.raises(DeliveryError) as caught:
                await transport.send(call(office), brief)
            assert (caught.value.reason, caught.value.tries) == ("unavailable", 2)

    tell(story)


def test_an_address_that_nobody_listens_at_is_sure() -> None:
    async def story(transport: HttpTransport, counted: Counted) -> None:
        async with back_office() as office:
            gone = call(office)
        with pytest.raises(DeliveryError) as caught:
            await transport.send(gone, Patience(tries=2, first_wait_s=0.001))
        assert caught.value.reason == "unreachable" and caught.value.sure
        assert "127.0.0.1" not in str(caught.value), "addresses stay out of messages"

    tell(story)


def test_retry_after_is_heard() -> None:
    from cxstream.execute.http import _wait

    async def story(transport: HttpTransport, counted: Counted) -> None:
        async with back_office(429, 200, headers={"retry-after": "0"}) as office:
            answer = await transport.send(
                call(office), Patience(tries=2, first_wait_s=600, longest_wait_s=600)
            )
            assert answer.tries == 2, "after no seconds, not after ten minutes"

    tell(story)
    assert _wait(ValueError()) is False
