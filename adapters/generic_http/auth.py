"""How the bridge shows who it is: nothing, headers, Basic, or a token from a sign-in."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import httpx
from pydantic import AfterValidator, Field, model_validator

from adapters.generic_http.paths import PathError, one, parse_path
from adapters.generic_http.requests import Place
from bridge.sdk import (
    AdapterContext,
    Anomaly,
    ConfigurationError,
    Options,
    Secret,
    SecretText,
    Token,
    TokenAuth,
    Unauthorized,
    base_url,
    call,
)

MIN_SECONDS: Final = 5.0
MAX_DIGITS: Final = 16
_REFUSED: Final = frozenset({400, 401, 403})


class AuthKind(StrEnum):
    NONE = "none"
    HEADER = "header"
    BASIC = "basic"
    CLIENT_CREDENTIALS = "oauth2_client_credentials"
    PASSWORD = "oauth2_password"  # noqa: S105 - the name of a grant, not a password
    LOGIN = "login"
    """A sign-in of the vendor's own: `fields` go in, a token comes out."""


class Encoding(StrEnum):
    FORM = "form"
    JSON = "json"


class ClientAuth(StrEnum):
    BODY = "body"
    BASIC = "basic"


TOKEN_KINDS: Final = frozenset({AuthKind.CLIENT_CREDENTIALS, AuthKind.PASSWORD, AuthKind.LOGIN})
NEEDED: Final[Mapping[AuthKind, frozenset[str]]] = {
    AuthKind.NONE: frozenset(),
    AuthKind.HEADER: frozenset({"headers"}),
    AuthKind.BASIC: frozenset({"username", "password"}),
    AuthKind.CLIENT_CREDENTIALS: frozenset({"token_url", "client_id", "client_secret"}),
    AuthKind.PASSWORD: frozenset({"token_url", "username", "password"}),
    AuthKind.LOGIN: frozenset({"token_url", "fields"}),
}
ALLOWED: Final[Mapping[AuthKind, frozenset[str]]] = {
    AuthKind.CLIENT_CREDENTIALS: frozenset({"scope"}),
    AuthKind.PASSWORD: frozenset({"scope", "client_id", "client_secret"}),
}
_GRANTS: Final[Mapping[AuthKind, str]] = {
    AuthKind.CLIENT_CREDENTIALS: "client_credentials",
    AuthKind.PASSWORD: "password",
}


def _token_url(text: str) -> str:
    try:
        base_url(text, key="")
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return text.strip()


def _header_value(secret: Secret) -> Secret:
    text = secret.reveal()
    if not (text.isascii() and text.isprintable()) or text != text.strip():
        raise ValueError("must be printable ASCII without blank edges: it travels in a header")
    return secret


class AuthOptions(Options):
    """Which of the keys are needed follows from `kind`; others are refused."""

    kind: AuthKind = AuthKind.NONE
    headers: Mapping[str, Annotated[SecretText, AfterValidator(_header_value)]] = Field(default_factory=dict)
    username: SecretText | None = None
    password: SecretText | None = None
    client_id: SecretText | None = None
    client_secret: SecretText | None = None
    client_auth: ClientAuth = ClientAuth.BODY
    scope: str | None = None
    token_url: Annotated[str, AfterValidator(_token_url)] | None = None
    fields: Mapping[str, SecretText] = Field(default_factory=dict)
    encoding: Encoding = Encoding.FORM
    """How `fields` are sent."""
    token: Place = "access_token"  # noqa: S105 - where a token stands, not a token
    expires: Place = "expires_in"
    seconds: float = Field(default=3600, ge=MIN_SECONDS, le=86_400 * 30)
    """How long a token lasts where the answer does not tell."""
    scheme: str = Field(default="Bearer", pattern=r"^[A-Za-z0-9-]{1,40}$")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "AuthOptions":
        optional = ("headers", "username", "password", "client_id", "client_secret", "scope", "token_url", "fields")
        given = {name for name in optional if getattr(self, name)}
        needed, allowed = NEEDED[self.kind], ALLOWED.get(self.kind, frozenset())
        if missing := sorted(needed - given):
            raise ValueError(f'{missing[0]} is missing; kind = "{self.kind}" needs it')
        if strange := sorted(given - needed - allowed):
            raise ValueError(f'{strange[0]} is not for kind = "{self.kind}"')
        return self


def sign_requests(client: httpx.AsyncClient, options: AuthOptions, context: AdapterContext) -> None:
    """Have each request of `client` show who the bridge is."""
    if options.kind is AuthKind.BASIC and options.username is not None and options.password is not None:
        client.auth = httpx.BasicAuth(options.username.reveal(), options.password.reveal())
    elif options.kind is AuthKind.HEADER:
        client.headers.update({name: value.reveal() for name, value in options.headers.items()})
    elif options.token_url is not None:
        client.auth = TokenAuth(_SignIn(options, options.token_url, context), scheme=options.scheme)


class _SignIn:
    def __init__(self, options: AuthOptions, token_url: str, context: AdapterContext) -> None:
        url = httpx.URL(token_url)
        self._client = context.client_for(str(url.copy_with(path="/")))
        self._path = url.path
        self._options = options

    async def __call__(self) -> Token:
        """Sign in. Raises `Unauthorized` for refused credentials, whatever number the refusal has."""
        fields, headers = self._fields(), self._headers()
        is_json = self._options.kind is AuthKind.LOGIN and self._options.encoding is Encoding.JSON
        sent: dict[str, Any] = {"json": fields} if is_json else {"form": fields}
        answer = await call(self._client, "POST", self._path, headers=headers, accept=_REFUSED, is_read=True, **sent)
        if answer.status in _REFUSED:
            raise Unauthorized(f"sign-in: the vendor refused it with {answer.status}")
        return self._read(answer.body)

    def _fields(self) -> dict[str, str]:
        options = self._options
        if options.kind is AuthKind.LOGIN:
            return {name: value.reveal() for name, value in options.fields.items()}
        fields = {"grant_type": _GRANTS[options.kind]}
        secrets = {"username": options.username, "password": options.password}
        if options.client_auth is ClientAuth.BODY:
            secrets |= {"client_id": options.client_id, "client_secret": options.client_secret}
        fields |= {name: secret.reveal() for name, secret in secrets.items() if secret is not None}
        return fields if options.scope is None else {**fields, "scope": options.scope}

    def _headers(self) -> dict[str, str]:
        options = self._options
        if options.client_auth is ClientAuth.BODY or options.client_id is None or options.client_secret is None:
            return {}
        request = httpx.Request("POST", "https://nowhere.invalid/")
        flow = httpx.BasicAuth(options.client_id.reveal(), options.client_secret.reveal()).auth_flow(request)
        return {"Authorization": next(flow).headers["Authorization"]}

    def _read(self, body: Any) -> Token:
        try:
            token = one(body, parse_path(self._options.token))
            seconds = one(body, parse_path(self._options.expires))
        except PathError as error:
            raise Anomaly(f"sign-in: {error}") from None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token.strip():
            raise Anomaly(f"sign-in: there is no token at {self._options.token}")
        return Token(value=Secret(token), seconds=_seconds(seconds) or self._options.seconds)


def _seconds(told: Any) -> float | None:
    """Return how long a token lasts, where the answer tells it in seconds."""
    if isinstance(told, bool) or not isinstance(told, int | float | str) or len(str(told)) > MAX_DIGITS:
        return None
    try:
        seconds = float(told)
    except ValueError:
        return None
    return max(MIN_SECONDS, seconds) if math.isfinite(seconds) else None
