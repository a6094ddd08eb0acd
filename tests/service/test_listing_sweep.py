"""A sweep that lists: tenants of whom no delivery ever came are found, and no list takes anything from anybody."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.domain.ids import SiteId
from bridge.domain.policy import SitePolicy
from bridge.sandbox.platform import ApiFault, ApiFaultKind
from bridge.sandbox.platform.records import RentalState
from bridge.service.swept import Swept
from tests.service.building import ZONE, open_house
from tests.service.house import JONAS, MIRA, SITE, House
from tests.service.test_units_people_and_days import DAILY, fates, lose, tell

pytestmark = pytest.mark.anyio
HILLSIDE = SiteId("66f1a0c2b7d4e90015c0e009")
LIST = "GET admin/unit-rentals"
AWAY = ApiFault(kind=ApiFaultKind.STATUS, status=503, remaining=1000)


def moves_in_unheard(house: House, door: str = "B-014", tenant: str = MIRA) -> str:
    """Move somebody in, and lose all that the platform tells of it."""
    rental = house.move_in(door, tenant)
    lose(house)
    return rental


def is_whole_site(request: httpx.Request) -> bool:
    """Tell whether a call lists a site, not one tenant's rentals there."""
    return request.url.path.endswith("/unit-rentals") and "ownerId" not in request.url.params


async def swept(house: House) -> Swept:
    """Sweep, and work until nothing is due."""
    came_to = await house.bridge.sweeper.sweep()
    await house.settle()
    return came_to


async def test_a_tenant_of_whom_no_delivery_ever_came_is_found(house: House) -> None:
    rental = moves_in_unheard(house)

    assert await swept(house) == Swept(found=1)

    assert house.status(rental) == "granted"
    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_the_daily_sign_finds_them_too_and_tells_how_many(house: House) -> None:
    house.move_in("B-021", JONAS)
    await house.settle()
    rental = moves_in_unheard(house)

    await tell(house, DAILY)
    await house.settle()

    assert house.status(rental) == "granted"
    assert await fates(house, DAILY) == ["done: known tenants to be looked at again: 0, found anew: 1"]


async def test_a_second_sweep_of_an_unchanged_site_writes_nothing(house: House) -> None:
    moves_in_unheard(house)
    moves_in_unheard(house, "B-021", JONAS)
    first = await swept(house)
    house.platform.requests.clear()
    house.gate.requests.clear()

    assert (first, await swept(house)) == (Swept(found=2), Swept(in_step=2))
    assert (house.platform.writes(), house.gate.writes()) == ([], [])
    assert house.platform.calls() == [LIST], "one list of the site and no look at any tenant alone"


@pytest.mark.parametrize("state", [RentalState.RESERVED, RentalState.SUBMITTED, RentalState.ENDED])
async def test_who_has_no_rental_that_earns_access_is_not_even_looked_at(house: House, state: RentalState) -> None:
    rental = moves_in_unheard(house)
    house.world.books.rentals.change(rental, state=state)

    assert await swept(house) == Swept()
    assert house.platform.calls() == [LIST]


