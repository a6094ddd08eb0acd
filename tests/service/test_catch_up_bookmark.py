"""The bookmark: whatever clocks, lists and crashes do, it passes nothing that was not marked."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from bridge.sandbox.platform import ApiFault, ApiFaultKind
from tests.service.catching_up import BOOKMARK, HILLSIDE, LIST, QUARTER, caught_up, is_list, place
from tests.service.house import JONAS, SITE, House
from tests.service.test_units_people_and_days import lose

pytestmark = pytest.mark.anyio


async def test_what_the_overlap_shows_again_is_not_looked_at_again(started: House) -> None:
    (old,) = [row.id for row in started.world.books.rentals]
    started.world.mark_overdue(old)
    await started.settle()
    first = await caught_up(started)
    started.clock.advance(minutes=5)
    own_writes = await caught_up(started)
    started.platform.requests.clear()
    started.clock.advance(minutes=4)
    again = await caught_up(started)
    assert (first.changed, own_writes.changed, again.changed) == (1, 0, 0)
    assert started.platform.calls() == [LIST] * 2


async def test_changes_of_the_same_stamp_are_all_found_wherever_the_bookmark_stands(started: House) -> None:
    (old,) = [row.id for row in started.world.books.rentals]
    started.edit(old, overlocked=True)
    await caught_up(started)
    stood_at = (await place(started)).at
    rental = started.move_in("B-021", JONAS)
    lose(started)
    assert started.world.books.rentals.get(rental).updated == stood_at
    assert (await caught_up(started)).found == 1
    assert started.status(rental) == "granted"


@pytest.mark.parametrize("minutes", [-5, 5])
async def test_a_clock_of_the_platform_that_is_five_minutes_off_hides_nothing(house: House, minutes: int) -> None:
    house.world.clock.advance(timedelta(minutes=minutes))
    house.move_in("B-014")
    await house.settle()
    await caught_up(house)
    for door in ("B-021", "B-027", "B-030"):
        house.clock.advance(minutes=QUARTER)
        rental = house.move_in(door, JONAS)
        lose(house)
        house.clock.advance(minutes=QUARTER)
        came_to = await caught_up(house)
        assert (came_to.missed, house.status(rental)) == (1, "granted")


async def test_the_bookmark_is_of_the_platforms_clock_and_never_goes_back(started: House) -> None:
    before = (await place(started)).at
    started.clock.advance(days=2)
    await caught_up(started)
    assert (await place(started)).at == before, "nothing changed: our own clock moves no bookmark"
    assert before == max(row.updated for row in started.world.books.rentals)


async def test_a_stamp_from_far_ahead_hides_nothing_that_comes_before_it(started: House) -> None:
    ahead = started.move_in("B-021", JONAS)
    await started.settle()

    def from_far_ahead(request: httpx.Request, answer: Any) -> Any:
        if not is_list(request):
            return answer
        return [{**row, "updated": "2099-01-01T00:00:00.000Z"} if row["id"] == ahead else row for row in answer]

    started.platform.spoil = from_far_ahead
    await caught_up(started)
    started.platform.spoil = None
    started.clock.advance(minutes=90)
    rental = started.move_in("B-027", JONAS)
    lose(started)
    await caught_up(started)
    assert started.status(rental) == "granted"


async def test_a_bookmark_that_cannot_be_read_is_none(started: House) -> None:
    await started.bridge.store.keep_bookmark(BOOKMARK, '{"at": "soon"}')
    assert (await caught_up(started)).changed == 1
    assert (await place(started)).at == max(row.updated for row in started.world.books.rentals)


def no_list(request: httpx.Request, answer: Any) -> Any:
    return {} if is_list(request) else answer


def a_stranger(request: httpx.Request, answer: Any) -> Any:
    return [*answer, {**answer[0], "id": "r1", "siteId": HILLSIDE}] if is_list(request) and answer else answer


def no_stamp(request: httpx.Request, answer: Any) -> Any:
    return [{**row, "updated": "yesterday"} for row in answer] if is_list(request) else answer


def no_ended(request: httpx.Request, answer: Any) -> Any:
    return {} if is_list(request) and "state" in request.url.params else answer


@pytest.mark.parametrize("spoil", [no_list, a_stranger, no_stamp, no_ended])
async def test_a_list_that_cannot_be_used_moves_nothing_and_is_told_once_an_hour(started: House, spoil: Any) -> None:
    rental = started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(minutes=QUARTER)
    before = await place(started)
    started.platform.spoil = spoil
    came_to = [await caught_up(started), await caught_up(started)]
    started.platform.spoil = None
    assert [[failed.site for failed in one.not_listed] for one in came_to] == [[SITE], [SITE]]
    assert (await place(started), started.status(rental)) == (before, None)
    assert await started.alerts() == ["not_caught_up"]
    assert (await caught_up(started)).missed == 1


async def test_a_platform_that_asks_for_patience_moves_nothing_and_is_left_alone_so_long(started: House) -> None:
    before = await place(started)
    started.clock.advance(minutes=QUARTER)
    started.move_in("B-021", JONAS)
    lose(started)
    started.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=429, retry_after=90, remaining=1))
    came_to = await caught_up(started)
    assert (len(came_to.not_listed), came_to.asked_to_wait) == (1, 90.0)
    assert await place(started) == before


async def test_a_list_that_takes_too_long_is_given_up(started: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.service.catch_up.LISTING_SECONDS", 0.05)
    started.platform.hold_answers("GET")
    (failed,) = (await started.bridge.catch_up.catch_up()).not_listed
    assert failed.why == "what has changed was not listed within 0 s"


async def test_a_crash_between_marking_and_bookmark_does_it_all_again_and_harms_nothing(started: House) -> None:
    rental = started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(minutes=QUARTER)
    before = (await place(started)).to_text()
    await started.bridge.catch_up.catch_up()
    await started.bridge.store.keep_bookmark(BOOKMARK, before)
    await started.restart()

    assert (await caught_up(started)).changed == 1

    writes = started.gate.writes()
    await started.bridge.store.keep_bookmark(BOOKMARK, before)
    await started.restart()
    assert (await caught_up(started)).changed == 1
    assert started.status(rental) == "granted"
    assert (started.gate.writes(), len(writes)) == (writes, len(set(writes)))


async def a_crowd(house: House) -> list[str]:
    """Have 130 rentals begin unheard."""
    units = [house.world.create_unit(SITE, f"P-{number:03}").id for number in range(130)]
    rentals = [house.world.move_in(JONAS, unit).id for unit in units]
    lose(house)
    house.clock.advance(minutes=QUARTER)
    return rentals


async def test_a_crowd_is_found_to_the_last_in_pages_of_any_length(started: House) -> None:
    rentals = await a_crowd(started)
    inner = started.platform.handle_async_request

    async def cut_short(request: httpx.Request) -> httpx.Response:
        if is_list(request):
            request = httpx.Request("GET", request.url.copy_set_param("limit", "50"), headers=request.headers)
        return await inner(request)

    started.platform.handle_async_request = cut_short  # type: ignore[method-assign] # the wire, not our own code
    came_to = await started.bridge.catch_up.catch_up()
    assert (came_to.changed, came_to.missed) == (len(rentals), len(rentals))


async def test_a_rental_that_moves_to_another_page_meanwhile_hides_no_other(started: House) -> None:
    rentals = await a_crowd(started)
    listed = 0

    def without_one_at_first(request: httpx.Request, answer: Any) -> Any:
        nonlocal listed
        if not is_list(request) or "state" in request.url.params:
            return answer
        listed += 1
        return [row for row in answer if listed > 1 or row["id"] != rentals[110]]

    started.platform.spoil = without_one_at_first
    assert (await started.bridge.catch_up.catch_up()).changed == len(rentals)
