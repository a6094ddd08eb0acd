"""Signing in to an account whose key is a token that runs out."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import httpx

from bridge.domain.credential import Secret
from bridge.domain.errors import BridgeError
from bridge.outbound.answer_time import paused

EARLY_SECONDS: Final = 60.0
"""A token is replaced that long before it runs out; one of a short life, after four fifths of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a sign-in gave; `seconds` is how long it lasts from now."""

    value: Secret
    seconds: float


SignIn = Callable[[], Awaitable[Token]]
"""Asks for a new token. Raises the errors of `bridge.domain.errors`: `Unauthorized` for refused credentials."""


class TokenAuth(httpx.Auth):
    """Gives each request of a client its token: kept while it lasts, asked for once however many need it.

    An answer 401 has the token replaced and the request sent once more; a second 401 is the caller's. Who waits while
    another signs in fails with it; none of that is counted as the time of a call that has not gone out.
    """

    def __init__(self, sign_in: SignIn, *, scheme: str = "Bearer", clock: Callable[[], float] = time.monotonic) -> None:
        self._sign_in = sign_in
        self._scheme = scheme
        self._clock = clock
        self._token: Token | None = None
        self._replace_at = 0.0
        self._signing_in = asyncio.Lock()
        self._tries = 0
        self._failure: BridgeError | None = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await self._usable()
        self._sign(request, token)
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            await response.aread()  # a call that is not over would keep the sign-in from the account's last slot
            self._sign(request, await self._usable(other_than=token))
            yield request

    def _sign(self, request: httpx.Request, token: Token) -> None:
        request.headers["Authorization"] = f"{self._scheme} {token.value.reveal()}"

    async def _usable(self, *, other_than: Token | None = None) -> Token:
        tries = self._tries
        with paused():
            async with self._signing_in:
                kept = self._token
                if kept is not None and kept is not other_than and self._clock() < self._replace_at:
                    return kept
                if self._failure is not None and self._tries != tries:
                    raise self._failure.with_traceback(None)
                return await self._replaced()

    async def _replaced(self) -> Token:
        asked_at, self._failure = self._clock(), None
        try:
            token = self._token = await self._sign_in()
        except BridgeError as error:
            self._failure = error
            raise
        finally:
            self._tries += 1
        self._replace_at = asked_at + _use_for(token.seconds)
        return token


def _use_for(seconds: float) -> float:
    return seconds - EARLY_SECONDS if seconds >= 5 * EARLY_SECONDS else seconds * 0.8
