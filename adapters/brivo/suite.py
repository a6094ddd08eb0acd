"""What certifies the adapter: every kind of account that its options tell apart."""

from adapters.brivo import ADAPTER
from adapters.brivo.simulation import BrivoSimulation
from bridge.sdk import GateCode
from bridge.testing.conformance import AdapterConformance
from bridge.testing.simulation import SimulatedClock, Simulation


class TestBrivoById(AdapterConformance):
    spec = ADAPTER

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return BrivoSimulation(clock)


class TestBrivoByName(AdapterConformance):
    """In Europe, with short codes and marks, and without contacts."""

    spec = ADAPTER
    code = GateCode("4821")
    other_code = GateCode("5902")
    strangers_code = GateCode("7139")

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return BrivoSimulation(
            clock, region="eu", targets="name", code_length=4, external_id_length=24, contact_type=""
        )
