"""The way from the page's keypad to the gate controller: the page itself may talk to its own origin only."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

import httpx
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

ANSWER_SECONDS: Final = 5.0
MAX_PRESSED: Final = 4096
MAX_TEXT: Final = 256
ASKED: Final = ("site", "target", "code")
JSON_TYPE: Final = "application/json"


class Keypad:
    """Hands what was typed to the gate at `gate_url` and its answer back. What was typed is kept nowhere.

    `client` replaces the network in tests; it is not closed.
    """

    def __init__(self, gate_url: str | None, *, client: httpx.AsyncClient | None = None) -> None:
        self._url = None if gate_url is None else f"{gate_url.rstrip('/')}/keypad"
        self._given = client
        self._client = client
        self._log = structlog.get_logger()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        if self._given is not None:
            yield
            return
        async with httpx.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS) as client:
            self._client = client
            yield
            self._client = None

    async def press(self, request: Request) -> Response:
        """Answer `{"opened", "reason"}` as the gate does, or an error that says why the gate was not asked."""
        if self._url is None or self._client is None:
            return _no(HTTPStatus.SERVICE_UNAVAILABLE, "no_gate", "No gate is connected to this sandbox.")
        pressed = await _read(request)
        if pressed is None:
            return _no(HTTPStatus.BAD_REQUEST, "bad_request", "site, target and code must be short texts.")
        try:
            answer = await self._client.post(self._url, json=pressed)
            body = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            self._log.warning("keypad.unanswered", error=type(error).__name__)
            return _no(HTTPStatus.BAD_GATEWAY, "gate_unreachable", "The gate controller does not answer.")
        if not isinstance(body, dict) or not isinstance(body.get("opened"), bool):
            return _no(HTTPStatus.BAD_GATEWAY, "gate_unreadable", "The gate controller's answer makes no sense.")
        return JSONResponse({"opened": body["opened"], "reason": str(body.get("reason", ""))})


async def _read(request: Request) -> dict[str, str] | None:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_PRESSED:
            return None
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON_TYPE:
        return None
    try:
        body: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    values = {name: value for name in ASKED if isinstance(value := body.get(name), str) and len(value) <= MAX_TEXT}
    return values if len(values) == len(ASKED) else None


def _no(status: HTTPStatus, kind: str, message: str) -> Response:
    return JSONResponse({"error": {"type": kind, "message": message}}, status_code=status)
