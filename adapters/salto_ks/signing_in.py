"""Signing in to Salto's identity host with the password grant."""

from base64 import b64encode
from typing import Final

from adapters.salto_ks.mapping import OAUTH_WORDS
from adapters.salto_ks.options import SaltoOptions
from adapters.salto_ks.wire import OAuthError, WireToken
from bridge.sdk import AdapterContext, Anomaly, Token, Unauthorized, call, read_as

SCOPE: Final = "user_api.full_access"
REFUSED: Final = frozenset({400, 401, 403})


class SignIn:
    """Asks for a token. No error repeats what was sent or what the answer said in words of its own."""

    def __init__(self, options: SaltoOptions, context: AdapterContext) -> None:
        self._client = context.client_for(options.identity_host)
        self._options = options

    async def __call__(self) -> Token:
        options = self._options
        pair = f"{options.client_id}:{options.client_secret.reveal()}"
        form = {
            "grant_type": "password",
            "username": options.username,
            "password": options.password.reveal(),
            "scope": SCOPE,
        }
        headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        answer = await call(
            self._client, "POST", "connect/token", form=form, headers=headers, is_read=True, accept=REFUSED
        )
        if answer.status in REFUSED:
            raise Unauthorized(f"Salto's sign-in refused us: {answer.status} ({_why(answer.body)})")
        token = read_as(WireToken, answer.body, "sign-in")
        return Token(value=token.access_token, seconds=float(token.expires_in))


def _why(body: object) -> str:
    try:
        word = read_as(OAuthError, body, "sign-in").error
    except Anomaly:
        word = ""
    return OAUTH_WORDS.get(word, "without a reason that is documented")
