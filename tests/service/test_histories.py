"""For any history: once the trouble is over and one sweep has run, each gate equals the rules applied to the platform.

Two sites, two tenants, and vendors of several kinds. Events are doubled, lost, late and out of order, calls to gates
and platform fail, and the bridge is started anew in between. What is right is said here once more, in other words than
the bridge's own.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bridge.domain.ids import TargetId
from bridge.domain.policy import CommonDoorsPolicy, MoveOutPolicy, OverduePolicy, SitePolicy
from bridge.sandbox.gate import GateKind, GateSettings
from bridge.sandbox.gate.kind import Codes, Suspends
from bridge.sandbox.platform import ApiFault, ApiFaultKind
from bridge.sandbox.platform.errors import NotPossible
from bridge.sandbox.platform.records import Rental, RentalState
from tests.service.building import ZONE
from tests.service.hilltop import ALL_UNITS, HILLTOP, open_two_sites
from tests.service.house import CONNECTION, JONAS, MIRA, SITE, House
from tests.service.wire import Spoil

TENANTS = (MIRA, JONAS)
UNITS = {"B-014": SITE, "B-021": SITE, "B-027": SITE, "H-001": HILLTOP, "H-002": HILLTOP}
STRANGER = "590274"
GATE = TargetId("GATE")
FAULTS = (
    "after_write",
    "error_in_200",
    "garbage",
    "lose_write",
    "fail",
    "late",
    "platform",
    "platform is empty",
    "gone",
)
ACTS = (
    *("move in", "move out", "transfer", "transfer", "overdue", "overdue", "pay", "lock", "unlock", "type", "rotate"),
    *("come later", "leave later", "a day passes", "opt out", "map", "restart"),
)


@dataclass(frozen=True, kw_only=True)
class Town:
    """What the two sites decide, and what their vendors are like."""

    policy: SitePolicy
    gate: GateKind = field(default_factory=GateKind)
    other_gate: GateKind = field(default_factory=GateKind)

    @property
    def hides_codes(self) -> bool:
        return not (self.gate.shows_codes and self.other_gate.shows_codes)


TOWNS = {
    "plain": Town(policy=SitePolicy(zone=ZONE)),
    "one debt closes the gate": Town(
        policy=SitePolicy(
            zone=ZONE,
            move_out_date=MoveOutPolicy.END_OF_DAY,
            common_doors=(GATE,),
            common_doors_open=CommonDoorsPolicy.NONE_OVERDUE,
        )
    ),
    "a vendor with one switch for a person": Town(
        policy=SitePolicy(zone=ZONE, common_doors=(GATE,)), gate=GateKind(suspends=Suspends.PERSON)
    ),
    "vendors that make and hide codes": Town(
        policy=SitePolicy(zone=ZONE, overdue=OverduePolicy.TENANT, move_out_date=MoveOutPolicy.END_OF_DAY),
        gate=GateKind(codes=Codes.MADE, shows_codes=False, suspends=Suspends.PERSON),
        other_gate=GateKind(shows_codes=False),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something happens on the platform; then some of what is told arrives, in some order, perhaps in trouble."""

    act: str
    tenant: str
    unit: str
    fault: str | None
    seed: int


steps = st.builds(
    Step,
    act=st.sampled_from(ACTS),
    tenant=st.sampled_from(TENANTS),
    unit=st.sampled_from(sorted(UNITS)),
    fault=st.none() | st.sampled_from(FAULTS),
    seed=st.integers(0, 2**32),
)


