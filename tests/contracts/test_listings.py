"""What a site's last list was worth is kept, and everybody who is known there is read page by page, in every store."""

from datetime import datetime
from pathlib import Path

import pytest

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.credential import GateCode
from bridge.domain.evidence import Doubt, LastListing
from bridge.domain.ids import RentalId, SiteId, SubjectKey
from bridge.domain.ledger import LedgerKind
from bridge.domain.outcome import Dead, Done
from bridge.ports.store import Store, SubjectCommit
from tests.contracts.store_builders import LAKESIDE, START, SetClock, a_key, an_entry, claimed, end, mark
from tests.contracts.store_engines import opened

pytestmark = pytest.mark.anyio
HERE, THERE = (LAKESIDE, SiteId("site1")), (LAKESIDE, SiteId("site2"))
DOUBT = Doubt(since=START, counted=50, counted_at=START)


async def leave(store: Store, key: SubjectKey, at: datetime = START, **statuses: AccessStatus) -> None:
    """Have a run leave these rentals as they are said to be since `at`."""
    access = tuple(AccessRecord(rental=RentalId(name), status=one, since=at) for name, one in statuses.items())
    claim = await claimed(store, key)
    await store.commit(claim, SubjectCommit(outcome=Done(), access=access))


async def test_before_any_list_as_many_are_expected_as_have_access(store: Store) -> None:
    assert await store.last_listing(HERE) == LastListing(count=0)
    await leave(store, a_key("t1"), r1=AccessStatus.GRANTED, r2=AccessStatus.SUSPENDED, r3=AccessStatus.NONE)
    await leave(store, a_key("t2", site="site2"), r4=AccessStatus.GRANTED)
    assert (await store.last_listing(HERE), await store.last_listing(THERE)) == (
        LastListing(count=2),
        LastListing(count=1),
    )


@pytest.mark.parametrize("last", [LastListing(count=7), LastListing(count=100, doubt=DOUBT)])
async def test_what_is_kept_is_read_back_and_is_one_sites(store: Store, last: LastListing) -> None:
    await store.keep_listing(HERE, LastListing(count=1, doubt=Doubt(since=START)))
    await store.keep_listing(HERE, last)
    assert (await store.last_listing(HERE), await store.last_listing(THERE)) == (last, LastListing(count=0))


async def test_a_doubt_without_a_count_is_one_too(store: Store) -> None:
    last = LastListing(count=3, doubt=Doubt(since=START))
    await store.keep_listing(HERE, last)
    assert await store.last_listing(HERE) == last


async def test_what_has_ended_since_is_counted_and_nothing_before(store: Store, clock: SetClock) -> None:
    await leave(store, a_key("t1"), r1=AccessStatus.NONE, r2=AccessStatus.GRANTED)
    await store.keep_listing(HERE, LastListing(count=10, ended=4))
    assert await store.last_listing(HERE) == LastListing(count=10)
    later = clock.move(minutes=1)
    await leave(store, a_key("t2"), later, r3=AccessStatus.NONE, r4=AccessStatus.SUSPENDED)
    await leave(store, a_key("t3", site="site2"), later, r5=AccessStatus.NONE)
    assert await store.last_listing(HERE) == LastListing(count=10, ended=1)
    await store.keep_listing(HERE, LastListing(count=9))
    assert await store.last_listing(HERE) == LastListing(count=9)


async def test_an_alert_is_kept_with_the_doubt(store: Store) -> None:
    alert = an_entry("source_unknown", LedgerKind.ALERT)
    await store.keep_listing(HERE, LastListing(count=1, doubt=DOUBT), [alert])
    assert [row.entry for row in await store.list_alerts(limit=5)] == [alert]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_doubt_outlives_the_process(engine: str, tmp_path: Path, clock: SetClock) -> None:
    async with opened(engine, tmp_path, clock) as store:
        await store.keep_listing(HERE, LastListing(count=100, doubt=DOUBT))
    async with opened(engine, tmp_path, clock) as store:
        assert await store.last_listing(HERE) == LastListing(count=100, doubt=DOUBT)


async def test_everybody_of_a_site_is_read_in_pages_with_all_that_is_known(store: Store) -> None:
    claim = await claimed(store, a_key("t1"))
    await store.take_code(claim, GateCode("482913"), an_entry())
    await store.keep_ref(claim, {"person": "p1"})
    await store.commit(claim, SubjectCommit(outcome=Done(), access=(AccessRecord(rental=RentalId("r1")),)))
    await end(store, await claimed(store, a_key("t2")), Dead(why="never"))
    await mark(store, a_key("t3"), a_key("t4", site="site2"), event="more")
    first = await store.known_at(HERE, limit=2)
    rest = await store.known_at(HERE, limit=2, after=first[-1].row.key.tenant)
    found = [*first, *rest]
    assert [(one.row.key.tenant, one.row.state) for one in found] == [("t1", "idle"), ("t2", "dead"), ("t3", "ready")]
    assert [one.record for one in found] == [await store.load(one.row.key) for one in found]
    assert found[0].record.codes.current == GateCode("482913")
    assert await store.known_at(HERE, limit=2, after=rest[-1].row.key.tenant) == []
