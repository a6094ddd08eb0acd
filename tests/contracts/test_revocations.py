"""Revoked access is kept, read with each run, and overtakes everything, whatever the store is made of."""

from datetime import timedelta
from pathlib import Path

import pytest

from bridge.domain.dead_letters import Signature
from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import ConnectionName, SiteId
from bridge.domain.outcome import Dead, Done, RetryAt
from bridge.domain.revocations import Banned, revocation
from bridge.ports.proof import WHOLE
from bridge.ports.store import Priority, Store
from tests.contracts.store_builders import (
    LAKESIDE,
    START,
    SetClock,
    a_key,
    a_sighting,
    claim_one,
    claimed,
    end,
    mark,
    tenants,
)
from tests.contracts.store_engines import opened

pytestmark = pytest.mark.anyio
SAM = Signature(who="sam", at=START, reason="threatened the staff")
T1 = Banned(connection=LAKESIDE, tenant=a_key("t1").tenant)
SITE1, SITE2 = SiteId("site1"), SiteId("site2")
AT_SITE2 = Banned(connection=LAKESIDE, tenant=T1.tenant, site=SITE2)


async def test_it_overtakes_a_queue_of_a_thousand_swept_ones_and_every_live_one(store: Store, clock: SetClock) -> None:
    swept = [a_sighting(a_key(f"s{number:04}")) for number in range(1000)]
    await store.mark_seen(swept, priority=Priority.SWEEP, transfers={})
    clock.move(seconds=1)
    await mark(store, a_key("t1"), a_key("t1", "site2"), *(a_key(f"live{number}") for number in range(20)))
    assert await store.next_subject_due(only_emergencies=True) is None
    clock.move(seconds=1)
    assert await store.keep_revocation(T1, SAM) == [a_key("t1"), a_key("t1", "site2")]
    assert await store.next_subject_due(only_emergencies=True) is not None
    assert tenants(await store.claim_subjects(3))[:2] == ["t1", "t1"]


async def test_only_emergencies_are_claimed_where_only_they_are_asked_for(store: Store) -> None:
    await mark(store, a_key("t1"), a_key("t1", "site2"), a_key("t2"))
    await store.keep_revocation(T1, SAM)
    elsewhere = {(LAKESIDE, SITE1)}
    assert await store.next_subject_due(only_emergencies=True, without=elsewhere) == START
    (claim,) = await store.claim_subjects(9, only_emergencies=True, without=elsewhere)
    assert claim.key == a_key("t1", "site2")
    assert tenants(await store.claim_subjects(9, only_emergencies=True)) == ["t1"]
    assert await store.claim_subjects(9, only_emergencies=True) == []
    assert await store.next_subject_due(only_emergencies=True) is None
    assert tenants(await store.claim_subjects(9)) == ["t2"]


async def test_every_reading_tells_of_it_those_of_somebody_unknown_too(store: Store) -> None:
    await mark(store, a_key("t1"))
    await store.keep_revocation(T1, SAM)
    kept = revocation(T1, SAM)
    assert [(await store.load(a_key("t1", site))).revocation for site in ("site1", "site9")] == [kept, kept]
    assert (await store.begin(await claim_one(store))).revocation == kept
    assert (await store.load(a_key("t2"))).revocation is None
    other = a_key("t1")
    elsewhere = type(other)(connection=ConnectionName("hillside"), site=other.site, tenant=other.tenant)
    assert (await store.load(elsewhere)).revocation is None


async def test_at_one_site_it_is_for_that_site(store: Store) -> None:
    await mark(store, a_key("t1"), a_key("t1", "site2"))
    assert await store.keep_revocation(AT_SITE2, SAM) == [a_key("t1", "site2")]
    assert (await store.load(a_key("t1"))).revocation is None
    assert (await store.load(a_key("t1", "site2"))).revocation == revocation(AT_SITE2, SAM)


async def test_a_run_under_way_is_followed_by_one_that_knows_of_it(store: Store) -> None:
    running = await claimed(store, a_key("t1"))
    assert (await store.begin(running)).revocation is None
    await store.keep_revocation(T1, SAM)
    assert await store.claim_subjects(5) == [], "never two runs of one subject"
    await end(store, running)
    assert await store.next_subject_due(only_emergencies=True) == START
    (again,) = await store.claim_subjects(5, only_emergencies=True)
    assert (await store.begin(again)).revocation is not None