@pytest.mark.parametrize("town", TOWNS.values(), ids=TOWNS.keys())
@settings(max_examples=20, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(history=st.lists(steps, min_size=5, max_size=15))
def test_one_sweep_after_any_history_the_gates_equal_the_platform(town: Town, history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_play(town, history, Path(folder)))


@pytest.mark.soak
@pytest.mark.parametrize("town", TOWNS.values(), ids=TOWNS.keys())
@settings(max_examples=300, deadline=None)
@given(history=st.lists(steps, min_size=4, max_size=40))
def test_the_same_at_length(town: Town, history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_play(town, history, Path(folder)))


@pytest.mark.anyio
async def test_a_unit_rented_again_is_as_its_last_rental_says(tmp_path: Path) -> None:
    async with open_two_sites(tmp_path, gate_elsewhere=GateSettings()) as house:
        first = house.move_in("B-014", MIRA)
        await house.settle()
        house.move_out(first)
        await house.settle()
        again = house.move_in("B-014", MIRA)
        await house.settle()
        (await house.hands_elsewhere.post("/sandbox/faults", json={"kind": "fail", "count": None})).raise_for_status()
        house.world.transfer(again, ALL_UNITS["H-001"])
        await house.settle()

        assert (house.status(first), house.status(again)) == ("revoked", "granted")
        assert await house.keypad("B-014", house.code(again)) == "ok"
        await _nobody_holds_what_was_confirmed_as_revoked(house)

        await _mend(house)
        await house.later(minutes=20)
        assert (house.status(first), house.status(again)) == ("revoked", "revoked")
        assert await house.people() == []


@pytest.mark.anyio
@pytest.mark.parametrize("times", [1, 2])
async def test_a_door_found_open_after_its_last_rental_was_revoked_is_a_fault(tmp_path: Path, times: int) -> None:
    async with open_two_sites(tmp_path) as house:
        house.move_in("B-021", MIRA)
        for _ in range(times):
            rental = house.move_in("B-014", MIRA)
            await house.settle()
            house.move_out(rental)
            await house.settle()
        await _nobody_holds_what_was_confirmed_as_revoked(house)

        (mira,) = (one["id"] for one in await house.people() if one["external_key"])
        door = f"/sandbox/sites/{SITE}/people/{mira}/access/B-014"
        (await house.hands.put(door, json={"state": "active"})).raise_for_status()
        with pytest.raises(AssertionError, match=f"{rental} is revoked, and open"):
            await _nobody_holds_what_was_confirmed_as_revoked(house)


async def _play(town: Town, history: list[Step], folder: Path) -> None:
    gates = GateSettings(kind=town.gate), GateSettings(kind=town.other_gate)
    async with open_two_sites(folder, gate=gates[0], gate_elsewhere=gates[1], policy=town.policy) as house:
        await house.stranger(STRANGER, *UNITS)
        owing, _ = house.move_in("B-014", MIRA), house.move_in("B-021", MIRA)
        house.world.mark_overdue(owing)
        await house.settle()
        for step in history:
            await _take(house, town, step)
            await _nobody_holds_what_was_confirmed_as_revoked(house)
        await _mend(house)
        await house.sweep()

        await _gates_equal_platform(house, town.policy)
        before = _writes(house)
        await house.sweep()
        assert _writes(house) == before, "a second sweep finds nothing to do"


def _writes(house: House) -> tuple[int, int, int]:
    return len(house.gate.writes()), len(house.gate_elsewhere.writes()), len(house.platform.writes())


async def _take(house: House, town: Town, step: Step) -> None:
    chance = Random(step.seed)
    if step.act == "restart":
        await house.restart()
    else:
        try:
            _acts(house, step, chance)[step.act]()
        except (NotPossible, StopIteration):
            return
    if step.fault is not None and not (town.hides_codes and step.fault in {"lose_write", "late"}):
        await _break(house, step.fault, chance)
    told = house.take_told()
    arrived = [event for event in told * chance.randint(1, 2) if chance.random() < 0.7]
    chance.shuffle(arrived)
    await house.deliver(arrived + chance.sample(house.past, min(2, len(house.past))))
    for _ in range(chance.randint(1, 3)):
        await house.resolve_due()
        await house.converge_due()
        house.clock.advance(seconds=chance.randint(0, 100))
    if chance.random() < 0.5:
        await _mend(house)


async def _break(house: House, fault: str, chance: Random) -> None:
    count = chance.randint(1, 4)
    if fault == "platform":
        house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, remaining=count, status=503))
    elif fault == "late":
        house.gate.stall_writes = house.gate_elsewhere.stall_writes = count
    elif fault == "gone":
        house.platform.spoil = _without(chance.choice(list(house.world.books.rentals)).id)
    elif fault == "platform is empty":
        house.fault_platform(ApiFault(kind=ApiFaultKind.EMPTY_PAGE, remaining=count, path="unit-rentals"))
    else:
        for hands in (house.hands, house.hands_elsewhere):
            (await hands.post("/sandbox/faults", json={"kind": fault, "count": count})).raise_for_status()


