"""A site that is slow or noisy keeps nobody at another site waiting."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.sandbox.gate import GateSettings
from bridge.service.shares import Shares, share_of
from tests.service.hilltop import HILLTOP, open_two_sites
from tests.service.house import House
from tests.service.test_breakers import tenants
from tests.service.test_worker import PATIENCE, at_rest, at_work

pytestmark = pytest.mark.anyio
SLOTS = 4


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_two_sites(tmp_path, gate_elsewhere=GateSettings()) as opened:
        yield opened


async def test_a_site_whose_vendor_hangs_holds_its_share_of_places_only(house: House) -> None:
    slow = tenants(house, number=10)
    house.gate.hold_answers("GET")
    async with at_work(house.worker(concurrency=SLOTS, site_shares=Shares(each=share_of(SLOTS, 2)))) as worker:
        await house.deliver()
        worker.nudge()
        async with asyncio.timeout(PATIENCE):
            while house.gate.running < 3:  # noqa: ASYNC110 - what is waited for has no event to offer
                await asyncio.sleep(0.01)
        quick = tenants(house, HILLTOP, number=5)
        await house.deliver()
        worker.nudge()
        async with asyncio.timeout(PATIENCE):
            while {house.status(rental) for rental in quick} != {"granted"}:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        hanging = house.gate.running
        house.gate.release()
        await at_rest(house)

    assert hanging == 3
    assert {house.status(rental) for rental in slow} == {"granted"}
