"""What is paused is kept, and paused sites are passed over, whatever the store is made of."""

from datetime import timedelta
from pathlib import Path

import pytest

from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import ConnectionName, SiteId
from bridge.domain.ledger import LedgerKind
from bridge.domain.outcome import RetryAt
from bridge.domain.pauses import Pause, Place, Scope
from bridge.ports.store import Priority, Store
from bridge.store import LEASE, paused_in
from tests.contracts.store_builders import LAKESIDE, START, SetClock, a_key, an_entry, claimed, end, mark, tenants
from tests.contracts.store_engines import opened

pytestmark = pytest.mark.anyio
SITE1 = (LAKESIDE, SiteId("site1"))
EVERYTHING = Place(scope=Scope.ALL)
TOLD = an_entry("paused", LedgerKind.ALERT)


def a_pause(place: Place = EVERYTHING, *, minutes: int = 0, reason: str = "new locks") -> Pause:
    return Pause(place=place, since=START + timedelta(minutes=minutes), who="sam", reason=reason)


async def test_subjects_of_a_site_are_passed_over_and_keep_their_place(store: Store) -> None:
    other = a_key("t2", site="site2")
    await mark(store, a_key("t1"), other)
    assert tenants(await store.claim_subjects(5, without={SITE1})) == ["t2"]
    assert tenants(await store.claim_subjects(5, without={SITE1})) == []
    assert tenants(await store.claim_subjects(5)) == ["t1"]


async def test_a_long_row_of_paused_work_hides_nobody(store: Store) -> None:
    await mark(store, *(a_key(f"t{number}") for number in range(50)), priority=Priority.LIVE)
    await mark(store, a_key("other", site="site2"), priority=Priority.SWEEP)
    assert tenants(await store.claim_subjects(1, without={SITE1})) == ["other"]


async def test_a_site_of_the_same_id_elsewhere_is_not_passed_over(store: Store) -> None:
    await mark(store, a_key("t1"))
    assert tenants(await store.claim_subjects(5, without={(ConnectionName("hillside"), SiteId("site1"))})) == ["t1"]


async def test_the_next_due_time_is_that_of_work_that_may_be_done(store: Store, clock: SetClock) -> None:
    later = START + timedelta(hours=1)
    await end(store, await claimed(store, a_key("t2", site="site2")), RetryAt(when=later, why="no answer"))
    await mark(store, a_key("t1"))
    assert await store.next_subject_due() == START
    assert await store.next_subject_due(without={SITE1}) == later
    await store.claim_subjects(1)
    assert await store.next_subject_due(without={SITE1}) == START + LEASE, "a lease that ends is looked after anywhere"
    clock.move(hours=2)
    assert tenants(await store.claim_subjects(5, without={SITE1})) == ["t2"]


async def test_pauses_are_kept_until_they_end_the_oldest_first(store: Store) -> None:
    seam, site = Place(scope=Scope.ADAPTER, name="seam"), Place(scope=Scope.SITE, name="a:b;c")
    for pause in (a_pause(minutes=2), a_pause(seam, minutes=1), a_pause(site, minutes=3)):
        await store.keep_pause(pause, TOLD)
    assert [pause.place for pause in await store.list_pauses()] == [seam, EVERYTHING, site]
    await store.end_pause(EVERYTHING, an_entry("resumed"))
    assert list(await store.list_pauses()) == [a_pause(seam, minutes=1), a_pause(site, minutes=3)]


async def test_a_later_pause_of_a_place_takes_the_place_of_the_earlier(store: Store) -> None:
    await store.keep_pause(a_pause(), TOLD)
    await store.keep_pause(a_pause(reason="old locks"), TOLD)
    assert list(await store.list_pauses()) == [a_pause(reason="old locks")]


async def test_a_pause_is_told_to_the_ledger_and_what_is_not_paused_cannot_end(store: Store) -> None:
    await store.keep_pause(a_pause(), TOLD)
    await store.end_pause(EVERYTHING, an_entry("resumed", LedgerKind.ALERT))
    with pytest.raises(NotFoundHere, match="everything"):
        await store.end_pause(EVERYTHING, an_entry("resumed again", LedgerKind.ALERT))
    assert [row.entry.what for row in await store.list_alerts(limit=5)] == ["resumed", "paused"]


async def test_a_pause_outlives_a_restart_and_can_be_seen_from_outside(tmp_path: Path, clock: SetClock) -> None:
    file = tmp_path / "gatebridge.db"
    assert paused_in(f"sqlite:///{file}") == []
    assert not file.exists()
    async with opened("sqlite", tmp_path, clock) as store:
        await store.keep_pause(a_pause(), TOLD)
        assert paused_in(f"sqlite:///{file}") == [a_pause()]
    async with opened("sqlite", tmp_path, clock) as store:
        assert list(await store.list_pauses()) == [a_pause()]
    assert paused_in(f"sqlite:///{file}") == [a_pause()]
