"""A tenancy through the whole bridge at each vendor: what the platform says is what the vendor's doors do."""

import importlib
import inspect
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from bridge.domain.capabilities import Capabilities, CodeMaker
from bridge.domain.ids import TargetId
from bridge.testing.conformance import AdapterConformance
from bridge.testing.simulation import SimulatedClock
from tests.service.building import Vendor, open_house
from tests.service.house import House, MovableClock

pytestmark = pytest.mark.anyio
DOORS = ("B-014", "B-021", "B-027")
PATIENCE = 60


def _suites() -> list[type[AdapterConformance]]:
    """Return the classes that certify our adapters; the simulated gate has all the other tests of this room."""
    found: list[type[AdapterConformance]] = []
    for entry in entry_points(group="gatebridge.adapters"):
        if entry.name == "simulator":
            continue
        try:
            module = importlib.import_module(entry.load().suite)
        except (ImportError, AttributeError):
            continue
        members = inspect.getmembers(module, inspect.isclass)
        found += [one for name, one in members if name.startswith("Test") and issubclass(one, AdapterConformance)]
    return sorted(set(found), key=lambda suite: f"{suite.__module__}.{suite.__name__}")


class HouseClock(SimulatedClock):
    """The vendor's time is the house's."""

    def __init__(self, clock: MovableClock) -> None:
        super().__init__(clock.moment)
        self.house = clock

    def now(self) -> datetime:
        return self.house.now()


class Town:
    """A house at a vendor, and the vendor's doors under the names of the platform's units."""

    def __init__(self, house: House, vendor: Vendor) -> None:
        self.house = house
        self.simulation = vendor.simulation
        self.makes_codes = capabilities_of(vendor).code_maker is CodeMaker.VENDOR
        self.doors = dict(zip(DOORS, vendor.simulation.doors, strict=True))
        for unit, door in self.doors.items():
            house.map_unit(unit, door)
        house.take_told()

    def opens(self, unit: str, code: str | None) -> bool:
        return code is not None and self.simulation.opens(code, TargetId(self.doors[unit]))

    async def comes_to(self, what: Callable[[], bool]) -> None:
        """Let the bridge work, and time pass, until that is so and nothing is left to do."""
        for _ in range(PATIENCE):
            await self.house.settle()
            if what() and not await self.house.subjects():
                return
            self.house.clock.advance(seconds=30)
        raise AssertionError(f"{await self.house.subjects()} {await self.house.alerts()} {self.house.open_tasks()}")


def capabilities_of(vendor: Vendor) -> Capabilities:
    return vendor.spec.capabilities(vendor.spec.options.model_validate(vendor.simulation.options))


@pytest.mark.parametrize("suite", _suites(), ids=lambda suite: f"{suite.spec.key}-{suite.__name__}")
async def test_a_tenancy_from_move_in_to_move_out(suite: type[AdapterConformance], tmp_path: Path) -> None:
    clock = HouseClock(MovableClock())
    vendor = Vendor(spec=suite.spec, simulation=suite().simulate(clock))
    async with open_house(tmp_path, vendor=vendor) as house:
        clock.house = house.clock
        town = Town(house, vendor)
        status, code = house.status, house.code

        first = house.move_in("B-014")
        await town.comes_to(lambda: status(first) == "granted" and town.opens("B-014", code(first)))
        shown = code(first)

        house.world.mark_overdue(first)
        await town.comes_to(lambda: status(first) == "suspended: overdue" and not town.opens("B-014", shown))
        house.world.pay(first)
        await town.comes_to(lambda: status(first) == "granted" and town.opens("B-014", shown))
        assert code(first) == shown

        if not town.makes_codes:
            typed = suite.other_code.reveal()
            house.edit(first, pinCode=typed)
            await town.comes_to(lambda: code(first) == typed and town.opens("B-014", typed))
            assert not town.opens("B-014", shown)
            shown = typed

        second = house.move_in("B-021")
        await town.comes_to(lambda: status(second) == "granted" and town.opens("B-021", shown))
        house.world.mark_overdue(first)
        await town.comes_to(lambda: status(first) == "suspended: overdue" and not town.opens("B-014", shown))
        assert town.opens("B-021", shown)
        house.world.pay(first)
        await town.comes_to(lambda: status(first) == "granted" and town.opens("B-014", shown))

        third = house.transfer(second, "B-027")
        await town.comes_to(lambda: status(third) == "granted" and status(second) == "revoked")
        assert [town.opens(unit, shown) for unit in DOORS] == [True, False, True]
        assert code(third) == shown

        house.move_out(first)
        await town.comes_to(lambda: status(first) == "revoked" and not town.opens("B-014", shown))
        assert town.opens("B-027", shown)
        house.move_out(third)
        await town.comes_to(lambda: status(third) == "revoked" and not town.opens("B-027", shown))
        assert (code(first), code(third), vendor.simulation.made()) == (None, None, 0)
        assert house.open_tasks() == []
