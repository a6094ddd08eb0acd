"""What happens to a call before and after the controller works on it: the log, the key, latency and faults."""

import asyncio
import hmac
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.domain.credential import Secret
from bridge.ports.clock import Clock
from bridge.sandbox.gate.bodies import MAX_BYTES
from bridge.sandbox.gate.faults import Fault, FaultBook, FaultKind

MAX_CALLS: Final = 10_000
REHEARSAL: Final = "gate.rehearsal"
"""Set in a call's scope when its write is to be lost."""


@dataclass(slots=True, kw_only=True)
class CallEntry:
    """One call of the API. `status` and `ended` stay None until it is answered; queries and bodies are not kept."""

    at: datetime
    ended: datetime | None = None
    method: str
    path: str
    site: str
    status: int | None = None
    fault: FaultKind | None = None


class CallLog:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[CallEntry] = deque(maxlen=MAX_CALLS)

    @property
    def entries(self) -> Sequence[CallEntry]:
        """The last calls, the oldest first."""
        return tuple(self._entries)

    def arrived(self, method: str, path: str, site: str) -> CallEntry:
        entry = CallEntry(at=self._clock.now(), method=method, path=path, site=site)
        self._entries.append(entry)
        return entry

    def ended(self, entry: CallEntry) -> None:
        entry.ended = self._clock.now()

    def clear(self) -> None:
        self._entries.clear()


class Traffic:
    """Middleware around the vendor API only; keypad and control are not disturbed."""

    def __init__(self, app: ASGIApp, *, calls: CallLog, faults: FaultBook, api_key: Secret | None) -> None:
        self._app = app
        self._calls = calls
        self._faults = faults
        self._api_key = api_key
        self._log = structlog.get_logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path, site = scope["method"], scope["path"], scope["path_params"]["site"]
        entry = self._calls.arrived(method, path, site)

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            await send(message)

        try:
            await self._serve(entry, scope, receive, watch)
        finally:
            self._calls.ended(entry)

    async def _serve(self, entry: CallEntry, scope: Scope, receive: Receive, send: Send) -> None:
        receive = await _read_ahead(receive)
        await asyncio.sleep(self._faults.latency)
        if not self._is_authorised(scope):
            answer = _error(401, "unauthorized", "a key is needed")
            await answer(scope, receive, send)
            return
        fault = self._faults.take(entry.method, entry.path, entry.site)
        if fault is None:
            await self._app(scope, receive, send)
            return
        entry.fault = fault.kind
        self._log.info("fault.met", kind=str(fault.kind), method=entry.method)
        await self._suffer(fault, scope, receive, send)

    async def _suffer(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case FaultKind.STALL:
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case FaultKind.LOSE_WRITE:
                await self._app({**scope, REHEARSAL: True}, receive, send)
            case FaultKind.AFTER_WRITE:
                await self._answer_badly(fault, scope, receive, send)
            case FaultKind.FAIL:
                await _failure(fault)(scope, receive, send)
            case FaultKind.ERROR_IN_200:
                await _error(200, fault.code, fault.text)(scope, receive, send)
            case FaultKind.GARBAGE:
                await Response(fault.body, media_type="text/html")(scope, receive, send)

    async def _answer_badly(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        if not fault.seconds:
            await _failure(fault)(scope, receive, send)
            return
        await asyncio.sleep(fault.seconds)
        for message in answer:
            await send(message)

    def _is_authorised(self, scope: Scope) -> bool:
        if self._api_key is None:
            return True
        given = dict(scope["headers"]).get(b"authorization", b"")
        return hmac.compare_digest(given, f"Bearer {self._api_key.reveal()}".encode())


async def _read_ahead(receive: Receive) -> Receive:
    """Return a source of the body, which has arrived by now: the work is done even if the caller goes away."""
    messages: deque[Message] = deque()
    size = 0
    while size <= MAX_BYTES:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            break

    async def replay() -> Message:
        return messages.popleft() if messages else await receive()

    return replay


def _failure(fault: Fault) -> Response:
    answer = _error(fault.status, fault.code, fault.text)
    if fault.retry_after is not None:
        answer.headers["retry-after"] = fault.retry_after
    return answer


def _error(status: int, code: str, text: str) -> Response:
    return JSONResponse({"ok": False, "error": {"code": code, "text": text}}, status_code=status)
