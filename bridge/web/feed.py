"""The route that controllers on site poll: one list for a site, whole and current, or a refusal, never a part of it."""

import base64
import binascii
import json
from typing import Final

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from bridge.domain.credential import Secret
from bridge.domain.errors import BridgeError, NotYetConsistent
from bridge.domain.ids import ConnectionName, SiteId, SiteKey
from bridge.ports.feed import MEDIA_TYPES, FeedFormat, FeedPage
from bridge.service.feeds import Feeds

RETRY_AFTER: Final = "30"
_ACCEPTED: Final = {"application/json": FeedFormat.JSON, "text/csv": FeedFormat.CSV}
_FRESH: Final = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
"""A copy may be kept by who fetched it, and is asked about each time."""


class FeedRoute:
    """Answers `GET /feeds/{connection}/{site}`."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds

    async def answer(self, request: Request) -> Response:
        site = (ConnectionName(request.path_params["connection"]), SiteId(request.path_params["site"]))
        if not self._feeds.admits(site, token_of(request.headers.get("authorization", ""))):
            return _refusal(401, "unauthorized", {"WWW-Authenticate": 'Basic realm="gatebridge", charset="UTF-8"'})
        try:
            wanted = _wanted(request)
        except ValueError:
            return _refusal(400, f"format must be one of {', '.join(FeedFormat)}")
        try:
            page = await self._feeds.page(site, wanted)
        except NotYetConsistent as error:
            return _refusal(503, f"not ready: {error}", {"Retry-After": RETRY_AFTER})
        except BridgeError:
            return _refusal(503, "the feed cannot be read now", {"Retry-After": RETRY_AFTER})
        return self._served(request, site, page)

    def _served(self, request: Request, site: SiteKey, page: FeedPage) -> Response:
        """Return the page, or word that the controller has it already. A mere look at the headers is no fetch."""
        noted = BackgroundTask(self._feeds.note_fetched, site, page)
        headers = {**_FRESH, "ETag": f'"{page.tag}"', "Content-Type": MEDIA_TYPES[page.format]}
        if is_known(request.headers.get("if-none-match", ""), page.tag):
            return Response(status_code=304, headers=headers, background=noted)
        if request.method == "HEAD":
            return Response(headers={**headers, "Content-Length": str(len(page.body))})
        return Response(page.body, headers=headers, background=noted)


def token_of(authorization: str) -> Secret:
    """Return the bearer token, or the password of HTTP Basic whoever the user is; blank where there is neither."""
    scheme, _, rest = authorization.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return Secret(rest)
    if scheme.lower() != "basic":
        return Secret("")
    try:
        _, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return Secret("")
    return Secret(password)


def is_known(if_none_match: str, tag: str) -> bool:
    """Tell whether a conditional request names the page that it would get; a proxy may have marked the tag as weak."""
    named = [text.strip().removeprefix("W/") for text in if_none_match.split(",")]
    return f'"{tag}"' in named


def accepted(accept: str) -> FeedFormat | None:
    """Return the one of our formats that is accepted most, or None where none is named."""
    named: dict[FeedFormat, float] = {}
    for text in accept.split(","):
        media, *parameters = (part.strip().lower() for part in text.split(";"))
        if media in _ACCEPTED:
            named[_ACCEPTED[media]] = _weight(parameters)
    best = max(named, key=lambda form: named[form], default=None)
    return best if best is not None and named[best] > 0 else None


def _weight(parameters: list[str]) -> float:
    words = [parameter.removeprefix("q=") for parameter in parameters if parameter.startswith("q=")]
    try:
        return min(max(float(words[0]), 0.0), 1.0) if words else 1.0
    except ValueError:
        return 1.0


def _wanted(request: Request) -> FeedFormat | None:
    """Return what the query or else the header asks for. Raises `ValueError` for another word in the query."""
    word = request.query_params.get("format")
    return accepted(request.headers.get("accept", "")) if word is None else FeedFormat(word)


def _refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps({"message": message})
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(body, status, kept, media_type="application/json")
