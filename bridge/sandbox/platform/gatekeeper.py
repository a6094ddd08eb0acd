"""What stands before the admin API: simulated slowness and faults, then the key."""

import asyncio
import hmac
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.domain.credential import Secret
from bridge.sandbox.platform.api import LISTS
from bridge.sandbox.platform.books import Books
from bridge.sandbox.platform.errors import Unauthenticated
from bridge.sandbox.platform.faults import ApiFault, ApiFaultKind, Faults
from bridge.sandbox.platform.settings import PlatformSettings

API_KEY: Final = "ApiKey"
ADDON: Final = "Addon"


class Misfortune:
    """Delays every call, and answers some in the API's place."""

    def __init__(self, app: ASGIApp, faults: Faults, root: str) -> None:
        self._app = app
        self._faults = faults
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        path = request.url.path.removeprefix(self._root).strip("/")
        await asyncio.sleep(self._faults.plan.latency)
        fault = self._faults.take(request.method, path, is_list=path in LISTS)
        app = self._app if fault is None else _answer(fault)
        await app(scope, receive, send)


class KeyCheck:
    """Lets nobody through without a key. Both schemes open the whole API: how far an add-on's reaches is not known."""

    def __init__(self, app: ASGIApp, books: Books, settings: PlatformSettings) -> None:
        self._app = app
        self._books = books
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scheme, _, proof = Request(scope).headers.get("authorization", "").partition(" ")
        if not self._is_known(scheme, proof):
            raise Unauthenticated("the key is missing or wrong")
        await self._app(scope, receive, send)

    def _is_known(self, scheme: str, proof: str) -> bool:
        if scheme == API_KEY:
            return any(_same(key, proof) for key in self._settings.api_keys)
        addon_id, pipe, key = proof.partition("|")
        addon_key = self._settings.addon_key
        is_addon = scheme == ADDON and pipe == "|" and addon_key is not None
        return is_addon and addon_key is not None and addon_id in self._books.addons and _same(addon_key, key)


def _same(key: Secret, proof: str) -> bool:
    return bool(key) and hmac.compare_digest(key.reveal().encode(), proof.encode())


def _answer(fault: ApiFault) -> Response:
    headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    match fault.kind:
        case ApiFaultKind.EMPTY_PAGE:
            return JSONResponse([])
        case ApiFaultKind.HTML:
            return HTMLResponse("<h1>Bad gateway</h1>", status_code=fault.status, headers=headers)
        case ApiFaultKind.RATE_LIMITED:
            return _error(429, "too many requests", headers)
        case ApiFaultKind.STATUS:
            return _error(fault.status, "simulated failure", headers)


def _error(status: int, message: str, headers: dict[str, str]) -> Response:
    return JSONResponse({"error": {"type": "simulated", "message": message}}, status_code=status, headers=headers)
