"""Whoever was let through to see whether a vendor answers is run, or its site would wait for that for ever."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from bridge.domain.deliveries import ClaimedSubject, Sighting
from bridge.domain.errors import StoreUnavailable
from bridge.domain.ids import SiteKey
from bridge.ports.store import Priority, SubjectQueue
from bridge.service.reachable import ReachableSubjects
from tests.service.hilltop import open_two_sites
from tests.service.house import SITE, House
from tests.service.test_breakers import later, settled, state, tenants, work

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_two_sites(tmp_path) as opened:
        yield opened


class Faltering:
    """A queue that takes no work at one of the times that it is asked."""

    def __init__(self, queue: SubjectQueue, *, at: int) -> None:
        self._queue = queue
        self._left = at

    async def claim_subjects(
        self,
        limit: int,
        *,
        without: Collection[SiteKey] = (),
        closing_first: Collection[SiteKey] = (),
        only_emergencies: bool = False,
    ) -> Sequence[ClaimedSubject]:
        self._left -= 1
        if self._left == 0:
            raise StoreUnavailable("for a moment")
        return await self._queue.claim_subjects(
            limit, without=without, closing_first=closing_first, only_emergencies=only_emergencies
        )

    async def next_subject_due(
        self, *, without: Collection[SiteKey] = (), only_emergencies: bool = False
    ) -> datetime | None:
        return await self._queue.next_subject_due(without=without, only_emergencies=only_emergencies)

    async def mark_known(self, *, priority: Priority, site: SiteKey | None = None) -> int:
        return await self._queue.mark_known(priority=priority, site=site)

    async def mark_new(self, sightings: Sequence[Sighting], *, priority: Priority) -> int:
        return await self._queue.mark_new(sightings, priority=priority)


async def shut(house: House) -> list[str]:
    """Have the vendor fail until it is left alone, then mend it and let the first pause pass; return the rentals."""
    rentals = tenants(house, number=8)
    await settled(house)
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    for rental in rentals:
        house.world.mark_overdue(rental)
    await work(house)
    assert list(state(house)) == [SITE]
    await house.mend_gate()
    house.clock.advance(seconds=30)
    return rentals


async def test_a_probe_is_handed_out_though_the_store_takes_no_more_work_just_then(house: House) -> None:
    rentals = await shut(house)
    store, breakers = house.bridge.store, house.bridge.breakers
    queue = ReachableSubjects(queue=Faltering(store, at=2), breakers=breakers)
    (probe,) = await queue.claim_subjects(9)
    await breakers.watch(probe, house.bridge.converger.run)
    assert state(house) == {}
    await later(house, 60)
    assert {house.status(rental) for rental in rentals} == {"suspended: overdue"}


async def test_without_a_probe_the_stores_refusal_is_told_and_another_claim_finds_one(house: House) -> None:
    await shut(house)
    queue = ReachableSubjects(queue=Faltering(house.bridge.store, at=1), breakers=house.bridge.breakers)
    with pytest.raises(StoreUnavailable):
        await queue.claim_subjects(9)
    assert len(await queue.claim_subjects(9)) == 1
