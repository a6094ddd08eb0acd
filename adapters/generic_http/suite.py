"""What certifies the adapter: both worked examples, as they are and with the keys that change what it does."""

from typing import ClassVar

from adapters.generic_http import ADAPTER
from adapters.generic_http.simulation import PeopleKind, PeopleSimulation, UnitsSimulation
from bridge.testing.conformance import AdapterConformance, SimulatedClock, Simulation

MASKED_PERSON = """
capabilities.shows_codes = false
person.code = "-"
"""
MASKED_ENTRY = """
capabilities.shows_codes = false
entry.code = "-"
"""
MADE = """
capabilities.codes = "made"
capabilities.code_min_length = 6
capabilities.code_max_length = 6
requests.create = { code = "data.pin", conflict = "-", json = { pin = "-" } }
requests.set_code = { code = "data.pin", conflict = "-", json = "-" }
"""
MADE_AND_LOOKED_UP = """
capabilities.codes = "made"
capabilities.code_min_length = 6
capabilities.code_max_length = 6
requests.create = { conflict = "-", id = "-", json = { pin = "-" } }
requests.set_code = { conflict = "-", json = "-" }
requests.show = "-"
"""
BLOCKS_PEOPLE = """
capabilities.suspends = "person"
entry = { state = "-", active = "-", suspended = "-" }
requests.suspend = { path = "/v2/people/{id}/block", already = { words = ["already_so"] } }
requests.resume = { path = "/v2/people/{id}/unblock", already = { words = ["already_so"] } }
"""
CODE_AFTERWARDS = """
requests.create = { conflict = "-", json = { pin = "-" } }
"""
BY_UNIT = """
requests.find.path = "/units/{target}/visitors"
requests.find.paging = "-"
requests.find.missing = { at = "reason", words = ["no such unit"] }
entry.target = "-"
"""


class OverPeople(AdapterConformance):
    kind: ClassVar = PeopleKind()

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return PeopleSimulation(clock, self.kind)


class OverUnits(AdapterConformance):
    masks_pins: ClassVar = False
    changes: ClassVar = ""

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return UnitsSimulation(clock, masks_pins=self.masks_pins, changes=self.changes)


class TestPeople(OverPeople):
    spec = ADAPTER


class TestPeopleBlocked(OverPeople):
    """Only the whole person is suspended."""

    spec = ADAPTER
    kind = PeopleKind(changes=BLOCKS_PEOPLE)


class TestPeopleMaskedAndCodeAfterwards(OverPeople):
    """The code is masked, and given by a call of its own after the person was made."""

    spec = ADAPTER
    kind = PeopleKind(masks_pins=True, sets_pins_later=True, changes=MASKED_PERSON + CODE_AFTERWARDS)


class TestPeopleMadeMaskedAndBlocked(OverPeople):
    """The vendor makes the codes and tells each once; only the whole person is suspended."""

    spec = ADAPTER
    kind = PeopleKind(makes_pins=True, masks_pins=True, changes=MADE + MASKED_PERSON + BLOCKS_PEOPLE)


class TestPeopleMadeAndLookedUp(OverPeople):
    """The vendor makes the codes, and answers neither id nor code: both are looked up."""

    spec = ADAPTER
    kind = PeopleKind(makes_pins=True, tells_new_pins=False, changes=MADE_AND_LOOKED_UP)


class TestUnits(OverUnits):
    spec = ADAPTER


class TestUnitsMaskedByUnit(OverUnits):
    """Codes are masked, and one asks door by door."""

    spec = ADAPTER
    masks_pins = True
    changes = MASKED_ENTRY + BY_UNIT
