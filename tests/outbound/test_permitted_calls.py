"""A call holds its permit from when it goes out until its answer is read, whatever happens to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import httpx
import pytest

from bridge.domain.credential import Secret
from bridge.domain.errors import BridgeError, RateLimited, Unreachable
from bridge.domain.turns import Limits
from bridge.outbound.calls import call
from bridge.outbound.client import make_client
from bridge.outbound.pacing import Pacer
from bridge.outbound.pinning import base_url
from bridge.outbound.tokens import Token, TokenAuth
from tests.outbound.timers import SetTimer, settled

pytestmark = pytest.mark.anyio
HOST = base_url("https://api.example.test", key="x")


class Body(httpx.AsyncByteStream):
    """A body that comes when it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"["
        await self.go.wait()
        yield b"]"


class Vendor(httpx.AsyncBaseTransport):
    def __init__(self, *answers: httpx.Response | Exception | Callable[[], httpx.Response]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        del request
        self.asked += 1
        await asyncio.sleep(0)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer()


def client(vendor: Vendor, permits: Pacer, seconds: float | None = None) -> httpx.AsyncClient:
    made = make_client(HOST, permits=permits, transport=vendor)
    if seconds is not None:
        made.timeout = httpx.Timeout(seconds)
    return made


def one_slot(patience: float = 30.0) -> Pacer:
    return Pacer("seam:site1", Limits(concurrent=1), patience=patience)


async def test_a_call_is_under_way_until_its_body_is_read() -> None:
    body, pacer = Body(), one_slot()
    async with client(Vendor(httpx.Response(200, stream=body)), pacer) as api:
        task = asyncio.create_task(call(api, "GET", "things"))
        await settled()
        assert pacer.running == 1
        body.go.set()
        assert (await task).body == []
    assert pacer.running == 0


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={}),
        httpx.Response(500),
        httpx.Response(429),
        httpx.Response(302, headers={"location": "https://evil.test"}),
        httpx.ReadTimeout("late"),
        httpx.ConnectError("gone"),
        RuntimeError("a defect"),
    ],
    ids=["200", "500", "429", "302", "timeout", "no connection", "defect"],
)
async def test_no_end_of_a_call_leaves_its_permit_taken(answer: httpx.Response | Exception) -> None:
    pacer = one_slot()
    async with client(Vendor(answer), pacer) as api:
        with suppress(BridgeError, RuntimeError):
            await call(api, "PUT", "things")
    assert (pacer.running, pacer.needs) == (0, 0)


@pytest.mark.parametrize("turns", range(12))
async def test_a_cancellation_at_any_moment_leaves_no_permit_taken(turns: int) -> None:
    body, pacer = Body(), one_slot()
    async with client(Vendor(httpx.Response(200, stream=body), httpx.Response(200, json={})), pacer) as api:
        tasks = [asyncio.create_task(call(api, "PUT", "things")) for _ in range(2)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert (pacer.running, pacer.needs) == (0, 0)


async def test_waiting_for_leave_is_not_the_vendors_time() -> None:
    pacer = one_slot()
    busy = await pacer.take()
    async with client(Vendor(httpx.Response(200, json={})), pacer, seconds=0.05) as api:
        task = asyncio.create_task(call(api, "PUT", "things"))
        await asyncio.sleep(0.2)  # twice what the vendor has for its answer
        assert not task.done()
        busy.give_back()
        assert (await task).status == 200


async def test_the_vendors_time_goes_on_after_the_waiting() -> None:
    pacer = one_slot()
    busy = await pacer.take()
    async with client(Vendor(httpx.Response(200, stream=Body())), pacer, seconds=0.05) as api:
        task = asyncio.create_task(call(api, "GET", "things", is_read=False))
        await asyncio.sleep(0.15)
        busy.give_back()
        with pytest.raises(BridgeError, match="TimeoutError"):
            await asyncio.wait_for(task, 1)
    assert pacer.running == 0


async def test_who_waits_for_too_long_has_called_nobody() -> None:
    vendor, pacer = Vendor(), one_slot(patience=0.05)
    busy = await pacer.take()
    async with client(vendor, pacer) as api:
        with pytest.raises(RateLimited):
            await call(api, "PUT", "things")
    assert vendor.asked == 0
    busy.give_back()


@pytest.mark.parametrize(
    ("header", "rests"), [("7", 7.0), ("Wed, 04 Mar 2126 12:01:00 GMT", 3600.0), (None, 1.0), ("soon", 1.0)]
)
async def test_a_429_is_heard_by_the_whole_account(header: str | None, rests: float) -> None:
    timer = SetTimer()
    pacer = Pacer("seam:site1", Limits(concurrent=4), timer=timer, patience=0)
    headers = {} if header is None else {"Retry-After": header}
    vendor = Vendor(httpx.Response(429, headers=headers), httpx.Response(200, json={}))
    async with client(vendor, pacer) as api, client(vendor, pacer) as other:
        with pytest.raises(RateLimited):
            await call(api, "PUT", "things")
        with pytest.raises(RateLimited) as told:
            await call(other, "PUT", "things")
        assert (vendor.asked, told.value.retry_after) == (1, rests)
        await timer.advance(rests)
        assert (await call(other, "PUT", "things")).status == 200


async def test_a_token_that_is_refused_is_replaced_through_the_accounts_only_slot() -> None:
    pacer = one_slot(patience=1)
    vendor = Vendor(*(lambda status=status: httpx.Response(status, stream=_Text()) for status in (200, 401, 200, 200)))
    async with client(vendor, pacer) as api, client(vendor, pacer) as sign_in:

        async def ask() -> Token:
            await call(sign_in, "POST", "token", is_read=True)
            return Token(value=Secret("t"), seconds=600)

        api.auth = TokenAuth(ask)
        assert (await call(api, "GET", "things")).status == 200
    assert (vendor.asked, pacer.running) == (4, 0)


async def test_waiting_for_a_token_is_not_the_time_of_calls_that_have_not_gone_out() -> None:
    timer = SetTimer()
    pacer = Pacer("seam:site1", Limits(concurrent=4), timer=timer)
    vendor = Vendor(*(lambda: httpx.Response(200, stream=_Text()) for _ in range(4)))
    async with client(vendor, pacer, seconds=0.05) as api, client(vendor, pacer, seconds=0.05) as sign_in:

        async def ask() -> Token:
            await call(sign_in, "POST", "token", is_read=True)
            return Token(value=Secret("t"), seconds=600)

        api.auth = TokenAuth(ask)
        (await pacer.take()).too_many(10)
        calls = [asyncio.create_task(call(api, "PUT", "things")) for _ in range(3)]
        await asyncio.sleep(0.2)
        assert not any(one.done() for one in calls)
        for _ in range(20):
            await timer.advance(1)
        assert [one.done() and one.result().status for one in calls] == [200, 200, 200]


class _Text(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"{}"


async def test_a_read_that_failed_once_waits_for_leave_again() -> None:
    pacer = one_slot()
    async with client(Vendor(httpx.Response(502), httpx.Response(502)), pacer) as api:
        with pytest.raises(Unreachable):
            await call(api, "GET", "things")
    assert pacer.running == 0
