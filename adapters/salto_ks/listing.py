"""Listings in pages, read to their end or not believed."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from adapters.salto_ks.wire import read_page
from bridge.sdk import Anomaly

MAX_PAGES: Final = 500

Ask = Callable[[Mapping[str, str | int]], Awaitable[Any]]
"""Asks for one page with this query and returns the body of the answer."""


async def read_all(ask: Ask, page_size: int, what: str, identify: Callable[[Any], object]) -> list[Any]:
    """Return every item of a listing, each once.

    Where the vendor counts, the count must come out, and be the same on each page. Where it does not (a bare array),
    the end is an empty page, or the whole once more from a listing without pages.
    """
    found: dict[object, Any] = {}
    total: int | None = None
    for number in range(MAX_PAGES):
        query: dict[str, str | int] = {"$top": page_size, "$skip": len(found), "$count": "true"}
        page = read_page(await ask(query), what)
        if number and page.count != total:
            raise Anomaly(f"{what}: the listing changed while it was read")
        total = page.count
        fresh = {identify(item): item for item in page.items}
        is_repeated = bool(found) and fresh.keys() == found.keys() and len(found) != page_size
        if len(fresh) != len(page.items) or (fresh.keys() & found.keys() and not is_repeated):
            raise Anomaly(f"{what}: the listing shows somebody twice")
        found |= fresh
        if total is None and (not fresh or is_repeated):
            return list(found.values())
        if total is not None and (len(found) >= total or not fresh):
            if len(found) != total:
                raise Anomaly(f"{what}: the listing has not as many as it counts")
            return list(found.values())
    raise Anomaly(f"{what}: the listing does not end")
