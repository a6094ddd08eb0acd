"""A tenant's personal data is erased whole or not at all, whatever the store is made of."""

import pytest

from bridge.domain.access import AccessRecord, AccessStatus, Certainty
from bridge.domain.credential import NO_CODES, GateCode
from bridge.domain.dead_letters import Signature
from bridge.domain.errors import DoorsOpen
from bridge.domain.ids import ConnectionName, DeliveryId, RentalId, SubjectKey, TargetId, TenantId, UnitId
from bridge.domain.ledger import LedgerKind, link
from bridge.domain.outcome import Dead, Done
from bridge.ports.proof import WHOLE
from bridge.ports.store import OpenTask, Store, SubjectCommit
from tests.contracts.store_builders import START, a_key, an_entry, claimed, mark

pytestmark = pytest.mark.anyio
MIRA = TenantId("mira")
BY = Signature(who="sam", at=START, reason="asked for on paper")
CODE = GateCode("482913")
OVER = AccessRecord(rental=RentalId("r1"), status=AccessStatus.NONE, certainty=Certainty.CONFIRMED)


async def lived_here(store: Store, key: SubjectKey, record: AccessRecord = OVER) -> None:
    """Leave a delivery, a code, a reference, a profile, a task and a note of the tenant."""
    claim = await claimed(store, key)
    await store.take_code(claim, CODE, an_entry("made", LedgerKind.CODE))
    await store.keep_ref(claim, {"person": "p-77"})
    end = SubjectCommit(
        outcome=Done(),
        access=(record,),
        profile="digest",
        tasks={UnitId("u1"): OpenTask(problem="no_mapping", id="j1")},
    )
    await store.commit(claim, end)


async def test_all_that_is_more_than_ids_is_gone_and_the_ledger_says_by_whom(store: Store) -> None:
    here, there = a_key("mira"), a_key("mira", site="site2")
    await lived_here(store, here)
    await lived_here(store, there)
    found = await store.erase_personal(MIRA, BY)
    assert [(one.subject, one.deliveries, one.codes, one.has_reference) for one in found] == [
        (here, 1, 1, True),
        (there, 1, 1, True),
    ]
    for key in (here, there):
        record = await store.load(key)
        assert (record.codes, record.ref, record.profile, dict(record.open_tasks)) == (NO_CODES, None, None, {})
        assert record.access[OVER.rental] == OVER, "ids and what they had stay"
    for number in (1, 2):
        delivery = await store.show_delivery(DeliveryId(number))
        assert (delivery.body, dict(delivery.headers)) == (None, {})
    rows = await store.read_ledger(WHOLE, after=0, through=await store.ledger_end(), limit=99)
    entries = [row.entry for row in rows if row.entry is not None]
    assert [link(row.previous, row.entry) for row in rows if row.entry is not None] == [row.chain for row in rows]
    assert [(entry.what, entry.subject, entry.details["who"], entry.details["reason"]) for entry in entries[-2:]] == [
        ("personal_data_erased", key, "sam", "asked for on paper") for key in (here, there)
    ]


@pytest.mark.parametrize(
    "record",
    [
        AccessRecord(rental=RentalId("r1"), status=AccessStatus.GRANTED, targets=frozenset({TargetId("A")})),
        AccessRecord(
            rental=RentalId("r1"),
            status=AccessStatus.SUSPENDED,
            certainty=Certainty.CONFIRMED,
            targets=frozenset({TargetId("A")}),
        ),
        AccessRecord(rental=RentalId("r1"), status=AccessStatus.NONE, unsure=frozenset({TargetId("A")})),
    ],
    ids=["open", "suspended", "never seen"],
)
async def test_while_a_place_at_a_door_is_theirs_nothing_is_erased_at_any_site(
    store: Store, record: AccessRecord
) -> None:
    await lived_here(store, a_key("mira"))
    await lived_here(store, a_key("mira", site="site2"), record)
    with pytest.raises(DoorsOpen, match="site2 has, or may have, a place at A"):
        await store.erase_personal(MIRA, BY)
    assert (await store.load(a_key("mira"))).codes.current == CODE
    assert [one.why_kept() is None for one in await store.find_personal(MIRA)] == [True, False]


async def test_work_that_is_under_way_keeps_what_it_needs(store: Store) -> None:
    await lived_here(store, a_key("mira"))
    await mark(store, a_key("mira"), event="again")
    with pytest.raises(DoorsOpen, match="under way"):
        await store.erase_personal(MIRA, BY)
    (claim,) = await store.claim_subjects(1)
    with pytest.raises(DoorsOpen, match="under way"):
        await store.erase_personal(MIRA, BY)
    await store.commit(claim, SubjectCommit(outcome=Dead(why="Mira Okafor was refused")))
    await store.erase_personal(MIRA, BY)
    (letter,) = await store.find_personal(MIRA)
    assert (letter.deliveries, letter.codes, letter.has_reference) == (0, 0, False)


async def test_others_keep_what_is_theirs(store: Store) -> None:
    await lived_here(store, a_key("mira"))
    await mark(store, a_key("jona"))
    await store.erase_personal(MIRA, BY, connection=ConnectionName("hillside"))
    assert (await store.load(a_key("mira"))).codes.current == CODE
    await store.erase_personal(MIRA, BY)
    assert (await store.show_delivery(DeliveryId(2))).body == b"{}"
    assert list(await store.find_personal(TenantId("jonas"))) == []


async def test_erasing_twice_is_harmless(store: Store) -> None:
    await lived_here(store, a_key("mira"))
    await store.erase_personal(MIRA, BY)
    (again,) = await store.erase_personal(MIRA, BY)
    assert (again.deliveries, again.codes) == (0, 0)
