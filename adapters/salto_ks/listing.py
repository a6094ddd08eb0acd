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

    Where the vendor counts, the count must come out, be the same on each page, and nothing may follow that it links to.
    Where it does not (a bare array), the end is an empty page, or the whole once more from a listing without pages.
    """
    found: dict[object, Any] = {}
    total: int | None = None
    is_over = False
    for number in range(MAX_PAGES):
        page = read_page(await ask(_query(page_size, len(found))), what)
        if is_over and not page.items:
            return list(found.values())
        if is_over:
            raise Anomaly(f"{what}: the listing has more than it counts")
        if number and page.count != total:
            raise Anomaly(f"{what}: the listing changed while it was read")
        total = page.count
        fresh = {identify(item): item for item in page.items}
        is_same = total is None and bool(found) and fresh.keys() == found.keys()
        is_repeated = is_same and await _has_no_pages(ask, page_size, len(found), what)
        if len(fresh) != len(page.items) or (fresh.keys() & found.keys() and not is_repeated):
            raise Anomaly(f"{what}: the listing shows somebody twice")
        found |= fresh
        if total is None and (not fresh or is_repeated):
            return list(found.values())
        if total is not None and (len(found) >= total or not fresh):
            if len(found) != total:
                raise Anomaly(f"{what}: the listing has not as many as it counts")
            if not page.next_page_link:
                return list(found.values())
            is_over = True
    raise Anomaly(f"{what}: the listing does not end")


async def _has_no_pages(ask: Ask, page_size: int, length: int, what: str) -> bool:
    """Tell whether a listing is whole that was the same twice; one of just a page's length must also defy a shorter."""
    if length != page_size:
        return True
    return page_size > 1 and len(read_page(await ask(_query(page_size - 1, 0)), what).items) == length


def _query(top: int, skip: int) -> Mapping[str, str | int]:
    return {"$top": top, "$skip": skip, "$count": "true"}
