"""The ledger is read as a chain, and who has which door is found in it, whatever the store is made of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.ids import RentalId, SiteId, SubjectKey, TargetId, TenantId, UnitId
from bridge.domain.ledger import GENESIS, LedgerEntry, LedgerKind, link
from bridge.domain.outcome import Done
from bridge.ports.proof import WHOLE, Extract, Held, LedgerRow
from bridge.ports.store import Store, SubjectCommit
from tests.contracts.store_builders import START, a_key, an_entry, claimed

pytestmark = pytest.mark.anyio
A, GATE = TargetId("A"), TargetId("GATE")


def an_intent(
    key: SubjectKey, target: TargetId | None = A, *, hours: int = 0, kind: LedgerKind = LedgerKind.INTENT
) -> LedgerEntry:
    at = START + timedelta(hours=hours)
    return LedgerEntry(kind=kind, at=at, what="grant", subject=key, target=target, details={"door": "closed"})


async def extract(store: Store, which: Extract = WHOLE, *, after: int = 0, limit: int = 99) -> Sequence[LedgerRow]:
    return await store.read_ledger(which, after=after, through=await store.ledger_end(), limit=limit)


async def numbers(store: Store, which: Extract = WHOLE, *, after: int = 0, limit: int = 99) -> list[int]:
    return [row.number for row in await extract(store, which, after=after, limit=limit)]


async def test_an_empty_ledger_has_no_end_and_no_rows(store: Store) -> None:
    assert await store.ledger_end() == 0
    assert await numbers(store) == []


async def test_each_line_follows_from_the_one_before_it_whatever_was_asked_for(store: Store) -> None:
    abroad = an_entry("two").at.astimezone(timezone(timedelta(hours=2)))
    lines = [
        an_entry("one"),
        replace(an_entry("two"), at=abroad, details={"b": "é\n", "a": "1"}),
        an_intent(a_key("t2", site="site2")),
        an_entry("four"),
    ]
    await store.record(lines)
    rows = await extract(store)
    assert [row.entry.what for row in rows if row.entry is not None] == ["one", "two", "grant", "four"]
    assert rows[0].previous == GENESIS
    chosen = [*rows, *await extract(store, Extract(site=SiteId("site2")))]
    assert [link(row.previous, row.entry) for row in chosen if row.entry is not None] == [row.chain for row in chosen]
    assert len(chosen) == 5


async def test_pages_go_on_after_each_other_and_stop_where_they_were_to_stop(store: Store) -> None:
    await store.record([an_entry() for _ in range(5)])
    through = await store.ledger_end()
    first = await store.read_ledger(WHOLE, after=0, through=through, limit=3)
    await store.record([an_entry("later")])
    rest = await store.read_ledger(WHOLE, after=first[-1].number, through=through, limit=3)
    assert (len(first), len(rest)) == (3, 2)
    assert await store.read_ledger(WHOLE, after=rest[-1].number, through=through, limit=3) == []
    assert await store.ledger_end() > through


async def test_an_extract_has_what_was_asked_for_and_nothing_else(store: Store) -> None:
    here, there = a_key("t1"), a_key("t2", site="site2")
    await store.record([an_intent(here), an_intent(there, hours=1), an_intent(here, hours=2)])
    await store.record([LedgerEntry(kind=LedgerKind.OPERATOR, at=START, what="of nobody")])
    first, second, third, fourth = await numbers(store)
    assert await numbers(store, Extract(tenant=TenantId("t1"))) == [first, third]
    assert await numbers(store, Extract(site=SiteId("site2"))) == [second]
    assert await numbers(store, Extract(since=START + timedelta(hours=1))) == [second, third]
    assert await numbers(store, Extract(until=START + timedelta(hours=1))) == [first, fourth]


async def test_who_was_ever_at_a_door_is_found(store: Store) -> None:
    one, two, other = a_key("t1"), a_key("t2"), a_key("t1", site="site2")
    await store.record([an_intent(two), an_intent(one), an_intent(one), an_intent(other), an_intent(one, GATE)])
    assert list(await store.subjects_at_door(A)) == [one, two, other]
    assert list(await store.subjects_at_door(A, site=SiteId("site2"))) == [other]
    assert list(await store.subjects_at_door(TargetId("a"))) == []


async def test_entries_of_a_door_are_those_of_it_and_of_the_whole_person(store: Store) -> None:
    one, two = a_key("t1"), a_key("t2")
    lines = [an_intent(one), an_intent(one, None), an_intent(one, GATE), an_intent(two), an_entry(kind=LedgerKind.CODE)]
    await store.record(lines)
    first, wide, gate, second, _ = await numbers(store)
    found = await store.door_entries([one, two], door=A)
    assert {key: [entry.number for entry in entries] for key, entries in found.items()} == {
        one: [first, wide],
        two: [second],
    }
    every = await store.door_entries([one])
    assert [entry.number for entry in every[one]] == [first, wide, gate]
    assert every[one][0].entry == lines[0]


async def keep(store: Store, key: SubjectKey, *records: AccessRecord) -> None:
    await store.commit(await claimed(store, key), SubjectCommit(outcome=Done(), access=records))


def a_record(rental: str, unit: str) -> AccessRecord:
    return AccessRecord(
        rental=RentalId(rental), unit=UnitId(unit), status=AccessStatus.GRANTED, targets=frozenset({TargetId(unit)})
    )


async def test_holders_are_found_by_site_tenant_unit_and_door_and_page_by_page(store: Store) -> None:
    one, two, three = a_key("t1"), a_key("t2"), a_key("t3", site="site2")
    await keep(store, one, a_record("r1", "A"), a_record("r0", "B"))
    await keep(store, two, a_record("r2", "C"))
    await keep(store, three, a_record("r3", "A"))
    await store.record([an_intent(one), an_intent(three)])

    async def found(held: Held, *, after: int = 0, limit: int = 9) -> list[SubjectKey]:
        return [one.subject for one in await store.list_holders(held, after=after, limit=limit)]

    first, *_ = await store.list_holders(Held(), after=0, limit=1)
    assert first.subject == one
    assert {record.rental for record in first.access} >= {"r0", "r1"}
    assert await found(Held(), after=first.number) == [two, three]
    assert await found(Held(), limit=2) == [one, two]
    assert await found(Held(site=SiteId("site2"))) == [three]
    assert await found(Held(tenant=TenantId("t2"))) == [two]
    assert await found(Held(unit=UnitId("A"))) == [one, three]
    assert await found(Held(door=A)) == [one, three]
    assert await found(Held(door=A, site=SiteId("site1"))) == [one]
    assert await found(Held(door=TargetId("C"))) == [], "the ledger tells nothing of it"
