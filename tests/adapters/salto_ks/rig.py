"""The adapter over a simulated site, with the simulation's clock for its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx

from adapters.salto_ks import ADAPTER
from adapters.salto_ks.adapter import SaltoAdapter
from adapters.salto_ks.simulation import Face, SaltoSimulation
from adapters.salto_ks.simulation.site import Somebody
from bridge.domain.ids import TargetId
from bridge.testing.conformance.bench import Bench, benched
from bridge.testing.hands import Hands
from bridge.testing.simulation import SimulatedClock
from bridge.testing.wire import Carry, Fault

NOT_FOUND = b'{"ErrorCode": "2202", "Message": "User not found"}'
NO_PERMISSION = b'{"ErrorCode": "2203", "Message": "No permission"}'


@dataclass(kw_only=True)
class Rig:
    bench: Bench
    simulation: SaltoSimulation
    clock: SimulatedClock
    hands: Hands

    @property
    def doors(self) -> list[TargetId]:
        return list(self.simulation.doors)

    @property
    def ours(self) -> list[Somebody]:
        return [person for person in self.simulation.site.people.values() if not person.by_hand]

    @property
    def person(self) -> Somebody:
        (person,) = self.ours
        return person

    def opens(self, door: int = 0) -> bool:
        return self.hands.code is not None and self.simulation.opens(self.hands.code.reveal(), self.doors[door])

    def sent(self, method: str, ending: str = "") -> list[httpx.Request]:
        return [one for one in self.bench.wire.requests if one.method == method and one.url.path.endswith(ending)]


@asynccontextmanager
async def rig(face: Face | None = None, **options: Any) -> AsyncIterator[Rig]:
    clock = SimulatedClock()
    simulation = SaltoSimulation(clock, face, **options)
    spec = replace(ADAPTER, open=lambda given, context: SaltoAdapter(given, context, clock.now))
    async with benched(spec, simulation, clock) as bench:
        yield Rig(bench=bench, simulation=simulation, clock=clock, hands=bench.hands())


def only(method: str, ending: str, fault: Fault) -> Fault:
    """Let `fault` happen to these calls alone."""

    async def chosen(request: httpx.Request, carry: Carry) -> httpx.Response:
        hit = request.method == method and request.url.path.endswith(ending)
        return await (fault(request, carry) if hit else carry(request))

    return chosen