async def test_a_tenant_who_is_missing_from_the_list_keeps_their_access(house: House) -> None:
    rental, other = house.move_in("B-014"), house.move_in("B-021", JONAS)
    await house.settle()

    def without_mira(request: httpx.Request, answer: Any) -> Any:
        is_list = request.url.path.endswith("/unit-rentals")
        return [row for row in answer if row["ownerId"] != MIRA] if is_list else answer

    house.platform.spoil = without_mira
    assert await swept(house) == Swept(known=1, in_step=1)

    assert (house.status(rental), house.status(other)) == ("granted", "granted")
    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_an_empty_list_takes_nothing_from_anybody(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.platform.spoil = lambda request, answer: [] if request.url.path.endswith("/unit-rentals") else answer

    await swept(house)

    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_only_the_rentals_own_word_ends_what_no_list_shows(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    house.move_out(rental)
    lose(house)
    house.platform.spoil = lambda request, answer: [] if request.url.path.endswith("/unit-rentals") else answer

    await swept(house)

    assert house.status(rental) == "revoked"
    assert await house.keypad("B-014", code) != "ok"


async def test_a_list_of_which_one_row_is_wrong_adds_nobody_and_marks_all_who_are_known(house: House) -> None:
    known = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(known)
    unheard = moves_in_unheard(house, "B-021", JONAS)

    def with_a_stranger(request: httpx.Request, answer: Any) -> Any:
        return [*answer, {**answer[0], "id": "r1", "siteId": HILLSIDE}] if is_whole_site(request) else answer

    house.platform.spoil = with_a_stranger
    came_to = await swept(house)

    assert (came_to.known, came_to.found, [missed.site for missed in came_to.not_listed]) == (1, 0, [SITE])
    assert house.status(known) == "suspended: overdue"
    assert house.status(unheard) is None
    assert await house.alerts() == ["site_not_listed"]


async def test_a_site_that_stays_unlisted_is_told_once_an_hour(house: House) -> None:
    house.fault_platform(AWAY)
    for _ in range(3):
        await house.bridge.sweeper.sweep()
        house.clock.advance(minutes=25)
    assert await house.alerts() == ["site_not_listed"]

    house.clock.advance(minutes=10)
    await house.bridge.sweeper.sweep()

    assert await house.alerts() == ["site_not_listed"] * 2


async def test_a_list_that_takes_too_long_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.service.listing.LISTING_SECONDS", 0.05)
    house.platform.hold_answers("GET")

    (missed,) = (await house.bridge.sweeper.sweep()).not_listed

    assert missed.why == "the rentals were not listed within 0 s"


@pytest.fixture
async def two_sites(tmp_path: Path) -> AsyncIterator[House]:
    policy = SitePolicy(zone=ZONE)
    async with open_house(tmp_path, policies={SITE: policy, HILLSIDE: policy}) as house:
        house.world.create_site(code="hillside", title="Hillside", site_id=HILLSIDE)
        house.world.create_unit(HILLSIDE, "H-001", unit_id="66f1a0c2b7d4e90015c0d901", fields={"gate_id": "H-001"})
        yield house


@pytest.mark.parametrize("away", [SITE, HILLSIDE])
async def test_one_site_that_cannot_be_listed_stops_no_other(two_sites: House, away: SiteId) -> None:
    house = two_sites
    here = moves_in_unheard(house)
    there = house.world.move_in(JONAS, "66f1a0c2b7d4e90015c0d901").id
    lose(house)

    def no_list(request: httpx.Request, answer: Any) -> Any:
        return {} if is_whole_site(request) and request.url.params["siteId"] == away else answer

    house.platform.spoil = no_list
    came_to = await swept(house)

    assert (came_to.found, [missed.site for missed in came_to.not_listed]) == (1, [away])
    granted = {SITE: [here], HILLSIDE: [there]}
    assert {site: house.status(rental) for site, (rental,) in granted.items()} == {
        site: None if site == away else "granted" for site in granted
    }


async def test_a_daily_sign_whose_list_fails_is_tried_again_and_marks_the_known_once(house: House) -> None:
    known = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(known)
    unheard = moves_in_unheard(house, "B-021", JONAS)
    house.platform.spoil = lambda request, answer: {} if is_whole_site(request) else answer
    await tell(house, DAILY)

    first = await house.settle()
    tries = [await house.later(minutes=1) for _ in range(3)]
    waiting = await fates(house, DAILY)
    statuses = house.status(known), house.status(unheard)
    house.platform.spoil = None
    await house.later(minutes=2)

    assert (first, tries) == (1, [0, 0, 0]), "no try of the list alone makes anybody due"
    assert waiting == ["new: unit-rentals: the answer is no list"]
    assert statuses == ("suspended: overdue", None)
    assert house.status(unheard) == "granted"
    assert await fates(house, DAILY) == ["done: known tenants to be looked at again: 0, found anew: 1"]
    assert await house.alerts() == ["site_not_listed"]
