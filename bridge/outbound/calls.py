"""One call, and every way in which it can fail, said as what to do next.

A read (GET, HEAD) changes nothing, so a failure of any kind is `Unreachable` and is tried once more, shortly. A write
that got no clear answer may have happened: that is `OutcomeUnknown`, and is never repeated here.
"""

import asyncio
import json as jsonlib
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import httpx

from bridge.domain.errors import (
    Anomaly,
    BridgeError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
)
from bridge.outbound.answer_time import answer_within
from bridge.outbound.discretion import blotted, words_of

MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
READ_RETRY_SECONDS: Final = 0.2
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_AGAIN: Final = frozenset({408, 425})
_AGAIN_FOR_READS: Final = frozenset({409, 423})
"""Client errors by number, and yet only of this moment."""
_READS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that can be used. `body` is parsed JSON, None when there was none; it is kept out of the repr."""

    status: int
    body: Any
    headers: httpx.Headers

    def __repr__(self) -> str:
        return f"Answer(status={self.status})"


async def call(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    params: Mapping[str, str | int] | None = None,
    headers: Mapping[str, str] | None = None,
    accept: Collection[int] = (),
    is_read: bool | None = None,
) -> Answer:
    """Send one request and return its answer: any 2xx, and any status in `accept`.

    `is_read` says whether it changes nothing, where the method does not tell: an API that reads by POST, or a sign-in.

    Raises `Unreachable`, `OutcomeUnknown`, `RateLimited`, `Unauthorized` (401, 403), `Rejected` (another 4xx) or
    `Anomaly` (a success that cannot be read, or a redirect).
    """
    request = client.build_request(method, path, json=json, data=form, params=params, headers=headers)
    is_read = method in _READS if is_read is None else is_read
    try:
        return await _once(client, request, accept, is_read=is_read)
    except Unreachable as error:
        if not is_read or error.retry_after:  # who asks for patience gets it from the next run
            raise
    await asyncio.sleep(READ_RETRY_SECONDS)
    return await _once(client, request, accept, is_read=True)


async def _once(client: httpx.AsyncClient, request: httpx.Request, accept: Collection[int], *, is_read: bool) -> Answer:
    where = f"{request.method} {request.url.host}"
    try:
        async with answer_within(_whole_seconds(client)), _stream(client, request) as response:
            body = await _read(response)
    except BridgeError:
        raise
    except _NEVER_SENT as error:
        raise Unreachable(f"{where}: no connection ({type(error).__name__})") from error
    except (httpx.HTTPError, TimeoutError) as error:
        reason = f"{where}: no answer ({type(error).__name__})"
        raise (Unreachable(reason) if is_read else OutcomeUnknown(reason)) from error
    return _judge(response, body, accept, where, is_read=is_read)


def _whole_seconds(client: httpx.AsyncClient) -> float:
    """A bound on the whole call, since httpx bounds each read alone and a drip-fed answer would never end."""
    return 2 * (client.timeout.read or 60.0)


@asynccontextmanager
async def _stream(client: httpx.AsyncClient, request: httpx.Request) -> AsyncIterator[httpx.Response]:
    response = await client.send(request, stream=True)
    try:
        yield response
    finally:
        await response.aclose()


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise Anomaly(f"{response.request.url.host}: the answer is larger than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _judge(response: httpx.Response, body: bytes, accept: Collection[int], where: str, *, is_read: bool) -> Answer:
    status = response.status_code
    if response.is_success or status in accept:
        return Answer(status=status, body=_parse(body, where, lenient=status in accept), headers=response.headers)
    what = f"{where}: {status}{_error_words(body, response.request.content)}"
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise RateLimited(what, retry_after=retry_after(response.headers.get("retry-after"), datetime.now(UTC)))
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise Unauthorized(what)
    if response.is_server_error or status in _AGAIN or (is_read and status in _AGAIN_FOR_READS):
        asked = retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        raise Unreachable(what, retry_after=asked) if is_read else OutcomeUnknown(what)
    if response.is_client_error:
        raise Rejected(what)
    raise Anomaly(f"{what}: neither an answer nor an error")


def _parse(body: bytes, where: str, *, lenient: bool) -> Any:
    if not body.strip():
        return None
    try:
        return jsonlib.loads(body)
    except (ValueError, RecursionError) as error:
        if lenient:
            return None
        raise Anomaly(f"{where}: the answer is not JSON") from error


def _error_words(body: bytes, sent: bytes) -> str:
    """Return what `{"error": {"type", "message"}}` says, short and inert.

    Numbers that could be a code are masked, and so is all that repeats what was sent: names, addresses, keys.
    """
    try:
        error = jsonlib.loads(body)["error"]
        words = [error[name] for name in ("type", "message") if isinstance(error.get(name), str)]
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return ""
    return f" ({blotted(': '.join(words), words_of(*_values(sent)))})" if words else ""


def _values(sent: bytes) -> Iterator[str]:
    """Yield the texts in a body of JSON or of a form."""
    try:
        left = [jsonlib.loads(sent)]
    except (ValueError, RecursionError):
        left = [value for _, value in parse_qsl(sent.decode(errors="replace"))]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            left += value.values() if isinstance(value, dict) else value


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, as a number or an HTTP date; None if unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
