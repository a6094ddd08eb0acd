"""Who could open a door at any moment is what the gate itself would have said then."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bridge.domain.access import Certainty
from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import SiteId, SiteKey, TargetId
from bridge.domain.intervals import DoorState, Stage
from bridge.ports.proof import Held
from bridge.service.who import Standing, Who
from bridge.testing.memory_store import MemoryStore
from tests.service.building import ZONE
from tests.service.house import CONNECTION, JONAS, MIRA, SITE, House, MovableClock

pytestmark = pytest.mark.anyio
DOORS = ("B-014", "B-021")


def who_of(house: House) -> Who:
    return Who(history=house.bridge.store, zones={(CONNECTION, SITE): ZONE}, clock=house.clock)


def who_in(zones: dict[SiteKey, ZoneInfo]) -> Who:
    """Return one who has nothing to tell, in May 2026."""
    clock = MovableClock()
    clock.moment = datetime(2026, 5, 1, tzinfo=UTC)
    return Who(history=MemoryStore(clock), zones=zones, clock=clock)


async def now(house: House) -> list[Standing]:
    return list((await who_of(house).now(Held())).rows)


async def gate_opens_for(house: House, code: str | None) -> frozenset[str]:
    return frozenset([door for door in DOORS if code is not None and await house.keypad(door, code) == "ok"])


async def test_who_could_open_each_door_equals_what_the_gate_had(house: House) -> None:
    had: list[tuple[datetime, frozenset[str]]] = []
    code: str | None = None

    async def look() -> None:
        """Note, half an hour after the last act, what the gate says, and go on half an hour later."""
        house.clock.advance(minutes=30)
        had.append((house.clock.now(), await gate_opens_for(house, code)))
        house.clock.advance(minutes=30)

    await look()
    first = house.move_in("B-014")
    await house.settle()
    code = house.code(first)
    await look()
    house.world.mark_overdue(first)
    await house.settle()
    await look()
    house.world.pay(first)
    await house.settle()
    await look()
    second = house.transfer(first, "B-021")
    await house.settle()
    await look()
    house.move_out(second)
    await house.settle()
    await look()

    assert [doors for _, doors in had] == [
        frozenset(),
        {"B-014"},
        frozenset(),
        {"B-014"},
        {"B-021"},
        frozenset(),
    ], "or the story tells nothing"
    who = who_of(house)
    for moment, doors in had:
        told = {door: await who.at(moment, TargetId(door)) for door in DOORS}
        assert {door for door, rows in told.items() if rows} == doors, moment
        for rows in told.values():
            assert all(row.subject.tenant == MIRA and row.interval.state is DoorState.OPEN for row in rows)


async def test_what_is_confirmed_says_by_which_entries(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    (row,) = await now(house)
    assert (row.rental, row.door, row.wanted, row.certainty) == (rental, "B-014", "granted", Certainty.CONFIRMED)
    assert row.interval is not None
    assert (row.interval.state, row.interval.stage, row.interval.why) == (
        DoorState.OPEN,
        Stage.CONFIRMED,
        "grant (granted)",
    )
    assert len(row.interval.by) == 3, "intent, outcome, read-back"


async def test_what_the_vendor_took_and_does_not_show_is_not_known_then_and_never_after(house: House) -> None:
    await house.fault_gate(kind="lose_write", method="PUT", count=1)
    house.move_in("B-014")
    await house.settle()
    house.clock.advance(milliseconds=100)
    (row,) = await now(house)
    assert row.interval is not None
    assert (row.interval.state, row.interval.stage, row.interval.towards) == (
        DoorState.UNKNOWN,
        Stage.NOT_SEEN,
        DoorState.OPEN,
    )
    then = house.clock.now()
    await house.later(seconds=2)
    (row,) = await now(house)
    assert row.interval is not None
    assert row.interval.state is DoorState.OPEN
    (once,) = await who_of(house).at(then, TargetId("B-014"))
    assert once.interval.state is DoorState.UNKNOWN


async def test_why_a_door_was_closed_is_told_with_it(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.clock.advance(hours=1)
    house.world.mark_overdue(rental)
    await house.settle()
    (row,) = await now(house)
    assert row.interval is not None
    assert (row.wanted, row.interval.state, row.interval.why) == (
        "suspended: overdue",
        DoorState.SUSPENDED,
        "suspend (suspended: overdue)",
    )
    assert row.interval.since == house.clock.now()


async def test_somebody_who_shuts_a_door_at_the_vendor_is_found_out(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    house.clock.advance(hours=1)
    (person,) = await house.people()
    await house.hands.put(f"/sandbox/sites/{SITE}/people/{person['id']}/access/B-014", json={"state": "suspended"})
    before = house.clock.now()
    house.clock.advance(hours=1)
    await house.sweep()
    (once,) = await who_of(house).at(before, TargetId("B-014"))
    assert once.interval.found_otherwise is not None
    (row,) = await now(house)
    assert row.interval is not None
    assert (row.interval.state, row.interval.found_otherwise) == (DoorState.OPEN, None)


async def test_a_door_that_was_given_by_hand_is_shown_as_foreign(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    (person,) = await house.people()
    await house.hands.put(f"/sandbox/sites/{SITE}/people/{person['id']}/access/Office", json={"state": "active"})
    house.move_out(rental)
    await house.settle()
    rows = await now(house)
    assert [(row.door, row.rental, row.interval.is_foreign) for row in rows if row.interval is not None] == [
        ("Office", None, True)
    ]


async def test_a_sweep_that_finds_all_as_it_was_writes_nothing(house: House) -> None:
    house.move_in("B-014")
    house.move_in("B-021", JONAS)
    await house.settle()
    end = await house.bridge.store.ledger_end()
    await house.sweep()
    assert await house.bridge.store.ledger_end() == end


async def test_an_unknown_door_is_an_error_and_not_nobody(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    with pytest.raises(NotFoundHere, match="B-0140"):
        await who_of(house).at(house.clock.now(), TargetId("B-0140"))


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("2026-03-29T01:30", "put forward"),
        ("2025-10-26T01:30", "came twice"),
        ("2031-01-01T00:00", "to come"),
    ],
)
async def test_a_moment_that_the_wall_clock_does_not_show_once_is_refused(named: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        who_in({(CONNECTION, SITE): ZONE}).moment(datetime.fromisoformat(named), None)


@pytest.mark.parametrize(
    ("named", "moment"),
    [
        ("2025-07-01T12:00", "2025-07-01T11:00+00:00"),
        ("2025-12-01T12:00", "2025-12-01T12:00+00:00"),
        ("2025-10-26T01:30+01:00", "2025-10-26T00:30+00:00"),
    ],
)
async def test_a_moment_is_by_the_sites_clock_or_its_own_offset(named: str, moment: str) -> None:
    assert who_in({(CONNECTION, SITE): ZONE}).moment(datetime.fromisoformat(named), SITE) == datetime.fromisoformat(
        moment
    )


async def test_sites_with_several_clocks_need_one_to_be_named() -> None:
    elsewhere = SiteId("elsewhere")
    who = who_in({(CONNECTION, SITE): ZONE, (CONNECTION, elsewhere): ZoneInfo("Asia/Tokyo")})
    named = datetime.fromisoformat("2025-07-01T12:00")
    with pytest.raises(ValueError, match="--site"):
        who.moment(named, None)
    assert who.moment(named, elsewhere).hour == 3
