"""The simulated gate's adapter keeps what every adapter must keep, over controllers of every kind."""

from typing import ClassVar

from adapters.simulator import ADAPTER
from adapters.simulator.simulation import GateSimulation
from bridge.sandbox.gate import Codes, GateKind, Suspends
from bridge.testing.conformance import AdapterConformance, SimulatedClock, Simulation


class OverAGate(AdapterConformance):
    spec = ADAPTER
    kind: ClassVar[GateKind]

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return GateSimulation(clock, self.kind)


class TestGivenShownByTarget(OverAGate):
    kind = GateKind()


class TestGivenShownByPerson(OverAGate):
    kind = GateKind(suspends=Suspends.PERSON)


class TestGivenMaskedByTarget(OverAGate):
    kind = GateKind(shows_codes=False)


class TestGivenMaskedByPerson(OverAGate):
    kind = GateKind(shows_codes=False, suspends=Suspends.PERSON)


class TestMadeShownByTarget(OverAGate):
    kind = GateKind(codes=Codes.MADE)


class TestMadeShownByPerson(OverAGate):
    kind = GateKind(codes=Codes.MADE, suspends=Suspends.PERSON)


class TestMadeMaskedByTarget(OverAGate):
    kind = GateKind(codes=Codes.MADE, shows_codes=False)


class TestMadeMaskedByPerson(OverAGate):
    kind = GateKind(codes=Codes.MADE, shows_codes=False, suspends=Suspends.PERSON)
