"""Every way in which a call can fail, said as what to do next."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from bridge.domain.errors import (
    Anomaly,
    BridgeError,
    ConfigurationError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
)
from bridge.outbound.calls import MAX_ANSWER_BYTES, call, retry_after
from bridge.outbound.client import CallRecord, make_client
from bridge.outbound.pinning import base_url

pytestmark = pytest.mark.anyio
HOST = base_url("https://api.example.test/root", key="x")


def client(handler: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    return make_client(HOST, transport=httpx.MockTransport(handler))


async def outcome(answer: httpx.Response | Exception, method: str = "GET") -> BridgeError:
    def handler(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with client(handler) as one:
        with pytest.raises(BridgeError) as caught:
            await call(one, method, "things")
    return caught.value


@pytest.mark.parametrize(
    ("answer", "read", "write"),
    [
        (httpx.ConnectError("x"), Unreachable, Unreachable),
        (httpx.ConnectTimeout("x"), Unreachable, Unreachable),
        (httpx.ReadTimeout("x"), Unreachable, OutcomeUnknown),
        (httpx.RemoteProtocolError("x"), Unreachable, OutcomeUnknown),
        (httpx.Response(500), Unreachable, OutcomeUnknown),
        (httpx.Response(503, headers={"Retry-After": "7"}), Unreachable, OutcomeUnknown),
        (httpx.Response(429), RateLimited, RateLimited),
        (httpx.Response(401), Unauthorized, Unauthorized),
        (httpx.Response(403), Unauthorized, Unauthorized),
        (httpx.Response(404), Rejected, Rejected),
        (httpx.Response(302, headers={"Location": "https://evil.test/"}), Anomaly, Anomaly),
        (httpx.Response(200, content=b"<html>"), Anomaly, Anomaly),
        (httpx.Response(200, content=b"[" * 100_000), Anomaly, Anomaly),
    ],
)
async def test_a_failed_write_may_have_happened_and_a_failed_read_has_not(
    answer: httpx.Response | Exception, read: type[BridgeError], write: type[BridgeError]
) -> None:
    assert type(await outcome(answer, "GET")) is read
    assert type(await outcome(answer, "PUT")) is write


async def test_a_read_is_tried_once_more_and_a_write_never() -> None:
    seen: list[str] = []

    def flaky(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(502) if len(seen) == 1 else httpx.Response(200, json={"ok": True})

    async with client(flaky) as one:
        assert (await call(one, "GET", "things")).body == {"ok": True}
        assert seen == ["GET", "GET"]
        seen.clear()
        with pytest.raises(OutcomeUnknown):
            await call(one, "POST", "things", json={})
        assert seen == ["POST"]


@pytest.mark.parametrize(("header", "tries"), [("60", 1), ("0", 2), ("soon", 2)])
async def test_a_read_is_not_tried_again_where_patience_is_asked_for(header: str, tries: int) -> None:
    seen: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(503, headers={"Retry-After": header})

    async with client(busy) as one:
        with pytest.raises(Unreachable):
            await call(one, "GET", "things")
    assert len(seen) == tries


async def test_an_accepted_status_is_an_answer() -> None:
    async with client(lambda _: httpx.Response(404, content=b"gone")) as one:
        assert (await call(one, "GET", "things", accept={404})).status == 404


async def test_what_the_other_side_says_is_short_inert_and_holds_no_code() -> None:
    body = {"error": {"type": "bad\x1b[0m", "message": "code 482913 is taken " + "x" * 400}}
    error = await outcome(httpx.Response(400, json=body))
    assert "482913" not in str(error)
    assert "\x1b" not in str(error)
    assert len(str(error)) < 300


async def test_an_answer_without_end_is_cut_off() -> None:
    endless = b'"' + b"x" * MAX_ANSWER_BYTES + b'"'
    assert isinstance(await outcome(httpx.Response(200, content=endless)), Anomaly)


@pytest.mark.parametrize(
    "url", ["https://evil.test/things", "http://api.example.test/x", "https://api.example.test:444/"]
)
async def test_a_client_goes_nowhere_but_to_its_own_host(url: str) -> None:
    contacted: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        contacted.append(str(request.url))
        return httpx.Response(200, json={})

    async with client(handler) as one:
        with pytest.raises(Rejected):
            await call(one, "GET", url)
        await call(one, "GET", "https://api.example.test/root/fine")
    assert contacted == ["https://api.example.test/root/fine"]


async def test_each_call_is_reported_without_its_path() -> None:
    records: list[CallRecord] = []
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={}))
    async with make_client(HOST, transport=transport, on_call=records.append) as one:
        await call(one, "GET", "tenants/mira")
    assert [(r.host, r.method, r.status) for r in records] == [("api.example.test", "GET", 200)]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("Wed, 04 Mar 2026 12:01:00 GMT", 60.0),
        ("Wed, 04 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_each_form(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 3, 4, 12, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "x", "", "http://example.test", "https://u:p@example.test", "https://example.test?a=1", "https://"],
)
def test_a_base_url_must_be_https_and_bare(url: str) -> None:
    with pytest.raises(ConfigurationError):
        base_url(url, key="sites.0.options.url")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000", "http://localhost:1", "http://[::1]:1", "https://example.test"]
)
def test_plain_http_is_for_loopback_only(url: str) -> None:
    assert str(base_url(url, key="x")).endswith("/")
