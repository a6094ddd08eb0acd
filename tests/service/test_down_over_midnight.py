"""A bridge that was down while a day began catches up by itself, without an event and without a sweep."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.domain.policy import MoveOutPolicy, SitePolicy
from tests.service.building import ZONE, open_house
from tests.service.house import House

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, policy=SitePolicy(zone=ZONE, move_out_date=MoveOutPolicy.END_OF_DAY)) as opened:
        yield opened


async def back_after(house: House, **delta: float) -> None:
    """Start the bridge again when that time has passed, with nothing delivered in between."""
    house.clock.advance(**delta)
    await house.restart()
    await house.settle()


async def test_a_start_in_the_night_is_made_up_for(house: House) -> None:
    tomorrow = house.clock.now().date() + timedelta(days=1)
    rental = house.move_in("B-014", start_date=tomorrow)
    house.world.complete_move_in(rental)
    await house.settle()
    assert house.status(rental) == "suspended: not_started"
    assert await house.keypad("B-014", house.code(rental)) != "ok"

    await back_after(house, hours=15)

    assert house.status(rental) == "granted"
    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_a_move_out_date_that_passed_in_the_night_is_made_up_for(house: House) -> None:
    rental = house.move_in("B-014")
    house.world.schedule_move_out(rental, house.clock.now().date())
    house.edit(rental, overlocked=False)  # an event that has the bridge look, and see the move-out
    await house.settle()
    assert await house.keypad("B-014", house.code(rental)) == "ok"

    await back_after(house, hours=15)

    assert house.status(rental) == "suspended: move_out_passed"
    assert await house.keypad("B-014", house.code(rental)) != "ok"
