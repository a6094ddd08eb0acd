"""A listing is read to its end, or not believed."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from adapters.salto_ks.listing import read_all
from bridge.domain.errors import Anomaly

pytestmark = pytest.mark.anyio


def _page(items: Sequence[int], count: int | None = None, link: str | None = None) -> Any:
    return list(items) if count is None else {"items": list(items), "count": count, "next_page_link": link}


async def _read(pages: Sequence[Any], page_size: int = 2) -> list[int]:
    left = list(pages)

    async def ask(query: Mapping[str, str | int]) -> Any:
        assert query["$top"] == page_size or (query["$top"], query["$skip"]) == (page_size - 1, 0)
        return left.pop(0)

    found = await read_all(ask, page_size, "users", lambda item: item)
    assert left == []
    return found


@pytest.mark.parametrize(
    ("pages", "found"),
    [
        ([_page([], 0)], []),
        ([_page([1, 2], 2)], [1, 2]),
        ([_page([1, 2], 3), _page([3], 3)], [1, 2, 3]),
        ([_page([1], 3), _page([2], 3), _page([3], 3)], [1, 2, 3]),
        ([_page([1, 2, 3, 4], 4)], [1, 2, 3, 4]),
        ([_page([])], []),
        ([_page([1, 2]), _page([3]), _page([])], [1, 2, 3]),
        ([_page([1]), _page([2]), _page([])], [1, 2]),
        ([_page([1, 2, 3]), _page([1, 2, 3])], [1, 2, 3]),
        ([_page([1]), _page([1])], [1]),
        ([_page([1, 2]), _page([1, 2]), _page([1, 2])], [1, 2]),
        ([_page([1, 2], 3, "/next"), _page([3], 3)], [1, 2, 3]),
        ([_page([1, 2], 2, "/next"), _page([], 0)], [1, 2]),
    ],
)
async def test_a_listing_that_adds_up_is_read_to_its_end(pages: Sequence[Any], found: list[int]) -> None:
    assert await _read(pages) == found


@pytest.mark.parametrize(
    "pages",
    [
        [_page([1, 2], 3), _page([], 3)],
        [_page([1, 2], 3), _page([3], 4)],
        [_page([1, 2], 1)],
        [_page([1, 2], 4), _page([2, 3], 4)],
        [_page([1], 4), _page([1], 4)],
        [_page([1, 1], 2)],
        [_page([1, 2], 3), _page([3])],
        [_page([1, 2]), _page([1, 2]), _page([1])],
        [_page([1, 2], 2, "/next"), _page([3, 4], 2)],
        [_page([1, 2]), _page([2, 3])],
        [None],
        [{"value": [1]}],
        [{"items": None, "count": 0}],
        ["ok"],
    ],
)
async def test_a_listing_that_does_not_is_an_anomaly(pages: Sequence[Any]) -> None:
    with pytest.raises(Anomaly):
        await _read(pages)


async def test_a_listing_without_end_is_given_up() -> None:
    numbers = iter(range(10_000))

    async def ask(query: Mapping[str, str | int]) -> Any:
        del query
        return [next(numbers)]

    with pytest.raises(Anomaly, match="does not end"):
        await read_all(ask, 1, "users", lambda item: item)
