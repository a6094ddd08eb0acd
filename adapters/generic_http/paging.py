"""Reading a list to its end, or saying that its end was not seen."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from adapters.generic_http.paths import MISSING
from adapters.generic_http.requests import Listing, PagingKind
from adapters.generic_http.wire import place, places
from bridge.sdk import Anomaly

MAX_PAGES: Final = 500

Params = Mapping[str, str | int]
Fetch = Callable[[Params], Awaitable[Any]]
"""Asks for one page. Returns the answer's body, or `MISSING` where the vendor says that there is no such thing."""


async def read_list(listing: Listing, what: str, fetch: Fetch) -> list[Any]:
    """Return all items of all pages. Raises `Anomaly` for a list that moves under us, repeats itself or does not end.

    Pages end where the total is reached, or with an empty page: a short one may be the vendor's own limit.
    """
    collected: list[Any] = []
    before: list[Any] = []
    totals: set[int] = set()
    asked: set[str] = set()
    params: Params | None = _params(listing, _first(listing))
    for number in range(MAX_PAGES):
        assert params is not None, "the loop ends without them"  # noqa: S101 - a promise of this module to itself
        body = await fetch(params)
        if body is MISSING:
            if number:
                raise Anomaly(f"{what}: the list went away between two pages")
            return []
        page = places(body, listing.items, what, null_is_empty=listing.null_is_empty)
        if page and page == before:
            raise Anomaly(f"{what}: two pages are the same; paging.param is not what the vendor understands")
        collected, before = collected + page, page
        totals |= _total(body, listing, what)
        if len(totals) > 1 or any(len(collected) > total for total in totals):
            raise Anomaly(f"{what}: the list changed while it was read")
        params = _next(listing, body, number, collected, is_last=not page or len(collected) in totals)
        if params is None:
            if any(len(collected) < total for total in totals):
                raise Anomaly(f"{what}: the list is shorter than the vendor says")
            return collected
        if str(params) in asked:
            break
        asked.add(str(params))
    raise Anomaly(f"{what}: the list does not end")


def _first(listing: Listing) -> str | int | None:
    first = {PagingKind.OFFSET: 0, PagingKind.PAGE: listing.paging.first}
    return first.get(listing.paging.kind)


def _params(listing: Listing, where: str | int | None) -> Params:
    paging = listing.paging
    size: Params = {paging.size_param: paging.size} if paging.size_param else {}
    return size if where is None else {**size, paging.param: where}


def _next(listing: Listing, body: Any, number: int, collected: list[Any], *, is_last: bool) -> Params | None:
    """Return the parameters of the next page, or None where this was the last one."""
    paging = listing.paging
    match paging.kind:
        case PagingKind.NONE:
            return None
        case PagingKind.CURSOR:
            cursor = place(body, paging.next or "@", "paging.next")
            if cursor is MISSING or cursor is None or cursor == "":
                return None
            if isinstance(cursor, bool) or not isinstance(cursor, str | int):
                raise Anomaly("paging.next: there is no cursor at that place")
            return _params(listing, cursor)
        case PagingKind.OFFSET:
            return None if is_last else _params(listing, len(collected))
        case PagingKind.PAGE:
            return None if is_last else _params(listing, paging.first + number + 1)


def _total(body: Any, listing: Listing, what: str) -> set[int]:
    if listing.paging.total is None:
        return set()
    total = place(body, listing.paging.total, what)
    if isinstance(total, bool) or not isinstance(total, int) or total < 0:
        raise Anomaly(f"{what}: there is no total at {listing.paging.total}")
    return {total}
