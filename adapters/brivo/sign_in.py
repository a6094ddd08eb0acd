"""Signing in: the administrator's name and password for a token that lasts a minute or so."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

import httpx

from adapters.brivo.options import BrivoOptions
from adapters.brivo.wire import WireRefusedSignIn, WireToken
from bridge.sdk import Rejected, Token, Unauthorized, call, read_as

REFUSALS: Final = frozenset({"invalid_client", "invalid_grant", "unauthorized", "unauthorized_client"})
"""The words of a 400 that speak of who signs in. A 401 or 403 always does."""
READABLE: Final = frozenset({400, 404, 596})


class SignIn:
    """Asks for a token each time it is called. Raises `Unauthorized` where Brivo refuses who asks."""

    def __init__(self, options: BrivoOptions, client: httpx.AsyncClient) -> None:
        pair = f"{options.client_id}:{options.client_secret.reveal()}".encode()
        self._client = client
        self._headers: Mapping[str, str] = {
            "Authorization": f"Basic {b64encode(pair).decode()}",
            "api-key": options.api_key.reveal(),
        }
        self._form: Mapping[str, str] = {
            "grant_type": "password",
            "username": options.username,
            "password": options.password.reveal(),
        }

    async def __call__(self) -> Token:
        answer = await call(
            self._client,
            "POST",
            "oauth/token",
            form=self._form,
            headers=self._headers,
            accept=READABLE,
            is_read=True,
        )
        if answer.status in READABLE:
            if _word(answer.body) in REFUSALS:
                raise Unauthorized("Brivo refused the sign-in")
            raise Rejected(f"Brivo's sign-in answered {answer.status}: options.region or auth_url may be wrong")
        token = read_as(WireToken, answer.body, "sign-in")
        return Token(value=token.access_token, seconds=token.expires_in)


def _word(body: Any) -> str:
    """Return what OAuth calls the error."""
    try:
        return WireRefusedSignIn.model_validate(body).error
    except ValueError:
        return ""
