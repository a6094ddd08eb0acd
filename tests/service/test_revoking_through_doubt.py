"""Who is shut out is shut out whatever is doubted or has drifted, and wherever a site is read at once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.domain.access import AccessRecord, AccessStatus, Certainty
from bridge.domain.changes import Change, Kind, Plan
from bridge.domain.dead_letters import Signature
from bridge.domain.drift import Sight
from bridge.domain.ids import RentalId, SubjectKey, TargetId, TenantId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.outcome import Done
from bridge.domain.policy import DriftPolicy, SitePolicy
from bridge.domain.revocations import Banned, Revocation, revocation
from bridge.domain.tenancy import Snapshot, Tenant
from bridge.domain.whom import By, Whom
from bridge.ports.store import SubjectCommit, SubjectRecord
from bridge.sandbox.gate import GateKind, GateSettings
from bridge.sandbox.gate.kind import Suspends
from bridge.service.drifting import DriftWatch
from tests.service.building import ZONE, open_house
from tests.service.house import CONNECTION, JONAS, MIRA, SITE, House
from tests.service.mass import DEFAULTS, move_in_many
from tests.service.planning import HERE, planned
from tests.service.revoking import doors, revocations_of, revoke, unrevoke
from tests.service.test_drift import by_hand, drift_of, take_away
from tests.service.test_listing_sweep import moves_in_unheard, swept
from tests.service.test_thin_evidence import half, lists

pytestmark = pytest.mark.anyio
GONE = "revoked: emergency"
REVOCATION = revocation(
    Banned(connection=CONNECTION, tenant=TenantId(MIRA), site=None),
    Signature(who="sam", at=datetime(2026, 3, 4, tzinfo=UTC), reason="threatened the staff"),
)


@pytest.fixture
async def reporting(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, policy=SitePolicy(zone=ZONE, drift=DriftPolicy.REPORT)) as house:
        yield house


async def doubt(house: House) -> None:
    said = LedgerEntry(kind=LedgerKind.OPERATOR, at=house.clock.now(), what="database_doubted")
    await house.bridge.store.doubt("it is older", said)


async def lose_the_run(house: House) -> None:
    """Have the work that is due forgotten, as if a run had found nothing to do."""
    for claim in await house.bridge.store.claim_subjects(9):
        await house.bridge.store.commit(claim, SubjectCommit(outcome=Done()))


async def test_a_doubted_database_holds_others_and_not_who_is_shut_out(house: House) -> None:
    rental, other = house.move_in("B-014"), house.move_in("B-021", JONAS)
    await house.settle()
    await doubt(house)
    house.move_out(other)
    await revoke(house)
    await house.settle()
    assert (house.status(rental), await doors(house)) == (GONE, {"B-014": "closed"})
    assert await house.keypad("B-021", house.code(other)) == "ok", "a removal by itself waits for a person"
    assert [item.rental for hold in await house.bridge.store.list_holds() for item in hold.items] == [other]


async def test_what_a_doubt_has_held_already_goes_when_they_are_shut_out(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    await doubt(house)
    house.move_out(rental)
    await house.settle()
    assert len(await house.people()) == 1
    await revoke(house)
    await house.settle()
    assert (await house.people(), await house.bridge.store.list_holds()) == ([], [])


@pytest.mark.parametrize("state", ["active", "suspended"])
async def test_what_somebody_does_at_the_vendor_is_not_left_for_who_is_shut_out(reporting: House, state: str) -> None:
    house = reporting
    gone, kept = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()
    await take_away(house)
    await house.sweep()
    assert await drift_of(house) == [("missing: door B-014", "report")]
    await by_hand(house, "PUT", "/access/B-014", {"state": state})
    await revoke(house)
    await house.settle()
    await house.sweep()
    assert await house.people() == []
    assert [house.status(one) for one in (gone, kept)] == [GONE, GONE]
    assert await drift_of(house) == []


async def test_a_door_that_is_gone_already_is_not_put_back(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    await take_away(house)
    await revoke(house)
    house.gate.requests.clear()
    await house.settle()
    await house.sweep()
    assert not [call for call in house.gate.writes() if "PUT" in call]
    assert await house.people() == []


async def test_a_person_whom_the_vendor_takes_as_a_whole_stays_out_where_drift_is_left(tmp_path: Path) -> None:
    gate = GateSettings(kind=GateKind(suspends=Suspends.PERSON))
    policy = SitePolicy(zone=ZONE, drift=DriftPolicy.REPORT)
    async with open_house(tmp_path, gate=gate, policy=policy) as house:
        rental = house.move_in("B-014")
        await house.settle()
        house.world.mark_overdue(rental)
        await house.settle()
        await revoke(house)
        await house.settle()
        assert (await house.people(), house.status(rental)) == ([], GONE)


async def test_what_they_have_next_is_not_taken_for_drift_when_they_are_given_back(reporting: House) -> None:
    house = reporting
    rental = house.move_in("B-014")
    await house.settle()
    await revoke(house)
    await house.settle()
    await unrevoke(house)
    await house.settle()
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert (house.status(rental), await drift_of(house)) == ("granted", [])


async def test_what_is_not_the_bridges_is_noted_once_however_often_it_is_looked_at(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    await by_hand(house, "PUT", "/access/B-040", {"state": "active"})
    await revoke(house)
    await house.settle()
    noted = house.ledger("read_back")
    for _ in range(3):
        await house.bridge.sweeper.sweep()
        await house.settle()
        await revoke(house)  # again, as somebody does who still sees it open
        await house.settle()
    assert noted.count("foreign") == 1
    assert house.ledger("read_back") == noted


async def test_what_is_remembered_of_a_sight_is_kept_by_a_run_that_takes_away_and_reads_on(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    await revoke(house)
    await house.settle()
    (row,) = await house.bridge.store.find_subjects(Whom(by=By.TENANT, id=MIRA), [(CONNECTION, SITE)])
    sight = (await house.bridge.store.load(row.key)).sight
    assert sight is not None
    assert (sight.exists, dict(sight.entries)) == (False, {})


@pytest.mark.parametrize("is_listed", [True, False])
async def test_a_list_that_is_not_believed_keeps_nobody_in_who_is_shut_out(tmp_path: Path, *, is_listed: bool) -> None:
    async with open_house(tmp_path, budgets=DEFAULTS) as house:
        renters = await move_in_many(house, 10)
        assert (await swept(house)).in_step == 10
        gone = renters[0 if is_listed else 9]
        await revoke(house, gone.tenant)
        await lose_the_run(house)
        lists(house, half)
        came_to = await swept(house)
        assert (came_to.known, len(came_to.unknown)) == (1, 1)
        assert await doors(house, gone.tenant) == {gone.door: "closed"}


@pytest.mark.parametrize("is_listed", [True, False])
async def test_a_plan_of_a_whole_site_reads_them_as_shut_out(tmp_path: Path, *, is_listed: bool) -> None:
    async with open_house(tmp_path, budgets=DEFAULTS) as house:
        renters = await move_in_many(house, 10)
        await swept(house)
        gone = renters[0 if is_listed else 9]
        await revoke(house, gone.tenant)
        lists(house, half)
        (one,) = [one for _, one in (await planned(house, HERE)).items() if one.rental == gone.rental]
        assert "remove_person" in {str(step.kind) for step in one.steps}


async def test_a_plan_opens_nothing_for_who_is_shut_out_before_they_come(house: House) -> None:
    await revocations_of(house).revoke(JONAS, who="sam", reason="known from elsewhere", connection=CONNECTION)
    moves_in_unheard(house, tenant=JONAS)
    (one,) = [one for _, one in (await planned(house, HERE)).items()]
    assert one.steps == ()
    await swept(house)
    assert house.gate.writes() == []


@pytest.mark.parametrize("revocation", [None, REVOCATION])
def test_a_door_that_somebody_opened_by_hand_is_closed_for_who_is_shut_out(revocation: Revocation | None) -> None:
    door, rental = TargetId("A"), RentalId("r1")
    record = SubjectRecord(
        access={
            rental: AccessRecord(
                rental=rental, targets=frozenset({door}), status=AccessStatus.GRANTED, certainty=Certainty.CONFIRMED
            )
        },
        sight=Sight(exists=True, is_code_right=True),
        revocation=revocation,
    )
    key = SubjectKey(connection=CONNECTION, site=SITE, tenant=TenantId(MIRA))
    snapshot = Snapshot(subject=key, tenant=Tenant(name="Mira"), rentals=())
    found = Plan(changes=(Change(kind=Kind.REVOKE, target=door, rentals=(rental,)),))
    watch = DriftWatch()
    watch.begin(record, snapshot, DriftPolicy.REPORT)
    left = watch.sift(found, lambda _: Plan(), datetime(2026, 3, 4, tzinfo=UTC))
    assert left.changes == (() if revocation is None else found.changes)
