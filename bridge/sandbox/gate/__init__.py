"""A simulated gate controller: a small service of its own, with people, codes, targets, a keypad and its own oddities.

It knows nothing of the bridge, and the bridge knows of it only what its API answers.
"""

from bridge.sandbox.gate.app import Gate, build_gate, open_gate
from bridge.sandbox.gate.faults import Fault, FaultKind
from bridge.sandbox.gate.kind import Codes, GateKind, Suspends
from bridge.sandbox.gate.settings import GateSettings

__all__ = ["Codes", "Fault", "FaultKind", "Gate", "GateKind", "GateSettings", "Suspends", "build_gate", "open_gate"]
