"""What certifies the adapter: the conformance checks over the simulated CIA."""

from adapters.opentech_cia import ADAPTER
from adapters.opentech_cia.simulation import CiaSimulation, Quirks
from bridge.testing.conformance import AdapterConformance
from bridge.testing.simulation import SimulatedClock, Simulation


class TestByNumber(AdapterConformance):
    spec = ADAPTER

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return CiaSimulation(clock)


class TestById(AdapterConformance):
    """Units by their ids, which are texts here, guests who leave with the tenant, and all else in its other form."""

    spec = ADAPTER

    def simulate(self, clock: SimulatedClock) -> Simulation:
        quirks = Quirks(id_at_top=True, emptied_is_vacant=True, text_ids=True)
        return CiaSimulation(
            clock, quirks, unit_match="id", move_out="vacate", take_over="same_code", body_type="application/json"
        )
