"""A bad day on the platform, from its first wrong answer to its last: nobody loses more than the budgets allow."""

from pathlib import Path

import httpx
import pytest

from bridge.domain.budgets import Budget, Budgets, SiteBudgets
from bridge.sandbox.platform import BatchForm
from bridge.service.swept import Swept
from tests.service.building import open_house
from tests.service.house import JONAS, House
from tests.service.mass import Renter, codes_of, move_in_many, open_doors
from tests.service.test_listing_sweep import swept

pytestmark = pytest.mark.anyio
TENANTS = 30
SUSPENSIONS = 5
BUDGETS = SiteBudgets(
    site=Budgets(removals=Budget(per_hour=10, percent_per_day=20), suspensions=Budget(per_hour=SUSPENSIONS))
)


def is_a_list(request: httpx.Request) -> bool:
    return request.method == "GET" and request.url.path.endswith("/unit-rentals")


async def an_hour_of_empty_lists(house: House, renters: list[Renter]) -> None:
    """Sweep and hear of tenants while every list is empty, of a site and of a tenant."""
    house.platform.spoil = lambda request, answer: [] if is_a_list(request) else answer
    for quarter in range(4):
        for one in renters[quarter::4]:
            house.edit(one.rental, note="changed")
        await house.deliver()
        await swept(house)
        await house.later(minutes=15)
    house.platform.spoil = None


async def test_an_hour_of_empty_lists_and_then_everybody_overdue_by_mistake(tmp_path: Path) -> None:
    async with open_house(tmp_path, budgets=BUDGETS) as house:
        renters = await move_in_many(house, TENANTS)
        await swept(house)
        codes = codes_of(house, renters)

        await an_hour_of_empty_lists(house, renters)
        assert await open_doors(house, renters, codes) == TENANTS
        assert await house.alerts() == ["source_unknown"]
        await swept(house)
        assert await house.alerts() == ["source_unknown"], "that it is over needs nobody"

        house.world.mark_overdue_batch([one.rental for one in renters], BatchForm.ONE_EVENT)
        newcomer = house.move_in("B-014", JONAS)
        await house.settle()
        await house.restart()
        for _ in range(4):
            await house.later(minutes=30)
            await swept(house)
        assert await open_doors(house, renters, codes) == TENANTS - SUSPENSIONS
        assert house.status(newcomer) == "granted"
        assert await house.alerts() == ["source_unknown", "suspensions_held"]

        for one in renters:
            house.world.pay(one.rental)
        await house.settle()
        assert await open_doors(house, renters, codes) == TENANTS
        assert {str(house.status(one.rental)) for one in renters} == {"granted"}
        assert list(await house.bridge.desk.holds.listed()) == []
        assert await house.alerts() == ["source_unknown", "suspensions_held"]
        assert await swept(house) == Swept(in_step=TENANTS + 1)
