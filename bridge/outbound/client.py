"""Making a client."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

from bridge import __version__
from bridge.outbound.pinning import PinnedTransport

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
    """Lets a bounded number of calls to an account run at once, and reports how each ended."""

    def __init__(self, inner: httpx.AsyncBaseTransport, concurrency: int, on_call: OnCall | None) -> None:
        self._inner = inner
        self._slots = asyncio.Semaphore(concurrency)
        self._on_call = on_call

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async with self._slots:
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


def make_client(
    url: httpx.URL,
    *,
    on_call: OnCall | None = None,
    concurrency: int = CONCURRENCY,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """Return a client for the account at `url` (see `pinning.base_url`); the caller closes it.

    Redirects are not followed and the environment's proxies and .netrc play no part. `transport` replaces the network
    in tests.
    """
    inner = transport or httpx.AsyncHTTPTransport(
        limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency, keepalive_expiry=30.0)
    )
    return httpx.AsyncClient(
        base_url=url,
        transport=PinnedTransport(url, PacedTransport(inner, concurrency, on_call)),
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": f"gatebridge/{__version__}", "Accept": "application/json"},
    )
