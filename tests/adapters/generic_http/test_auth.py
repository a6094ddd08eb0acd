"""The bridge shows who it is in the way that the vendor wants, once for each token, and tells nobody."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from adapters.generic_http import ADAPTER
from adapters.generic_http.simulation import example
from bridge.domain.errors import Anomaly, Unauthorized
from bridge.domain.ids import SiteId
from bridge.outbound.client import make_client
from bridge.outbound.pinning import base_url
from bridge.ports.adapter import AdapterContext
from bridge.testing.hands import Hands, somebody

pytestmark = pytest.mark.anyio
NOBODY: Mapping[str, Any] = {"data": {"people": []}, "next": None}
SECRET = "s3cret: of ours"
TOKEN = {"access_token": "token-1", "expires_in": 3600}


class Vendor:
    """Answers everything, and keeps what it was sent."""

    def __init__(self, told: Any = None, status: int = 200) -> None:
        self.told = TOKEN if told is None else told
        self.status = status
        self.signed_in: list[httpx.Request] = []
        self.asked: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            self.signed_in.append(request)
            return httpx.Response(self.status, json=self.told)
        self.asked.append(request)
        return httpx.Response(200, json=NOBODY)

    async def ask(self, auth: Mapping[str, Any], times: int = 1, **more: Any) -> None:
        options = ADAPTER.options.model_validate({**example("people"), "auth": auth, **more})
        transport = httpx.MockTransport(self.answer)
        context = AdapterContext(
            site=SiteId("site-1"), client_for=lambda url: make_client(base_url(url, key="url"), transport=transport)
        )
        adapter = ADAPTER.open(options, context)
        for _ in range(times):
            assert not (await Hands(adapter, somebody()).observe()).exists


def token_from(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "token_url": "https://login.vendor.test/v1/token", **more}


async def test_nothing_is_shown_where_nothing_is_wanted() -> None:
    vendor = Vendor()
    await vendor.ask({"kind": "none"})
    assert "authorization" not in vendor.asked[0].headers


async def test_a_content_type_of_the_vendors_own_is_kept() -> None:
    vendor = Vendor()
    await vendor.ask({"kind": "none"}, headers={"Content-Type": "application/vnd.api+json"})
    assert vendor.asked[0].headers["content-type"] == "application/vnd.api+json"


async def test_headers_are_sent_with_each_call() -> None:
    vendor = Vendor()
    await vendor.ask({"kind": "header", "headers": {"X-Account": "a 1", "Authorization": f"Key {SECRET}"}})
    assert [vendor.asked[0].headers[name] for name in ("x-account", "authorization")] == ["a 1", f"Key {SECRET}"]


async def test_basic_is_sent_with_each_call() -> None:
    vendor = Vendor()
    await vendor.ask({"kind": "basic", "username": "gate", "password": SECRET})
    assert b64decode(vendor.asked[0].headers["authorization"].removeprefix("Basic ")) == f"gate:{SECRET}".encode()


@pytest.mark.parametrize(
    ("auth", "form"),
    [
        (
            token_from("oauth2_client_credentials", client_id="id", client_secret=SECRET, scope="app"),
            {"grant_type": "client_credentials", "client_id": "id", "client_secret": SECRET, "scope": "app"},
        ),
        (
            token_from("oauth2_password", username="u", password=SECRET, client_id="id", client_secret="x"),
            {"grant_type": "password", "username": "u", "password": SECRET, "client_id": "id", "client_secret": "x"},
        ),
        (token_from("login", fields={"email": "u", "password": SECRET}), {"email": "u", "password": SECRET}),
    ],
)
async def test_one_signs_in_once_by_a_form(auth: dict[str, Any], form: dict[str, str]) -> None:
    vendor = Vendor()
    await vendor.ask(auth, times=3)
    (sent,) = vendor.signed_in
    assert (str(sent.url), dict(parse_qsl(sent.content.decode()))) == ("https://login.vendor.test/v1/token", form)
    assert {one.headers["authorization"] for one in vendor.asked} == {"Bearer token-1"}


async def test_a_client_may_show_itself_by_basic() -> None:
    vendor = Vendor()
    auth = token_from("oauth2_client_credentials", client_id="id", client_secret=SECRET, client_auth="basic")
    await vendor.ask(auth)
    (sent,) = vendor.signed_in
    assert dict(parse_qsl(sent.content.decode())) == {"grant_type": "client_credentials"}
    assert b64decode(sent.headers["authorization"].removeprefix("Basic ")) == f"id:{SECRET}".encode()


async def test_one_signs_in_by_json_where_the_token_is_elsewhere() -> None:
    vendor = Vendor({"data": {"jwt": "token-2"}})
    fields = {"companyUUID": "-1", "email": "u", "password": SECRET}
    await vendor.ask(token_from("login", fields=fields, encoding="json", token="data.jwt", scheme="Token", seconds=60))
    (sent,) = vendor.signed_in
    assert (sent.headers["content-type"], b'"companyUUID":"-1"' in sent.content) == ("application/json", True)
    assert vendor.asked[0].headers["authorization"] == "Token token-2"


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_refused_credentials_stop_the_site_and_are_told_to_nobody(status: int) -> None:
    vendor = Vendor({"error": "invalid_grant", "error_description": SECRET}, status)
    with pytest.raises(Unauthorized) as caught:
        await vendor.ask(token_from("login", fields={"password": SECRET}))
    assert str(caught.value).endswith(f"sign-in: the vendor refused it with {status}")


@pytest.mark.parametrize(
    "told", [[], {"token": "x"}, {"access_token": ""}, {"access_token": 7}, {"access_token": "a\nb"}]
)
async def test_a_sign_in_without_a_token_proves_nothing(told: Any) -> None:
    with pytest.raises(Anomaly, match="sign-in"):
        await Vendor(told).ask(token_from("login", fields={"password": SECRET}))


@pytest.mark.parametrize("expires", [True, "soon", [], None, -1, 1e400, "9" * 400, 10**400, "NaN"])
async def test_any_life_of_a_token_is_survived(expires: Any) -> None:
    vendor = Vendor({"access_token": "t", "expires_in": 3 if expires == 1e400 else expires})
    await vendor.ask(token_from("login", fields={"password": SECRET}))
    assert vendor.asked
