"""The simulator's adapter keeps what every adapter must keep, over the real controller."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.ports.adapter import Adapter
from bridge.testing.conformance import AdapterConformance
from tests.adapters.simulator.rig import rig


class TestSimulator(AdapterConformance):
    @asynccontextmanager
    async def open_adapter(self) -> AsyncIterator[Adapter]:
        async with rig() as bench:
            yield bench.adapter
