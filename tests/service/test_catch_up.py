"""Catching up: what no delivery told is found by what has changed, before any sweep."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.domain.catch_up import Place
from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import ConnectionName, SiteId
from bridge.domain.policy import SitePolicy
from bridge.service.catch_up import LOOK_BACK, CaughtUp
from tests.service.building import ZONE, open_house
from tests.service.catching_up import BOOKMARK, HILLSIDE, QUARTER, caught_up, is_list, missed
from tests.service.house import JONAS, MIRA, SITE, House
from tests.service.test_units_people_and_days import lose

pytestmark = pytest.mark.anyio


async def test_after_a_day_away_all_is_in_step_before_any_sweep(house: House) -> None:
    leaves, moves, owes = house.move_in("B-014"), house.move_in("B-021", JONAS), house.move_in("B-027", JONAS)
    pays = house.move_in("B-030")
    house.world.mark_overdue(pays)
    await house.settle()
    await caught_up(house)
    codes = {rental: house.code(rental) for rental in (leaves, moves, owes, pays)}
    house.clock.advance(hours=2)
    house.move_out(leaves)
    heir = house.transfer(moves, "B-014")
    house.world.mark_overdue(owes)
    house.world.pay(pays)
    comes = house.move_in("B-021", MIRA)
    lose(house)
    house.clock.advance(hours=22)
    await house.restart()
    house.gate.requests.clear()

    came_to = await caught_up(house)

    assert [house.status(rental) for rental in (leaves, moves, heir, owes, pays, comes)] == [
        "revoked",
        "revoked",
        "granted",
        "suspended: overdue",
        "granted",
        "granted",
    ]
    assert await house.keypad("B-030", codes[pays]) == "ok"
    assert await house.keypad("B-021", codes[pays]) == "ok"
    assert await house.keypad("B-027", codes[owes]) != "ok"
    assert await house.keypad("B-021", codes[moves]) != "ok"
    assert await house.keypad("B-014", codes[moves]) == "ok"
    assert await house.keypad("B-014", codes[leaves]) != "ok"
    assert (came_to.changed, came_to.found, came_to.missed) == (6, 0, 2)
    assert [row.entry.details["count"] for row in await missed(house)] == ["2"]


async def test_what_was_caught_up_with_is_written_once(started: House) -> None:
    started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(hours=24)
    await started.restart()
    await caught_up(started)
    started.gate.requests.clear()
    started.platform.requests.clear()
    for _ in range(3):
        started.clock.advance(minutes=QUARTER)
        await caught_up(started)
    assert (started.gate.writes(), started.platform.writes()) == ([], [])
    assert started.platform.calls() != []


@pytest.fixture
async def two_sites(tmp_path: Path) -> AsyncIterator[House]:
    policy = SitePolicy(zone=ZONE)
    async with open_house(tmp_path, policies={SITE: policy, HILLSIDE: policy}) as house:
        house.world.create_site(code="hillside", title="Hillside", site_id=HILLSIDE)
        house.world.create_unit(HILLSIDE, "H-001", unit_id="66f1a0c2b7d4e90015c0d901", fields={"gate_id": "H-001"})
        yield house


async def test_who_has_left_meanwhile_is_found_where_lists_hide_the_ended(tmp_path: Path) -> None:
    async with open_house(tmp_path, list_hides_ended=True) as house:
        rental = house.move_in("B-014")
        await house.settle()
        await caught_up(house)
        code = house.code(rental)
        house.clock.advance(minutes=1)
        house.move_out(rental)
        lose(house)
        house.clock.advance(hours=24)
        assert (await caught_up(house)).missed == 1
        assert house.status(rental) == "revoked"
        assert await house.keypad("B-014", code) != "ok"


async def test_nobody_who_came_and_left_unheard_becomes_known(started: House) -> None:
    rental = started.move_in("B-021", JONAS)
    started.move_out(rental)
    started.move_in("B-027", JONAS, auto_complete=False)
    lose(started)
    started.clock.advance(hours=5)
    came_to = await caught_up(started)
    assert (came_to.found, came_to.missed) == (0, 2)
    assert started.fields(rental) == {}


async def test_without_a_bookmark_it_begins_some_days_ago_and_calls_nothing_missed(house: House) -> None:
    old = house.move_in("B-014")
    house.clock.advance(days=LOOK_BACK.days, hours=1)
    rental = house.move_in("B-021", JONAS)
    lose(house)
    house.clock.advance(hours=1)
    assert await caught_up(house) == CaughtUp(changed=1, found=1)
    assert (house.status(old), house.status(rental)) == (None, "granted")
    assert await missed(house) == []


async def test_asked_to_look_further_back_it_does_and_tells_only_what_is_news(started: House) -> None:
    early = started.move_in("B-021", JONAS)
    lose(started)
    await started.bridge.store.keep_bookmark(BOOKMARK, Place(at=started.clock.now() + timedelta(hours=1)).to_text())
    started.clock.advance(hours=2)
    assert (await caught_up(started)).found == 0
    since = started.clock.now() - timedelta(hours=6)
    assert await caught_up(started, since=since) == CaughtUp(changed=2, found=1)
    assert started.status(early) == "granted"


async def test_asked_to_look_less_far_back_it_skips_nothing(started: House) -> None:
    started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(hours=5)
    assert (await caught_up(started, since=started.clock.now())).found == 1


async def test_a_connection_without_sites_is_a_mistake(house: House) -> None:
    with pytest.raises(NotFoundHere, match="hillside"):
        await house.bridge.catch_up.catch_up(connection=ConnectionName("hillside"))


@pytest.mark.parametrize("away", [SITE, HILLSIDE])
async def test_one_site_that_fails_stops_no_other_and_keeps_its_own_bookmark(two_sites: House, away: SiteId) -> None:
    house = two_sites
    await caught_up(house)
    rentals = {SITE: house.move_in(), HILLSIDE: house.world.move_in(JONAS, "66f1a0c2b7d4e90015c0d901").id}
    lose(house)
    house.clock.advance(minutes=QUARTER)

    def spoil(request: httpx.Request, answer: Any) -> Any:
        return {} if is_list(request) and request.url.params["siteId"] == away else answer

    house.platform.spoil = spoil
    came_to = await caught_up(house)
    first = {site: house.status(rental) for site, rental in rentals.items()}
    house.platform.spoil = None
    await caught_up(house)

    assert (came_to.missed, [failed.site for failed in came_to.not_listed]) == (1, [away])
    assert first == {site: None if site == away else "granted" for site in rentals}
    assert {house.status(rental) for rental in rentals.values()} == {"granted"}
