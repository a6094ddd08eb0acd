"""What is rehearsed at sites in shadow is kept with the run that did it, and apart from what is ours."""

from datetime import timedelta

import pytest

from bridge.domain.errors import LeaseLost
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.outcome import Done
from bridge.ports.store import Store, SubjectCommit
from tests.contracts.losing import claim_of
from tests.contracts.store_builders import LAKESIDE, START, SetClock, a_key, an_entry, claimed

pytestmark = pytest.mark.anyio
STAGE = {"records": {}, "entries": {"B-001": "active"}, "looks": {}}
SITE1 = (LAKESIDE, SiteId("site1"))


def a_note(what: str, *, minutes: int = 0, key: SubjectKey | None = None) -> LedgerEntry:
    return LedgerEntry(
        kind=LedgerKind.SHADOW,
        at=START + timedelta(minutes=minutes),
        what=what,
        subject=key or a_key(),
        rental=RentalId("r1"),
        details={"change": "grant"},
    )


async def test_a_stage_is_kept_with_its_run_until_another_ends_it(store: Store) -> None:
    await store.commit(await claimed(store), SubjectCommit(outcome=Done(), shadow=STAGE))
    record = await store.load(a_key())
    assert (record.shadow, [one.targets for one in record.access.values()]) == (STAGE, [frozenset()])
    claim = await claim_of(store, a_key())
    assert (await store.begin(claim)).shadow == STAGE
    await store.commit(claim, SubjectCommit(outcome=Done()))
    assert (await store.load(a_key())).shadow == STAGE, "a run that says nothing of it leaves it"
    assert list(await store.shadow_stages(SITE1)) == [STAGE]
    await store.commit(await claim_of(store, a_key()), SubjectCommit(outcome=Done(), shadow={}))
    assert (await store.load(a_key())).shadow is None
    assert list(await store.shadow_stages(SITE1)) == []


async def test_who_has_lost_the_claim_rehearses_in_vain(store: Store, clock: SetClock) -> None:
    late = await claimed(store)
    clock.move(hours=1)
    await claim_of(store, a_key())
    with pytest.raises(LeaseLost):
        await store.commit(late, SubjectCommit(outcome=Done(), shadow=STAGE, entries=(a_note("would"),)))
    assert (await store.load(a_key())).shadow is None
    assert list(await store.shadow_notes(SITE1)) == []


async def test_notes_are_those_of_the_site_in_their_order_from_a_time_on(store: Store) -> None:
    elsewhere = SubjectKey(connection=ConnectionName("hillside"), site=SiteId("site1"), tenant=a_key().tenant)
    notes = [a_note("would"), a_note("look", minutes=1), a_note("look", minutes=2)]
    others = [a_note("would", key=a_key("t2", "site2")), a_note("would", key=elsewhere), an_entry()]
    await store.record([notes[0], *others, *notes[1:]])
    assert list(await store.shadow_notes(SITE1)) == notes
    assert list(await store.shadow_notes(SITE1, since=START + timedelta(minutes=1))) == notes[1:]
    assert list(await store.shadow_notes((LAKESIDE, SiteId("site9")))) == []
    told = (await store.door_entries([a_key()]))[a_key()]
    assert [one.entry.kind for one in told] == [LedgerKind.INTENT], "no history of a door hears of them"


async def test_a_site_has_the_stages_of_its_own_tenants(store: Store) -> None:
    for key in (a_key("t1"), a_key("t2"), a_key("t1", "site2")):
        await store.commit(await claimed(store, key), SubjectCommit(outcome=Done(), shadow=STAGE))
    assert list(await store.shadow_stages(SITE1)) == [STAGE, STAGE]