def _without(rental: str) -> Spoil:
    """The platform does not know this rental for a while."""

    def spoil(request: httpx.Request, answer: Any) -> Any:
        if isinstance(answer, list):
            return [row for row in answer if not (isinstance(row, dict) and row.get("id") == rental)]
        is_it = request.method == "GET" and request.url.path.endswith(f"/{rental}")
        return {"error": {"type": "not_found", "message": "not found"}} if is_it else answer

    return spoil


async def _mend(house: House) -> None:
    house.fault_platform(None)
    house.platform.spoil = None
    for wire in {id(wire): wire for wire in (house.gate, house.gate_elsewhere)}.values():
        await wire.let_through()
    for hands in (house.hands, house.hands_elsewhere):
        (await hands.delete("/sandbox/faults")).raise_for_status()


def _acts(house: House, step: Step, chance: Random) -> Mapping[str, Callable[[], object]]:
    world, unit_id = house.world, ALL_UNITS[step.unit]

    def rental() -> str:
        return chance.choice(sorted(one.id for one in _current(house, step.tenant)) or [next(iter(()))])

    def tomorrow() -> None:
        new = world.move_in(step.tenant, unit_id, start_date=_today(house) + timedelta(days=1))
        world.complete_move_in(new.id)

    def a_day() -> None:
        house.clock.advance(hours=24)
        world.catch_up()

    return {
        "move in": lambda: world.move_in(step.tenant, unit_id),
        "move out": lambda: house.move_out(rental()),
        "transfer": lambda: world.transfer(rental(), unit_id),
        "overdue": lambda: world.mark_overdue(rental()),
        "pay": lambda: world.pay(rental()),
        "lock": lambda: house.edit(rental(), overlocked=True),
        "unlock": lambda: house.edit(rental(), overlocked=False),
        "rotate": lambda: house.edit(rental(), resync="rotate"),
        "type": lambda: house.edit(rental(), pinCode=f"{chance.randint(0, 999_999):06}"),
        "come later": tomorrow,
        "leave later": lambda: world.schedule_move_out(rental(), _today(house)),
        "a day passes": a_day,
        "opt out": lambda: world.edit_unit(unit_id, {"gate_id": "NONE"}),
        "map": lambda: world.edit_unit(unit_id, {"gate_id": step.unit}),
    }


def _today(house: House) -> date:
    return house.clock.now().astimezone(ZONE).date()


def _current(house: House, tenant: str) -> list[Rental]:
    rentals = house.world.books.rentals
    return [rental for rental in rentals if rental.owner_id == tenant and rental.state is RentalState.OCCUPIED]


def _served(house: House, tenant: str, site: str) -> list[Rental]:
    """Return the rentals that have a place at the site's gate, open or not."""
    return [one for one in _current(house, tenant) if one.site_id == site and _door(house, one) != "NONE"]


def _door(house: House, rental: Rental) -> str:
    door = house.world.books.units.get(rental.unit_id).custom_fields["gate_id"]
    assert isinstance(door, str)
    return door


