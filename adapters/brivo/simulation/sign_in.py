"""Tokens that last a minute, and who may ask for one."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

TOKEN_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    client_id: str = "client-11aa"
    client_secret: str = "s-33cc-hidden"  # noqa: S105 - a simulation's own
    api_key: str = "k-55ee-hidden"
    username: str = "bridge-admin"
    password: str = "p 77/gg-hidden"  # noqa: S105 - a simulation's own


@dataclass(slots=True, kw_only=True)
class Door:
    """Gives out tokens and knows them again until they run out."""

    keys: Keys
    now: Callable[[], datetime]
    _until: dict[str, datetime] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def sign_in(self, request: Request) -> Response:
        keys, form = self.keys, dict(parse_qsl((await request.body()).decode()))
        pair = b64encode(f"{keys.client_id}:{keys.client_secret}".encode()).decode()
        told = (form.get("grant_type"), form.get("username"), form.get("password"))
        if request.headers.get("authorization") != f"Basic {pair}" or not self._has_key(request):
            return _refused("invalid_client", "Bad client credentials")
        if told != ("password", keys.username, keys.password):
            return _refused("unauthorized", "Bad credentials")
        token = f"token-{next(self._numbers)}"
        self._until[token] = self.now() + timedelta(seconds=TOKEN_SECONDS)
        body = {"access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS}
        return JSONResponse(body)

    def lets_in(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        is_fresh = token in self._until and self.now() < self._until[token]
        return scheme.lower() == "bearer" and is_fresh and self._has_key(request)

    def _has_key(self, request: Request) -> bool:
        return request.headers.get("api-key") == self.keys.api_key


class KeysOnly:
    """Answers 401 to whoever has no token or no key."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._door.lets_in(Request(scope)):
            await self._app(scope, receive, send)
        else:
            await _refused("invalid_token", "The access token is not valid")(scope, receive, send)


def _refused(error: str, why: str) -> Response:
    return JSONResponse({"error": error, "error_description": why}, status_code=401)
