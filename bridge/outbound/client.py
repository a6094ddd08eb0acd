"""Making a client."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from bridge import __version__
from bridge.outbound.answer_time import paused
from bridge.outbound.calls import retry_after
from bridge.outbound.pinning import PinnedTransport
from bridge.outbound.together import Unpaced
from bridge.ports.permits import Permit, Permits

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
CONCURRENCY: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call that ended: `status` is the HTTP status, or None when no answer came. For metrics; no path, no ids."""

    host: str
    method: str
    status: int | None
    seconds: float


OnCall = Callable[[CallRecord], None]


class PacedTransport(httpx.AsyncBaseTransport):
    """Lets a call out when its account permits, until its answer is read, and reports how each ended."""

    def __init__(self, inner: httpx.AsyncBaseTransport, permits: Permits, on_call: OnCall | None) -> None:
        self._inner = inner
        self._permits = permits
        self._on_call = on_call

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with paused():
            permit = await self._permits.take()
        try:
            response = await self._send(request)
            if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
                permit.too_many(retry_after(response.headers.get("retry-after"), datetime.now(UTC)))
        except BaseException:
            permit.give_back()
            raise
        if response.is_closed or not isinstance(response.stream, httpx.AsyncByteStream):
            permit.give_back()
        else:
            response.stream = _Permitted(response.stream, permit)
        return response

    async def _send(self, request: httpx.Request) -> httpx.Response:
        began, status = time.perf_counter(), None
        try:
            response = await self._inner.handle_async_request(request)
            status = response.status_code
            return response
        finally:
            if self._on_call is not None:
                took = time.perf_counter() - began
                self._on_call(CallRecord(host=request.url.host, method=request.method, status=status, seconds=took))

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Permitted(httpx.AsyncByteStream):
    """An answer's body: the call that it belongs to ends when it is closed."""

    def __init__(self, body: httpx.AsyncByteStream, permit: Permit) -> None:
        self._body = body
        self._permit = permit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            yield chunk

    async def aclose(self) -> None:
        try:
            await self._body.aclose()
        finally:
            self._permit.give_back()


def make_client(
    url: httpx.URL,
    *,
    on_call: OnCall | None = None,
    permits: Permits | None = None,
    concurrency: int = CONCURRENCY,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """Return a client for the account at `url` (see `pinning.base_url`); the caller closes it.

    `permits` are the account's, and `concurrency` is what they allow at most; without any, nobody paces its calls: for
    tests, and for trying an adapter out. Redirects are not followed and the environment's proxies and .netrc play no
    part. `transport` replaces the network in tests.
    """
    inner = transport or httpx.AsyncHTTPTransport(
        limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency, keepalive_expiry=30.0)
    )
    return httpx.AsyncClient(
        base_url=url,
        transport=PinnedTransport(url, PacedTransport(inner, permits or Unpaced(), on_call)),
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": f"gatebridge/{__version__}", "Accept": "application/json"},
    )
