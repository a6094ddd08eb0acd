"""At PTI a unit opens nothing without an access level, and a PIN is a number."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.pti import ADAPTER
from adapters.pti.simulation import LEVEL, OTHER_LEVEL, PtiSimulation, pti
from adapters.seam_acs.simulation.system import User
from bridge.domain.changes import EntryState, Kind
from bridge.domain.credential import CodeRefusal, GateCode
from bridge.domain.errors import Rejected
from bridge.domain.ids import TargetId
from bridge.ports.findings import Verdict
from bridge.testing.conformance import SimulatedClock
from bridge.testing.conformance.bench import Bench, benched
from bridge.testing.hands import Crash
from bridge.testing.wire import crashes

pytestmark = pytest.mark.anyio
CODE = GateCode("482130")
UNIT, OTHER_UNIT = TargetId("A-101"), TargetId("A-102")


@asynccontextmanager
async def rig(**extra: Any) -> AsyncIterator[tuple[Bench, PtiSimulation]]:
    clock = SimulatedClock()
    simulation = PtiSimulation(clock, **extra)
    async with benched(ADAPTER, simulation, clock) as bench:
        yield bench, simulation


def tenant(simulation: PtiSimulation) -> User:
    return next(user for user in simulation.system.users.values() if not user.by_hand)


def level_names(simulation: PtiSimulation) -> list[str]:
    ids = {id_: name for name, id_ in simulation.levels.items()}
    return [ids[group] for group in tenant(simulation).groups if group in ids]


async def test_the_level_comes_before_the_unit_and_goes_after_it() -> None:
    async with rig() as (bench, simulation):
        hands = bench.hands()
        await hands.apply(Kind.GRANT, UNIT, CODE)
        await hands.apply(Kind.REVOKE, UNIT)
        moves = [
            (request.url.path.rpartition("/")[2], json.loads(request.content)["acs_access_group_id"])
            for request in bench.wire.requests
            if request.url.path.endswith("access_group")
        ]
        unit = simulation._group(UNIT)
        level = simulation.levels[LEVEL]
        add, remove = "add_to_access_group", "remove_from_access_group"
        assert moves == [(add, level), (add, unit), (remove, unit), (remove, level)]


async def test_the_level_stays_while_there_is_a_unit() -> None:
    async with rig() as (bench, simulation):
        hands = bench.hands()
        await hands.apply(Kind.GRANT, UNIT, CODE)
        await hands.apply(Kind.GRANT, OTHER_UNIT, CODE)
        await hands.apply(Kind.REVOKE, UNIT)
        assert level_names(simulation) == [LEVEL]
        assert bench.simulation.opens(CODE.reveal(), OTHER_UNIT)


async def test_a_level_that_a_crash_left_goes_with_the_next_removal() -> None:
    async with rig() as (bench, simulation):
        hands = bench.hands()
        await hands.apply(Kind.GRANT, UNIT, CODE)
        bench.wire.requests.clear()
        await hands.apply(Kind.REVOKE, OTHER_UNIT)
        looks = len(bench.wire.requests)
        bench.wire.arm(crashes, at=looks)
        with pytest.raises(Crash):
            await hands.apply(Kind.REVOKE, UNIT)
        assert (bench.simulation.credentials(UNIT), level_names(simulation)) == (0, [LEVEL])
        await hands.apply(Kind.REVOKE, UNIT)
        assert level_names(simulation) == []


async def test_a_tenant_without_a_level_is_shown_as_closed_and_gets_it_with_a_resume() -> None:
    async with rig() as (bench, simulation):
        hands = bench.hands()
        await hands.apply(Kind.GRANT, UNIT, CODE)
        tenant(simulation).groups.remove(simulation.levels[LEVEL])
        simulation.system.touch(tenant(simulation).id)
        assert dict((await hands.observe()).entries) == {UNIT: EntryState.SUSPENDED}
        await hands.apply(Kind.RESUME, None, CODE)
        assert dict((await hands.observe()).entries) == {UNIT: EntryState.ACTIVE}
        assert bench.simulation.opens(CODE.reveal(), UNIT)


async def test_a_level_that_staff_gave_is_kept_and_not_added_to() -> None:
    async with rig() as (bench, simulation):
        hands = bench.hands()
        await hands.apply(Kind.GRANT, UNIT, CODE)
        groups = tenant(simulation).groups
        groups[groups.index(simulation.levels[LEVEL])] = simulation.levels[OTHER_LEVEL]
        simulation.system.touch(tenant(simulation).id)
        await hands.apply(Kind.GRANT, OTHER_UNIT, CODE)
        assert level_names(simulation) == [OTHER_LEVEL]
        assert set((await hands.observe()).entries.values()) == {EntryState.ACTIVE}
        for unit in (UNIT, OTHER_UNIT):
            await hands.apply(Kind.REVOKE, unit)
        assert level_names(simulation) == [OTHER_LEVEL]


async def test_a_level_on_its_way_leaves_no_unit_settled() -> None:
    async with rig(brand=pti(late_seconds=30.0)) as (bench, simulation):
        hands = bench.hands()
        await hands.apply(Kind.GRANT, UNIT, CODE)
        bench.clock.advance(30)
        tenant(simulation).groups.remove(simulation.levels[LEVEL])
        simulation.system.touch(tenant(simulation).id)
        bench.clock.advance(30)
        await hands.apply(Kind.RESUME, None, CODE)
        assert (await hands.observe()).unsettled == {UNIT}
        bench.clock.advance(30)
        assert (await hands.observe()).unsettled == frozenset()


async def test_levels_are_no_targets() -> None:
    async with rig() as (bench, _):
        targets = await bench.adapter.targets()
        assert [(target.id, target.kind) for target in targets] == [
            (name, "pti_unit") for name in ("A-101", "A-102", "B-014")
        ]


async def test_a_level_may_be_named_by_its_id() -> None:
    async with rig() as (bench, simulation):
        bench.options = bench.options.model_copy(update={"access_level": simulation.levels[OTHER_LEVEL]})
        bench.open()
        await bench.hands().apply(Kind.GRANT, UNIT, CODE)
        assert level_names(simulation) == [OTHER_LEVEL]


@pytest.mark.parametrize("trouble", ["unknown", "twice"])
async def test_a_level_that_is_not_one_lets_nobody_in_and_is_told_by_check(trouble: str) -> None:
    async with rig() as (bench, simulation):
        if trouble == "unknown":
            bench.options = bench.options.model_copy(update={"access_level": "Night owls"})
            bench.open()
        else:
            simulation.add_group(LEVEL, "pti_access_level")
        with pytest.raises(Rejected, match="access_level"):
            await bench.hands().apply(Kind.GRANT, UNIT, CODE)
        assert bench.simulation.made() == 0
        failed = [one for one in await bench.adapter.check() if one.verdict is Verdict.FAILED]
        assert ["options.access_level" in one.text and OTHER_LEVEL in one.text for one in failed] == [True]


async def test_two_units_of_one_name_are_for_staff_to_name() -> None:
    async with rig() as (bench, simulation):
        simulation.add_group(UNIT)
        with pytest.raises(Rejected, match="several"):
            await bench.hands().apply(Kind.GRANT, UNIT, CODE)


async def test_a_unit_that_was_given_its_name_twice_later_can_still_be_left() -> None:
    async with rig() as (bench, simulation):
        hands = bench.hands()
        await hands.apply(Kind.GRANT, UNIT, CODE)
        simulation.add_group(UNIT)
        await hands.apply(Kind.REVOKE, UNIT)
        assert bench.simulation.credentials(UNIT) == 0


async def test_another_system_than_pti_is_told_by_check() -> None:
    async with rig() as (bench, simulation):
        simulation.system.brand = type(simulation.brand)(external_type="brivo_account", group_type="pti_unit")
        failed = [one for one in await bench.adapter.check() if one.verdict is Verdict.FAILED]
        assert any("PTI" in one.text for one in failed)


async def test_a_pin_never_begins_with_a_zero_that_pti_would_lose() -> None:
    async with rig() as (bench, _):
        rules = bench.capabilities.code_rules
        assert rules.refusal(GateCode("048213")) is CodeRefusal.ALPHABET
        assert rules.refusal(CODE) is None
