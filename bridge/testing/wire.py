"""The wire between an adapter and a simulated vendor: it counts what is sent, and breaks when it is told to."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx
from starlette.types import ASGIApp

from bridge.testing.hands import Crash

Carry = Callable[[httpx.Request], Awaitable[httpx.Response]]
"""Brings a request to the vendor and its answer back."""
Fault = Callable[[httpx.Request, Carry], Awaitable[httpx.Response]]
"""What happens to a call instead."""


@dataclass(slots=True, kw_only=True)
class _Armed:
    fault: Fault
    skip: int
    times: int | None


class Wire(httpx.AsyncBaseTransport):
    """Carries calls to an app and keeps each request. `arm` says what happens to which of the next calls."""

    def __init__(self, app: ASGIApp) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self._armed: _Armed | None = None
        self.requests: list[httpx.Request] = []

    def arm(self, fault: Fault, *, at: int = 0, times: int | None = 1) -> None:
        """Have `fault` happen to the call after the next `at`, and to `times` calls; None means to all from there."""
        self._armed = _Armed(fault=fault, skip=at, times=times)

    def mend(self) -> bool:
        """Let all calls through again, and say whether the fault had its turn."""
        armed, self._armed = self._armed, None
        return armed is not None and armed.skip < 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        fault = self._due()
        return await self._carry(request) if fault is None else await fault(request, self._carry)

    async def _carry(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await response.aread()
        return response

    def _due(self) -> Fault | None:
        armed = self._armed
        if armed is None:
            return None
        if armed.skip > 0:
            armed.skip -= 1
            return None
        armed.skip = -1
        if armed.times is not None:
            if armed.times == 0:
                return None
            armed.times -= 1
        return armed.fault


def answers(status: int, body: bytes | str = b"", headers: Mapping[str, str] | None = None) -> Fault:
    """Answer so, and let the vendor hear nothing of it."""

    async def fault(request: httpx.Request, carry: Carry) -> httpx.Response:
        del carry
        content = body.encode() if isinstance(body, str) else body
        return httpx.Response(status, content=content, headers=headers, request=request)

    return fault


def does_and_answers(status: int, body: bytes | str = b"") -> Fault:
    """Let the vendor do it, and answer so nevertheless."""

    async def fault(request: httpx.Request, carry: Carry) -> httpx.Response:
        await carry(request)
        return await answers(status, body)(request, carry)

    return fault


async def loses_the_answer(request: httpx.Request, carry: Carry) -> httpx.Response:
    """Let the vendor do it, and time out."""
    await carry(request)
    raise httpx.ReadTimeout("no answer in time", request=request)


async def loses_the_request(request: httpx.Request, carry: Carry) -> httpx.Response:
    """Time out, and let the vendor hear nothing of it."""
    del carry
    raise httpx.ReadTimeout("no answer in time", request=request)


async def refuses_the_connection(request: httpx.Request, carry: Carry) -> httpx.Response:
    del carry
    raise httpx.ConnectError("no connection", request=request)


async def crashes(request: httpx.Request, carry: Carry) -> httpx.Response:
    """Let the vendor do it, and end the process before its answer is read."""
    await carry(request)
    raise Crash


class Hang:
    """Let the vendor do it, and never answer: whoever waits for `reached` cancels the call then."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()

    async def __call__(self, request: httpx.Request, carry: Carry) -> httpx.Response:
        await carry(request)
        self.reached.set()
        return await asyncio.Future[httpx.Response]()


async def echoes(request: httpx.Request, carry: Carry) -> httpx.Response:
    """Refuse it, with all that was sent in the text of the refusal."""
    del carry
    said = request.content.decode(errors="replace")
    body = {"error": {"type": "invalid", "message": said}, "message": said, "Message": said, "title": said}
    return httpx.Response(400, json=body, request=request)
