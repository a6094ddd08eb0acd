"""What certifies this adapter: the conformance kit over the simulated workspace, once for each way of working."""

from adapters.seam import ADAPTER
from adapters.seam.simulation import SeamSimulation
from bridge.testing.conformance import AdapterConformance
from bridge.testing.simulation import SimulatedClock, Simulation


class TestSeamCodes(AdapterConformance):
    spec = ADAPTER

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return SeamSimulation(clock)


class TestSeamCodesThatAreDeleted(AdapterConformance):
    spec = ADAPTER

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return SeamSimulation(clock, options={"suspend": "delete", "name_style": "none"})


class TestSeamCodesThatAreBelieved(AdapterConformance):
    spec = ADAPTER

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return SeamSimulation(clock, stays_setting=True, options={"confirm": "accepted"})
