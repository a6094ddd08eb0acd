"""The adapter of the simulated gate: small, complete, and the pattern for others."""

from adapters.simulator.adapter import SimulatorAdapter
from adapters.simulator.mapping import capabilities_of
from adapters.simulator.options import SimulatorOptions
from bridge.sdk import AdapterSpec

ADAPTER = AdapterSpec(
    key="simulator",
    title="Simulated gate",
    field_prefix="gate",
    options=SimulatorOptions,
    capabilities=capabilities_of,
    open=SimulatorAdapter,
    suite="adapters.simulator.suite",
)

__all__ = ["ADAPTER"]
