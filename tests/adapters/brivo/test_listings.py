"""Listings in pages: read to the end, and not believed where they contradict themselves."""

import json
from typing import Any

import pytest

from bridge.domain.changes import EntryState
from bridge.domain.errors import Anomaly
from bridge.testing import wire as faults
from tests.adapters.brivo.rig import DOOR, rig

pytestmark = pytest.mark.anyio
FIRST_PAGE = 1
"""The place of the first page among the calls of a look at one door."""


def _page(ids: list[Any], **changes: Any) -> str:
    page = {"data": [{"id": id_} for id_ in ids], "offset": 0, "pageSize": 100, "count": len(ids)}
    return json.dumps(page | changes)


FULL = list(range(1, 101))
LISTINGS = [
    pytest.param(_page([1], count=2), id="fewer than it counts"),
    pytest.param(_page([1, 2], count=1), id="more than it counts"),
    pytest.param(_page([1, 1]), id="the same id twice"),
    pytest.param(_page([1], offset=100), id="another page"),
    pytest.param(_page([1], count=-1), id="a count below nothing"),
    pytest.param(_page([], count=3), id="an empty page that counts three"),
    pytest.param(_page(FULL), id="a full page for ever"),
    pytest.param(_page([], pageSize=0), id="pages of nothing"),
    pytest.param(_page(["x"]), id="an id that is no number"),
    pytest.param(_page([True]), id="an id that is a truth"),
    pytest.param(_page([1], count=None), id="no count"),
    pytest.param(json.dumps([{"id": 1}]), id="a bare list"),
]


@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_listing_that_cannot_be_right_proves_nothing(listing: str) -> None:
    async with rig() as bench:
        await bench.grant()
        bench.wire.arm(faults.answers(200, listing), at=FIRST_PAGE, times=None)
        with pytest.raises(Anomaly):
            await bench.observe()


async def test_a_count_that_changes_while_the_listing_is_read_proves_nothing() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.wire.arm(faults.answers(200, _page(FULL, count=101)), at=FIRST_PAGE)
        with pytest.raises(Anomaly, match="changed while it was read"):
            await bench.observe()


@pytest.mark.parametrize("others", [0, 99, 100, 101, 230])
async def test_somebody_is_found_wherever_the_pages_end(others: int) -> None:
    async with rig() as bench:
        bench.vendor.crowd(others)
        await bench.grant()
        assert (await bench.observe()).entries == {DOOR: EntryState.ACTIVE}


@pytest.mark.parametrize("others", [99, 100, 200])
async def test_somebody_who_was_taken_out_is_not_found_wherever_the_pages_end(others: int) -> None:
    async with rig() as bench:
        await bench.grant()
        bench.vendor.crowd(others)
        bench.vendor.account.members[4011].discard(5001)
        assert (await bench.observe()).entries == {}


async def test_who_is_found_early_is_not_looked_for_further() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.vendor.crowd(250)
        bench.wire.requests.clear()
        await bench.observe()
        assert bench.calls == ["GET /users/lakeside:site-1:t-1/external", "GET /groups/4011/users"]


async def test_pages_that_are_shorter_than_asked_for_are_read_all_the_same() -> None:
    async with rig() as bench:
        bench.vendor.crowd(45)
        bench.vendor.account.max_page = 20
        await bench.grant()
        assert (await bench.observe()).entries == {DOOR: EntryState.ACTIVE}
        offsets = [request.url.params["offset"] for request in bench.wire.requests if "offset" in request.url.params]
        assert offsets[1:] == ["0", "20", "40"]