async def test_its_retry_goes_first_too(store: Store, clock: SetClock) -> None:
    await mark(store, a_key("t1"))
    await store.keep_revocation(T1, SAM)
    retry = RetryAt(when=START + timedelta(seconds=1), why="no answer")
    await end(store, await claim_one(store), retry)
    await mark(store, a_key("live"), at=clock.move(seconds=2))
    assert tenants(await store.claim_subjects(2)) == ["t1", "live"]


async def test_it_revives_what_was_given_up(store: Store) -> None:
    await end(store, await claimed(store, a_key("t1")), Dead(why="refused"))
    await store.keep_revocation(T1, SAM)
    assert tenants(await store.claim_subjects(2)) == ["t1"]


async def test_twice_is_as_once_but_for_another_try_and_its_entry(store: Store, clock: SetClock) -> None:
    await mark(store, a_key("t1"))
    await store.keep_revocation(T1, SAM)
    await end(store, await claim_one(store), Done())
    later = Signature(who="kim", at=clock.move(minutes=1), reason="again")
    await store.keep_revocation(T1, later)
    assert list(await store.list_revocations()) == [revocation(T1, SAM)]
    assert tenants(await store.claim_subjects(2)) == ["t1"]
    assert [(what, who) for what, who, _ in await told(store)] == [("access_revoked", "sam"), ("access_revoked", "kim")]


async def test_what_is_lifted_is_over_and_is_no_emergency_any_more(store: Store) -> None:
    await mark(store, a_key("t1"), a_key("live"))
    await store.keep_revocation(T1, SAM)
    await store.keep_revocation(AT_SITE2, SAM)
    assert await store.lift_revocation(T1, SAM) == [a_key("t1")]
    assert list(await store.list_revocations()) == []
    assert await store.next_subject_due(only_emergencies=True) is None
    assert sorted(tenants(await store.claim_subjects(5))) == ["live", "t1"]
    assert (await store.load(a_key("t1"))).revocation is None


async def test_lifted_at_one_site_the_others_stay_as_they_are(store: Store) -> None:
    await store.keep_revocation(T1, SAM)
    with pytest.raises(NotFoundHere, match="t1"):
        await store.lift_revocation(AT_SITE2, SAM)
    await store.keep_revocation(AT_SITE2, SAM)
    await store.lift_revocation(AT_SITE2, SAM)
    assert [one.banned for one in await store.list_revocations()] == [T1]
    await store.lift_revocation(T1, SAM)
    with pytest.raises(NotFoundHere):
        await store.lift_revocation(T1, SAM)


async def test_both_acts_are_in_the_ledger_by_name_and_reason(store: Store) -> None:
    await mark(store, a_key("t1"), a_key("t1", "site2"))
    await store.keep_revocation(T1, SAM)
    await store.lift_revocation(T1, Signature(who="kim", at=START, reason="it was somebody else"))
    entries = await told(store)
    assert [(what, who) for what, who, _ in entries] == [("access_revoked", "sam")] * 2 + [
        ("revocation_lifted", "kim")
    ] * 2
    assert [site for _, _, site in entries] == ["site1", "site2"] * 2


async def told(store: Store) -> list[tuple[str, str, str | None]]:
    rows = await store.read_ledger(WHOLE, after=0, through=await store.ledger_end(), limit=100)
    entries = [row.entry for row in rows if row.entry is not None]
    return [(e.what, e.details["who"], None if e.subject is None else e.subject.site) for e in entries]


async def test_it_outlives_a_restart_in_the_middle_of_its_run(tmp_path: Path, clock: SetClock) -> None:
    async with opened("sqlite", tmp_path, clock) as store:
        await mark(store, a_key("t1"))
        await store.keep_revocation(T1, SAM)
        await claim_one(store)
    async with opened("sqlite", tmp_path, clock) as store:
        assert list(await store.list_revocations()) == [revocation(T1, SAM)]
        (claim,) = await store.claim_subjects(5, only_emergencies=True)
        assert (await store.begin(claim)).revocation == revocation(T1, SAM)
