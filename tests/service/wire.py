"""What lies between the bridge and the two simulators: it counts, holds and spoils calls."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

Spoil = Callable[[httpx.Request, Any], Any]
"""Gets a call and the JSON that was answered to it; returns the JSON that arrives."""


class Wire(httpx.AsyncBaseTransport):
    """Carries calls to an app."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self._open = asyncio.Event()
        self._open.set()
        self._held_method: str | None = None
        self.running = 0
        """Calls that have no answer yet."""
        self.requests: list[httpx.Request] = []
        self.most_at_once = 0
        self.held = asyncio.Event()
        """Set as soon as one answer is held."""
        self.spoil: Spoil | None = None
        self.stall_writes = 0
        """So many of the next writes get no answer in time, and come through only with `let_through`."""
        self._stalled: list[tuple[httpx.Request, bytes]] = []

    def hold_answers(self, method: str) -> None:
        """From now on the app works on calls with this method, but their answers wait for `release`."""
        self._held_method = method
        self._open.clear()
        self.held.clear()

    def release(self) -> None:
        self._held_method = None
        self._open.set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.stall_writes and request.method not in {"GET", "HEAD"}:
            self.stall_writes -= 1
            self._stalled.append((request, await request.aread()))
            raise httpx.ReadTimeout("no answer in time", request=request)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            response = await self._inner.handle_async_request(request)
            if request.method == self._held_method:
                self.held.set()
                await self._open.wait()
            return response if self.spoil is None else await self._spoiled(self.spoil, request, response)
        finally:
            self.running -= 1

    async def let_through(self) -> None:
        """Have the stalled writes done now, in their order, whoever has given up on them."""
        stalled, self._stalled, self.stall_writes = self._stalled, [], 0
        for request, body in stalled:
            late = httpx.Request(request.method, request.url, headers=request.headers, content=body)
            await self._inner.handle_async_request(late)

    def calls(self, *methods: str) -> list[str]:
        """Return the calls with these methods (all without), as `METHOD last/two`, the oldest first."""
        wanted = [r for r in self.requests if not methods or r.method in methods]
        return [f"{r.method} {'/'.join(r.url.path.rstrip('/').split('/')[-2:])}" for r in wanted]

    def writes(self) -> list[str]:
        return self.calls("POST", "PUT", "PATCH", "DELETE")

    async def _spoiled(self, spoil: Spoil, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        answered = httpx.Response(response.status_code, content=await response.aread())
        return httpx.Response(answered.status_code, json=spoil(request, answered.json()))