def _earns(house: House, rental: Rental, policy: SitePolicy) -> bool:
    owing = [
        one for one in _current(house, rental.owner_id) if one.site_id == rental.site_id and one.overdue is not None
    ]
    if policy.overdue is OverduePolicy.RENTAL:
        owing = [one for one in owing if one.id == rental.id]
    leaving = _move_out_day(house, rental) if policy.move_out_date is MoveOutPolicy.END_OF_DAY else None
    return (
        not owing
        and not rental.custom_fields.get("gate_overlocked", False)
        and rental.start_date <= _today(house)
        and (leaving is None or _today(house) <= leaving)
    )


def _move_out_day(house: House, rental: Rental) -> date | None:
    job = None if rental.move_out_job_id is None else house.world.books.jobs.get(rental.move_out_job_id)
    return job.data.date if job is not None and job.state.is_alive else None


def _is_unclear(house: House, rental: Rental) -> bool:
    """Tell whether it may have followed a locked rental: then it is the status that says what the bridge knows."""
    return any(
        old.owner_id == rental.owner_id
        and old.site_id == rental.site_id
        and old.state is RentalState.ENDED
        and bool(old.custom_fields.get("gate_overlocked", False))
        for old in house.world.books.rentals
    )


def _wanted(house: House, policy: SitePolicy) -> Iterator[tuple[str, str, str]]:
    """Yield who may open what: a site, a door and a code."""
    for site in (SITE, HILLTOP):
        for tenant in TENANTS:
            served = _served(house, tenant, site)
            open_ones = [one for one in served if _is_open(house, one, policy)]
            owes = any(one.overdue is not None for one in _current(house, tenant) if one.site_id == site)
            closes = policy.common_doors_open is CommonDoorsPolicy.NONE_OVERDUE and owes
            for rental in open_ones:
                code = house.code(rental.id)
                assert code is not None
                yield site, _door(house, rental), code
                if policy.common_doors and not closes:
                    yield site, GATE, code


def _is_open(house: House, rental: Rental, policy: SitePolicy) -> bool:
    earns, status = _earns(house, rental, policy), house.status(rental.id) or ""
    if earns and _is_unclear(house, rental) and status.startswith("pending"):
        return False
    assert status.startswith("granted") is earns, f"{rental.id} says {status!r}"
    return earns


async def _gates_equal_platform(house: House, policy: SitePolicy) -> None:
    wanted = set(_wanted(house, policy))
    opened = set()
    for site in (SITE, HILLTOP):
        codes = [person["code"] for person in await house.people(site)]
        assert len(set(codes)) == len(codes)
        doors = [*(unit for unit, where in UNITS.items() if where == site), GATE]
        opened |= {
            (site, door, code) for code in codes for door in doors if await house.keypad(door, code, site) == "ok"
        }
    assert {one for one in opened if one[2] != STRANGER} == wanted
    assert {door for _, door, code in opened if code == STRANGER} == {
        door for door, site in UNITS.items() if site == SITE
    }
    for rental in house.world.books.rentals:
        served = rental.state is RentalState.OCCUPIED and _door(house, rental) != "NONE"
        assert "gate_resync" not in rental.custom_fields or not served
        if not served:
            assert house.status(rental.id) in {None, "revoked", "revoked: opted_out"}


async def _nobody_holds_what_was_confirmed_as_revoked(house: House) -> None:
    for site in (SITE, HILLTOP):
        people = {person["external_key"]: person for person in await house.people(site)}
        for rental in _last_of_each_unit(house, site):
            is_over = rental.state is not RentalState.OCCUPIED
            person = people.get(f"{CONNECTION}:{site}:{rental.owner_id}")
            if person is not None and is_over and (house.status(rental.id) or "").startswith("revoked"):
                name = house.world.books.units.get(rental.unit_id).name
                assert name not in {entry["target"] for entry in person["access"]}, f"{rental.id} is revoked, and open"


def _last_of_each_unit(house: House, site: str) -> Iterable[Rental]:
    """Return each tenant's last rental of each unit: the door is its own, also while it waits for an heir's.

    What was revoked before it stays so, though the same person may open the same door once more.
    """
    return {(one.owner_id, one.unit_id): one for one in house.world.books.rentals if one.site_id == site}.values()
