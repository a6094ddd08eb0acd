"""A sweep of one site marks what is known there, and nothing else."""

import pytest

from bridge.domain.ids import ConnectionName, SiteId
from bridge.domain.outcome import Dead, RetryAt
from bridge.ports.store import Priority, Store
from tests.contracts.store_builders import LAKESIDE, START, SetClock, a_key, claim_one, claimed, end, mark, tenants

pytestmark = pytest.mark.anyio
HERE = (LAKESIDE, SiteId("site1"))


async def test_a_sites_subjects_are_marked_and_the_dead_too(store: Store) -> None:
    await mark(store, a_key("t1"), a_key("t2"), a_key("t3", site="site2"))
    first, second, third = await store.claim_subjects(3)
    for claim, outcome in ((first, None), (second, Dead(why="never")), (third, None)):
        await end(store, claim, outcome)
    assert await store.mark_known(priority=Priority.SWEEP, site=HERE) == 2
    assert tenants(await store.claim_subjects(3)) == ["t1", "t2"]


@pytest.mark.parametrize(
    "site", [(LAKESIDE, SiteId("site2")), (LAKESIDE, SiteId("")), (ConnectionName("hillside"), SiteId("site1"))]
)
async def test_a_site_of_which_nobody_is_known_marks_none(store: Store, site: tuple[ConnectionName, SiteId]) -> None:
    await end(store, await claimed(store))
    assert await store.mark_known(priority=Priority.SWEEP, site=site) == 0
    assert await store.claim_subjects(1) == []


async def test_marking_a_site_twice_is_one_run(store: Store) -> None:
    await end(store, await claimed(store))
    for _ in range(2):
        await store.mark_known(priority=Priority.SWEEP, site=HERE)
    await end(store, await claim_one(store))
    assert await store.claim_subjects(1) == []


async def test_a_site_swept_during_a_run_is_looked_at_after_it(store: Store) -> None:
    claim = await claimed(store)
    assert await store.mark_known(priority=Priority.SWEEP, site=HERE) == 1
    assert await store.claim_subjects(1) == []
    await end(store, claim)
    assert tenants(await store.claim_subjects(1)) == ["tenant1"]


async def test_a_swept_site_waits_behind_live_work_and_retries(store: Store, clock: SetClock) -> None:
    await end(store, await claimed(store, a_key("idle")))
    await end(store, await claimed(store, a_key("retry")), RetryAt(when=START, why="no answer"))
    await store.mark_known(priority=Priority.SWEEP, site=HERE)
    await mark(store, a_key("live"), at=clock.move(seconds=1))
    assert tenants(await store.claim_subjects(3)) == ["live", "retry", "idle"]


async def test_more_subjects_than_a_page_are_all_marked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.store.store.SWEEP_PAGE", 2)
    await mark(store, *(a_key(f"t{number}", site=f"site{number % 2 + 1}") for number in range(9)))
    for claim in await store.claim_subjects(9):
        await end(store, claim)
    assert await store.mark_known(priority=Priority.SWEEP, site=HERE) == 5
    assert tenants(await store.claim_subjects(9)) == ["t0", "t2", "t4", "t6", "t8"]
