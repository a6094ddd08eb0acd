"""A site in shadow is read and planned, writes nothing, and says how far it agrees with what is done there."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.domain.access import AccessRecord, AccessStatus, Certainty
from bridge.domain.agreement import Agreement
from bridge.domain.budgets import Budget, Budgets, SiteBudgets
from bridge.domain.changes import Change, EntryState, Kind
from bridge.domain.errors import Anomaly, Unsupported
from bridge.domain.evidence import Told
from bridge.domain.ids import RentalId, SiteId, SubjectKey, TargetId, TenantId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.shadow import Stage, to_json
from bridge.domain.tenancy import Tenant
from bridge.domain.whom import By, Selection, Whom
from bridge.ports.adapter import Person, Ref
from bridge.ports.source import SiteListing
from bridge.ports.store import Known, SubjectRecord, SubjectRow
from bridge.ports.survey import Stranger
from bridge.service.everybody import Everybody as EverybodyAt
from bridge.service.shadow import ReadOnly
from bridge.service.shadow_report import ShadowReport
from bridge.service.watch import Watch
from tests.service.building import open_house
from tests.service.house import CONNECTION, JONAS, MIRA, SITE, House, MovableClock
from tests.service.mass import DEFAULTS
from tests.service.revoking import revoke
from tests.service.test_breakers import tenants
from tests.service.test_drift import take_away
from tests.service.test_units_people_and_days import lose

pytestmark = pytest.mark.anyio
KEY = SubjectKey(connection=CONNECTION, site=SITE, tenant=TenantId(MIRA))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, shadow=True, budgets=DEFAULTS) as opened:
        yield opened


async def reported(house: House) -> Agreement:
    (told,) = await ShadowReport(book=house.bridge.store, sites=[(CONNECTION, SITE)]).report(SITE)
    return told.agreement


def nothing_was_written(house: House) -> bool:
    return house.gate.writes() == [] == house.platform.writes()


async def person(house: House, code: str, door: str) -> int:
    """Have the present integration let somebody in, and return whom."""
    await house.stranger(code, door)
    return max(int(one["id"]) for one in await house.people())


async def gone(house: House, who: int) -> None:
    (await house.hands.delete(f"/sandbox/sites/{SITE}/people/{who}")).raise_for_status()


async def test_a_whole_tenancy_in_shadow_writes_nothing_anywhere(house: House) -> None:  # R23
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    await house.settle()
    house.world.pay(rental)
    house.edit(rental, pinCode="482913", resync="rotate")
    await house.settle()
    house.map_unit("B-030", None)
    house.move_in("B-030", JONAS)
    house.transfer(rental, "B-021")
    await house.settle()
    await house.sweep()
    await house.later(hours=2)
    assert nothing_was_written(house)
    assert (house.code(rental), house.status(rental)) == ("482913", None)
    assert (await house.people(), list(house.tasks()), await house.alerts()) == ([], [], [])
    record = await house.bridge.store.load(KEY)
    assert not any(one.targets | one.unsure or one.status for one in record.access.values())
    assert (record.codes.current, record.ref, record.profile) == (None, None, None)
    assert {kind: house.ledger(kind) for kind in ("intent", "outcome", "code", "write_back")} == {
        "intent": [],
        "outcome": [],
        "code": [],
        "write_back": [],
    }
    would = (await reported(house)).would
    assert would["grant"] == 2
    assert (would["suspend"], would["resume"], would["revoke"]) == (1, 1, 1)


async def test_who_asks_an_adapter_in_shadow_to_write_is_refused(house: House) -> None:
    class Recording:
        applied = 0

        async def apply(self, *_: object) -> None:
            self.applied += 1

    inner = Recording()
    who = Person(key="k", subject=KEY, tenant=Tenant(name="Mira"))
    with pytest.raises(Unsupported, match="shadow"):
        await ReadOnly(inner).apply(Change(kind=Kind.GRANT, target=TargetId("A")), who, None, None)  # type: ignore[arg-type]  # only what is asked for
    assert inner.applied == 0
    assert house.gate.requests == []


async def test_looked_at_again_it_notes_nothing_through_a_restart_too(house: House) -> None:
    house.move_in("B-014")
    house.move_in("B-021")
    await house.settle()
    notes = house.ledger("shadow")
    assert sorted(notes) == ["look", "look", "would", "would"]
    await house.sweep()
    await house.restart()
    await house.sweep()
    await house.later(hours=3)
    assert house.ledger("shadow") == notes


async def test_who_was_later_and_by_how_much_is_told(house: House) -> None:
    house.move_in("B-014")
    rental = house.move_in("B-021", JONAS)
    them = await person(house, "482911", "B-021")
    await house.settle()
    assert (await reported(house)).percent == 50.0
    house.clock.advance(minutes=3)
    await person(house, "593622", "B-014")
    for _ in range(10):
        await house.later(minutes=1)
    assert (await reported(house)).percent == 100.0
    house.clock.advance(days=1)
    house.move_out(rental)
    await house.settle()
    for _ in range(20):
        await house.later(minutes=1)
    await gone(house, them)
    for _ in range(40):
        await house.later(minutes=1)
    told = await reported(house)
    assert told.percent == 100.0
    (turn,) = next(row for row in told.rows if row.rental == rental).turns
    assert (turn.to, turn.they_follow) == ("closed", True)
    assert turn.seconds is not None
    assert timedelta(minutes=20) <= timedelta(seconds=turn.seconds) <= timedelta(minutes=35)


async def test_what_each_side_has_open_and_the_other_not_stands_out(house: House) -> None:
    ours, theirs = house.move_in("B-014"), house.move_in("B-021", JONAS)
    await person(house, "482911", "B-021")
    house.world.mark_overdue(theirs)
    await house.settle()
    await house.later(minutes=2)
    told = await reported(house)
    assert {row.rental: str(row.standing) for row in told.rows} == {ours: "we_open", theirs: "they_open"}
    assert (told.percent, told.they_followed) == (0.0, 0)


async def test_of_a_unit_that_is_let_again_nothing_is_said_of_who_left(house: House) -> None:
    rental = house.move_in("B-014")
    await person(house, "482911", "B-014")
    await house.settle()
    house.move_out(rental)
    await house.settle()
    newer = house.move_in("B-014", JONAS)
    await house.settle()
    await house.sweep()
    told = await reported(house)
    assert {row.rental: str(row.standing) for row in told.rows} == {rental: "unknown", newer: "agree"}


async def test_the_guard_says_what_it_would_have_held_and_goes_on(tmp_path: Path) -> None:
    budgets = SiteBudgets(site=Budgets(removals=Budget(per_hour=2)))
    async with open_house(tmp_path, shadow=True, budgets=budgets) as house:
        rentals = tenants(house, number=5)
        await house.settle()
        for rental in rentals[:4]:
            house.move_out(rental)
            await house.later(minutes=1)
        told = await reported(house)
        assert told.held == 2
        whys = {row.rental: row.held for row in told.rows if row.held}
        assert set(whys) == set(rentals[2:4])
        assert "more than 2 removals at this site within an hour" in next(iter(whys.values()))
        assert told.would["revoke"] == 4
        assert list(await house.bridge.desk.holds.listed()) == []
        await house.later(hours=2)
        house.move_out(rentals[4])
        await house.settle()
        assert (await reported(house)).held == 2, "what would have been held uses up no budget"


async def test_nothing_that_was_rehearsed_counts_as_ours_when_the_site_goes_live(house: House) -> None:
    rental = house.move_in("B-014")
    left = house.move_in("B-021", JONAS)
    theirs = [await person(house, "482911", "B-014"), await person(house, "593622", "B-021")]
    await house.settle()
    house.modes["shadow"] = False
    await house.restart()
    house.move_out(left)
    await house.sweep()
    assert house.status(rental) == "granted"
    assert house.code(rental) not in {None, "482911"}
    people = {one["id"]: one for one in await house.people()}
    assert set(theirs) < set(people), "what others made is left, also of who is gone"
    assert len(people) == 3
    assert await house.keypad("B-021", "593622") == "ok"
    assert (await house.bridge.store.load(KEY)).shadow is None


async def test_a_vendor_that_does_not_answer_is_tried_again_and_proves_nothing(house: House) -> None:
    house.move_in("B-014")
    await house.fault_gate(kind="fail", status=500, count=None)
    await house.settle()
    assert house.ledger("shadow") == []
    await house.mend_gate()
    await house.later(minutes=2)
    assert sorted(house.ledger("shadow")) == ["look", "would"]


async def test_what_the_platform_cannot_tell_is_asked_again_and_would_close_nothing(house: House) -> None:
    house.move_in("B-014")
    await person(house, "482911", "B-014")
    await house.settle()
    assert await house.subjects() == {}
    notes = house.ledger("shadow")
    house.platform.spoil = lambda _, answer: [] if isinstance(answer, list) else {"error": {"type": "not_found"}}
    await house.sweep()
    assert await house.subjects() == {"ready": 1}
    house.platform.spoil = None
    await house.later(minutes=5)
    assert await house.subjects() == {}
    assert house.ledger("shadow") == notes


@dataclass(frozen=True)
class Everybody:
    people: Sequence[Stranger]

    def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> None:
        raise NotImplementedError

    def strangers(self, known: Mapping[str, Ref | None]) -> Sequence[Stranger]:
        assert known == {}
        return self.people


def somebody(state: EntryState, *, tells_doors: bool = True) -> Stranger:
    return Stranger(id="1", is_ours=False, entries={TargetId("A"): state}, tells_doors=tells_doors)


class Counting:
    """Reads nothing but how often it is asked; `error` is what it answers then."""

    asked = 0
    tells_doors = True
    error: Exception | None = None

    async def survey(self) -> Everybody:
        self.asked += 1
        if self.error is not None:
            raise self.error
        others = somebody(EntryState.SUSPENDED, tells_doors=self.tells_doors)
        return Everybody([somebody(EntryState.ACTIVE), others])


async def test_one_reading_serves_many_and_one_that_fails_proves_nothing() -> None:
    clock, vendor = MovableClock(), Counting()
    watch = Watch({(CONNECTION, SITE): vendor}, clock)
    seen = [await watch.doors((CONNECTION, SITE)) for _ in range(5)]
    assert [one.open for one in seen if one is not None] == [{"A": True}] * 5, "any entry that opens it counts"
    assert vendor.asked == 1
    clock.advance(minutes=1)
    vendor.error = Anomaly("a page is missing")
    assert await watch.doors((CONNECTION, SITE)) is None
    assert vendor.asked == 2
    assert await watch.doors((CONNECTION, SiteId("elsewhere"))) is None


async def test_a_sweep_has_rehearsed_what_nobody_told(house: House) -> None:
    rental = house.move_in("B-014")
    lose(house)
    await house.sweep()
    assert (await reported(house)).would == {"grant": 1}
    house.move_out(rental)
    lose(house)
    await house.sweep()
    assert (await reported(house)).would["revoke"] == 1
    assert nothing_was_written(house)


async def test_who_is_in_step_at_the_gate_is_rehearsed_all_the_same(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.move_in("B-014")
        await house.settle()
        house.modes["shadow"] = True
        await house.restart()
        await house.sweep()
        assert (await reported(house)).would == {"grant": 1}


async def test_what_was_rehearsed_is_looked_for_though_what_was_done_rests_for_long() -> None:
    rental, now = RentalId("r1"), MovableClock().now()
    over = AccessRecord(
        rental=rental, status=AccessStatus.NONE, certainty=Certainty.CONFIRMED, since=now - timedelta(days=30)
    )
    stage = Stage(records={rental: replace(over, status=AccessStatus.GRANTED, targets=frozenset({TargetId("A")}))})

    async def told(shadow: Mapping[str, object] | None) -> list[Told]:
        class Page:
            async def known_at(self, *_: object, after: str | None = None, **__: object) -> list[Known]:
                row = SubjectRow(key=KEY, state="idle", due_at=None, attempts=0, note=None)
                return [] if after else [Known(row=row, record=SubjectRecord(access={rental: over}, shadow=shadow))]

        listing = SiteListing(site=SITE, sightings=())
        return [one.told async for one in EverybodyAt(Page(), MovableClock()).at((CONNECTION, SITE), listing)]

    assert (await told(None), await told(to_json(stage))) == ([Told.NOTHING_LEFT], [Told.NOT_ALL])


async def test_what_somebody_changes_at_a_site_in_shadow_is_told_and_not_put_back(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        rental = house.move_in("B-014")
        await house.settle()
        house.modes["shadow"] = True
        await house.restart()
        await take_away(house)
        house.gate.requests.clear()
        house.platform.requests.clear()
        await house.sweep()
        await house.later(minutes=5)
        assert nothing_was_written(house)
        (told,) = (await reported(house)).rows
        assert (told.rental, told.ours, told.theirs) == (rental, "open", "closed")


async def test_a_doubted_database_stops_no_rehearsal(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    said = LedgerEntry(kind=LedgerKind.OPERATOR, at=house.clock.now(), what="database_doubted")
    await house.bridge.store.doubt("it is older", said)
    house.move_out(rental)
    await house.settle()
    assert (await reported(house)).would["revoke"] == 1
    assert await house.bridge.store.list_holds() == []
    assert nothing_was_written(house)


async def test_of_others_whose_doors_are_not_told_no_door_is_taken_for_closed() -> None:
    vendor = Counting()
    vendor.tells_doors = False
    watch = Watch({(CONNECTION, SITE): vendor}, MovableClock())
    seen = [await watch.doors((CONNECTION, SITE)) for _ in range(5)]
    assert [one is not None and one.open for one in seen] == [None] * 5
    assert vendor.asked == 1


async def test_who_is_shut_out_is_not_at_a_site_in_shadow_and_a_plan_says_so(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    await revoke(house)
    await house.settle()
    assert nothing_was_written(house)
    plan = await house.bridge.resyncer.plan(Selection(tenant=MIRA))
    assert any("is in shadow" in note for note in plan.notes) or plan.to_run == ()
    told = await house.bridge.explainer.explain(Whom(by=By.TENANT, id=MIRA))
    assert any("is in shadow" in note for note in told.notes)


async def test_with_budgets_of_nothing_no_door_is_ever_closed(tmp_path: Path) -> None:  # R21
    none = Budget(per_hour=0)
    budgets = SiteBudgets(site=Budgets(removals=none, suspensions=none))
    async with open_house(tmp_path, budgets=budgets) as house:
        rentals = [house.move_in(door) for door in ("B-014", "B-021", "B-027")]
        await house.settle()
        house.world.mark_overdue(rentals[0])
        house.move_out(rentals[1])
        house.transfer(rentals[2], "B-030")
        await house.later(hours=3)
        await house.sweep()
        closing = [call for call in house.gate.calls("DELETE") if call]
        assert closing == []
        assert {state for one in await house.people() for state in (e["state"] for e in one["access"])} == {"active"}
