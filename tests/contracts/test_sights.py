"""How a run left somebody at the vendor is kept through restarts, and forgotten on demand, in every store."""

from datetime import timedelta

import pytest

from bridge.domain.changes import EntryState
from bridge.domain.drift import Aspect, Drift, DriftKind, Left, Sight
from bridge.domain.ids import RentalId, SiteId, TargetId
from bridge.domain.outcome import Done
from bridge.ports.store import Store, SubjectCommit
from tests.contracts.store_builders import START, a_key, claim_one, claimed, mark

pytestmark = pytest.mark.anyio
A = TargetId("A")
LEFT = Drift(
    kind=DriftKind.CHANGED, aspect=Aspect.CODE, target=None, since=START, left=Left.REPORT, rentals=(RentalId("r1"),)
)
SIGHT = Sight(
    exists=True,
    is_code_right=True,
    entries={A: EntryState.ACTIVE, TargetId("B"): EntryState.SUSPENDED},
    healed={(Aspect.DOOR, A): (START, START + timedelta(hours=1, microseconds=3)), (Aspect.CODE, None): (START,)},
    left=(LEFT,),
)


async def kept(store: Store) -> None:
    end = SubjectCommit(outcome=Done(), sight=SIGHT, is_first_sight=True)
    await store.commit(await claimed(store), end)


async def test_it_is_read_back_as_it_was_and_stays_where_a_run_says_nothing(store: Store) -> None:
    assert (await store.load(a_key())).sight is None
    await kept(store)
    assert (await store.load(a_key())).sight == SIGHT
    await mark(store, a_key(), event="second")
    claim = await claim_one(store)
    assert (await store.begin(claim)).sight == SIGHT
    await store.commit(claim, SubjectCommit(outcome=Done()))
    assert (await store.load(a_key())).sight == SIGHT


async def test_what_was_left_is_listed_by_site_until_a_run_leaves_nothing(store: Store) -> None:
    await kept(store)
    (row,) = await store.list_drift()
    assert (row.subject, row.drift) == (a_key(), LEFT)
    assert await store.list_drift(a_key().site) == [row]
    assert await store.list_drift(SiteId("elsewhere")) == []
    await mark(store, a_key(), event="second")
    await store.commit(await claim_one(store), SubjectCommit(outcome=Done(), sight=Sight(exists=True)))
    assert await store.list_drift() == []
    assert (await store.load(a_key())).sight == Sight(exists=True)


async def test_what_is_forgotten_during_a_run_is_not_brought_back_by_its_end(store: Store) -> None:
    await kept(store)
    await mark(store, a_key(), event="second")
    claim = await claim_one(store)
    await store.forget_sights([a_key(), a_key("tenant2")])
    await store.commit(claim, SubjectCommit(outcome=Done(), sight=SIGHT))
    assert (await store.load(a_key())).sight is None
    await store.forget_sights([a_key()])
