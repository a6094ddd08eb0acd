"""The pull feed keeps what every adapter must keep, whoever fetches it and however it looks."""

from adapters.pull_feed import ADAPTER
from adapters.pull_feed.simulation import PollingController
from bridge.sdk import GateCode
from bridge.testing.conformance import AdapterConformance, SimulatedClock, Simulation


class TestPublishedAsJson(AdapterConformance):
    spec = ADAPTER

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return PollingController(clock, {})


class TestFetchedAsCsv(AdapterConformance):
    """As unlike the defaults as can be."""

    spec = ADAPTER
    code = GateCode("04821379")
    other_code = GateCode("59027413")
    strangers_code = GateCode("71396402")

    def simulate(self, clock: SimulatedClock) -> Simulation:
        options = {
            "confirm": "fetched",
            "format": "csv",
            "code_length": 8,
            "columns": {"code": "PIN", "unit": "Door No."},
            "suspended_rows": "left_out",
        }
        return PollingController(clock, options)
