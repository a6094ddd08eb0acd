"""What certifies the adapter: the conformance kit over a PTI site behind Seam."""

from adapters.pti import ADAPTER
from adapters.pti.simulation import PtiSimulation, pti
from bridge.sdk import GateCode
from bridge.testing.conformance import AdapterConformance, SimulatedClock, Simulation


class OverPti(AdapterConformance):
    spec = ADAPTER
    code = GateCode("482130")


class TestPtiByName(OverPti):
    def simulate(self, clock: SimulatedClock) -> Simulation:
        return PtiSimulation(clock)


class TestPtiByIdAndLate(OverPti):
    """Seam takes a change, and brings it to StorLogix later."""

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return PtiSimulation(clock, pti(late_seconds=8.0), by_name=False)
