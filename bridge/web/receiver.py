"""The receiver: routes for deliveries, feeds and whoever watches the process, and the metrics for the same host."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.domain.errors import Refused, StoreUnavailable
from bridge.outbound.pinning import is_loopback
from bridge.service.feeds import Feeds
from bridge.service.receive import Receiver
from bridge.web.feed import FeedRoute

BODY_SECONDS: Final = 10.0
RETRY_AFTER: Final = "5"
_FORWARDED: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "x-real-ip")


class BodyTooLarge(Exception):
    pass


class Webhooks:
    """Turns a request into a delivery, and what became of it into an answer."""

    def __init__(self, receiver: Receiver, max_body_bytes: int) -> None:
        self._receiver = receiver
        self._max_body_bytes = max_body_bytes

    async def answer(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await read_body(request, self._max_body_bytes)
        except BodyTooLarge:
            return _answer(413, "too large", close=True)
        except TimeoutError:
            return _answer(408, "the body did not come in time", close=True)
        except ClientDisconnect:
            return _answer(400, "the body was cut off", close=True)
        try:
            message = await self._receiver.receive(request.path_params["connection"], lower_headers(request), body)
        except Refused:
            return _answer(401, "unauthorized")
        except StoreUnavailable:
            return _answer(503, "cannot be stored now", retry_after=RETRY_AFTER)
        return _answer(200, message)


def receiver_app(
    receiver: Receiver,
    *,
    max_body_bytes: int,
    metrics: Callable[[], Awaitable[bytes]],
    feeds: Feeds | None = None,
) -> Starlette:
    """Return the app that may face the world; only `/webhooks/`, and `/feeds/` where controllers fetch one, need to."""
    fetched = [] if feeds is None else [Route("/feeds/{connection}/{site:path}", FeedRoute(feeds).answer)]

    async def livez(_: Request) -> Response:
        return _answer(200, "alive")

    async def readyz(_: Request) -> Response:
        try:
            await receiver.probe()
        except StoreUnavailable:
            return _answer(503, "the store takes no writes", retry_after=RETRY_AFTER)
        return _answer(200, "ready")

    async def scrape(request: Request) -> Response:
        if not is_local(request):
            return _answer(404, "not found")
        return Response(await metrics(), media_type="text/plain; version=0.0.4")

    app = Starlette(
        routes=[
            # :path, so that a slash in the name is an unknown connection like any other
            Route("/webhooks/{connection:path}", Webhooks(receiver, max_body_bytes).answer, methods=["POST"]),
            *fetched,
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/metrics", scrape),
        ]
    )
    app.router.redirect_slashes = False
    return app


async def read_body(request: Request, limit: int) -> bytes:
    """Return the raw body. Raises `BodyTooLarge` before more than `limit` bytes are held, whatever the headers say."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared[:18]) > limit:
        raise BodyTooLarge
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > limit:
            raise BodyTooLarge
        body += chunk
    return bytes(body)


def lower_headers(request: Request) -> dict[str, str]:
    """Return the headers by lower-case name; repeated ones are joined by a comma, as HTTP says they may be."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def is_local(request: Request) -> bool:
    """Tell whether a process on this host asks, not a proxy on somebody else's behalf."""
    client = request.client
    return client is not None and is_loopback(client.host) and not any(h in request.headers for h in _FORWARDED)


def _answer(status: int, message: str, *, retry_after: str | None = None, close: bool = False) -> Response:
    headers = {}
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    if close:
        headers["Connection"] = "close"
    return Response(json.dumps({"message": message}), status, headers, media_type="application/json")
