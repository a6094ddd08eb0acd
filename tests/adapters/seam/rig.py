"""The adapter on the bench, over the simulated workspace."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from adapters.seam import ADAPTER
from adapters.seam.mapping import label_for
from adapters.seam.options import NameStyle
from adapters.seam.simulation import SeamSimulation
from adapters.seam.simulation.workspace import Code, Workspace
from bridge.domain.credential import GateCode
from bridge.testing.conformance import Bench, SimulatedClock
from bridge.testing.conformance.bench import benched
from bridge.testing.hands import somebody

CODE, OTHER = GateCode("048213"), GateCode("590274")
MIRA: Final = somebody()
LABEL: Final = label_for(MIRA, NameStyle.TENANT)
LONG: Final = 60.0
"""Seconds after which a lock has heard of everything."""


@asynccontextmanager
async def workspace(**options: Any) -> AsyncIterator[tuple[Bench, Workspace]]:
    """Open the adapter for a workspace with nobody in it."""
    clock = SimulatedClock()
    simulation = SeamSimulation(clock, options=options)
    async with benched(ADAPTER, simulation, clock) as bench:
        yield bench, simulation.workspace


def only_code(workspace: Workspace) -> Code:
    (code,) = workspace.codes()
    return code
