"""Whom a question leads to, as far as the store knows."""

import pytest

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SiteKey, SubjectKey, TargetId, TenantId, UnitId
from bridge.domain.outcome import Dead, Done
from bridge.domain.whom import By, Whom
from bridge.ports.store import Store, SubjectCommit
from tests.contracts.store_builders import LAKESIDE, a_key, claim_one, claimed, end, mark

pytestmark = pytest.mark.anyio
SITE1, SITE2 = (LAKESIDE, SiteId("site1")), (LAKESIDE, SiteId("site2"))
EVERYWHERE = frozenset({SITE1, SITE2})


async def found(store: Store, by: By, text: str, sites: frozenset[SiteKey] = EVERYWHERE) -> list[SubjectKey]:
    return [row.key for row in await store.find_subjects(Whom(by=by, id=text), sites)]


async def has(store: Store, key: SubjectKey, *records: AccessRecord) -> None:
    """Leave these records with the subject."""
    await store.commit(await claimed(store, key), SubjectCommit(outcome=Done(), access=records))


async def test_a_tenant_is_found_at_each_of_the_sites_asked_for(store: Store) -> None:
    await mark(store, a_key("t1"), a_key("t1", site="site2"), a_key("t2"))
    assert await found(store, By.TENANT, "t1") == [a_key("t1"), a_key("t1", site="site2")]
    assert await found(store, By.TENANT, "t1", frozenset({SITE2})) == [a_key("t1", site="site2")]
    assert await found(store, By.TENANT, "t1", frozenset({(ConnectionName("hillside"), SITE1[1])})) == []
    assert await found(store, By.TENANT, "t1", frozenset()) == []


async def test_a_rental_is_found_from_the_moment_it_is_heard_of(store: Store) -> None:
    await mark(store, a_key("t1"), a_key("t2"))
    assert await found(store, By.RENTAL, "rental-of-t2") == [a_key("t2")]
    assert await found(store, By.RENTAL, "rental-of-t3") == []
    assert await found(store, By.RENTAL, "rental-of-t2", frozenset({SITE2})) == []


@pytest.mark.parametrize(
    ("status", "targets", "is_there"),
    [
        (AccessStatus.GRANTED, {"B-1"}, True),
        (AccessStatus.SUSPENDED, set(), True),
        (None, set(), True),
        (AccessStatus.NONE, {"B-1"}, True),
        (AccessStatus.NONE, set(), False),
    ],
)
async def test_a_unit_leads_to_who_has_it_and_to_a_door_still_held(
    store: Store,
    status: AccessStatus | None,
    targets: set[str],
    is_there: bool,  # noqa: FBT001 - a case of the table
) -> None:
    doors = frozenset(TargetId(target) for target in targets)
    record = AccessRecord(rental=RentalId("r1"), unit=UnitId("u1"), status=status, targets=doors)
    await has(store, a_key("t1"), record)
    assert await found(store, By.UNIT, "u1") == ([a_key("t1")] if is_there else [])
    assert await found(store, By.UNIT, "u2") == []


async def test_who_has_a_unit_by_two_rentals_is_found_once(store: Store) -> None:
    records = (AccessRecord(rental=RentalId(rental), unit=UnitId("u1")) for rental in ("r1", "r2"))
    await has(store, a_key("t1"), *records)
    assert await found(store, By.UNIT, "u1") == [a_key("t1")]


async def test_the_row_says_how_the_work_stands(store: Store) -> None:
    await mark(store, a_key("t1"))
    (ready,) = await store.find_subjects(Whom(by=By.TENANT, id="t1"), EVERYWHERE)
    await end(store, await claim_one(store), Dead(why="never"))
    (dead,) = await store.find_subjects(Whom(by=By.TENANT, id="t1"), EVERYWHERE)
    assert (ready.state, ready.attempts, ready.note) == ("ready", 0, None)
    assert (dead.state, dead.attempts, dead.note, dead.due_at) == ("dead", 1, "never", None)


@pytest.mark.parametrize("by", list(By))
async def test_odd_texts_are_nobodys(store: Store, by: By) -> None:
    await mark(store, a_key("t1"))
    for text in ("", "%", "' OR 1=1 --", "x" * 10_000, "\x00"):
        assert await found(store, by, text) == []


async def test_an_unlike_site_of_the_same_tenant_is_not_mixed_up(store: Store) -> None:
    other = SubjectKey(connection=ConnectionName("hillside"), site=SITE1[1], tenant=TenantId("t1"))
    await mark(store, a_key("t1"), other)
    assert await found(store, By.TENANT, "t1") == [a_key("t1")]


async def test_a_sites_subjects_are_listed_page_by_page_each_once(store: Store) -> None:
    await mark(store, *(a_key(f"t{number}") for number in range(5)), a_key("t9", site="site2"))
    listed, page = list[SubjectKey](), await store.list_subjects(SITE1, limit=2)
    while page:
        assert len(page) <= 2
        listed += [row.key for row in page]
        page = await store.list_subjects(SITE1, limit=2, after=page[-1].key.tenant)
    assert sorted(listed) == [a_key(f"t{number}") for number in range(5)]
    assert len(listed) == 5


async def test_nobody_is_listed_of_another_connection(store: Store) -> None:
    await mark(store, a_key("t1"))
    assert list(await store.list_subjects((ConnectionName("hillside"), SITE1[1]), limit=9)) == []
