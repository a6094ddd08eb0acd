"""The house that the stories of this room are played in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.service.building import open_house
from tests.service.catching_up import QUARTER, caught_up
from tests.service.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def started(house: House) -> House:
    """A house that has a bookmark, and a tenant who lived there before."""
    house.move_in("B-014")
    await house.settle()
    await caught_up(house)
    house.clock.advance(minutes=QUARTER)
    await caught_up(house)
    house.platform.requests.clear()
    house.gate.requests.clear()
    return house
