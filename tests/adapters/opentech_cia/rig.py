"""The adapter over a simulated CIA, with a wire between them that can be broken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from adapters.opentech_cia import ADAPTER
from adapters.opentech_cia.simulation import CiaSimulation, Quirks
from adapters.opentech_cia.simulation.facility import Facility, Unit, Visitor
from bridge.domain.changes import EntryState, Kind, Observed
from bridge.domain.credential import GateCode
from bridge.domain.ids import TargetId
from bridge.ports.adapter import Adapter, Person
from bridge.testing.conformance.bench import Bench, benched
from bridge.testing.hands import Hands, somebody
from bridge.testing.simulation import SimulatedClock
from bridge.testing.wire import Carry, Fault

DOOR, OTHER_DOOR, THIRD_DOOR = TargetId("B-014"), TargetId("B-021"), TargetId("C-003")
CODE, OTHER_CODE = GateCode("048213"), GateCode("590274")
ACTIVE, SUSPENDED = EntryState.ACTIVE, EntryState.SUSPENDED


class Rig:
    """One tenant's hands, and the facility behind the wire."""

    def __init__(self, bench: Bench, cia: CiaSimulation, person: Person) -> None:
        self.bench = bench
        self.cia = cia
        self.hands = Hands(bench.adapter, person)

    @property
    def adapter(self) -> Adapter:
        return self.bench.adapter

    @property
    def facility(self) -> Facility:
        return self.cia.facility

    def unit(self, door: TargetId = DOOR) -> Unit:
        return self.facility.numbered(door)

    def visitors(self, door: TargetId = DOOR) -> list[Visitor]:
        return self.facility.visitors_of(self.unit(door))

    @property
    def writes(self) -> list[str]:
        """The last steps of the paths that were posted to, without the sign-in."""
        posts = [r.url.path for r in self.bench.wire.requests if r.method == "POST" and r.url.host.startswith("access")]
        return [path.rpartition("/")[2] for path in posts]

    def sent(self, last_step: str) -> httpx.Request:
        return next(r for r in self.bench.wire.requests if r.method == "POST" and r.url.path.endswith(last_step))

    async def grant(self, door: TargetId = DOOR, code: GateCode = CODE) -> None:
        await self.hands.apply(Kind.GRANT, door, code)

    async def observe(self) -> Observed:
        return await self.hands.observe()

    def other_hands(self, name: str = "Ivo Lind", tenant: str = "t-2") -> Hands:
        return Hands(self.adapter, somebody(name, tenant))


@asynccontextmanager
async def rig(person: Person | None = None, quirks: Quirks | None = None, **options: Any) -> AsyncIterator[Rig]:
    clock = SimulatedClock()
    cia = CiaSimulation(clock, quirks, **options)
    async with benched(ADAPTER, cia, clock) as bench:
        yield Rig(bench, cia, person or somebody())


def before(path_end: str, happens: Any) -> Fault:
    """Let something happen at the console right before the first call whose path ends so is carried."""
    waiting = [happens]

    async def fault(request: httpx.Request, carry: Carry) -> httpx.Response:
        if waiting and request.method == "POST" and request.url.path.endswith(path_end):
            waiting.pop()()
        return await carry(request)

    return fault


def instead(path_end: str, response: Any, *, method: str = "GET") -> Fault:
    """Answer calls whose path ends so with this JSON, and let CIA hear nothing of them."""

    async def fault(request: httpx.Request, carry: Carry) -> httpx.Response:
        if request.method == method and request.url.path.endswith(path_end):
            status, body = response if isinstance(response, tuple) else (200, response)
            return httpx.Response(status, json=body, request=request)
        return await carry(request)

    return fault
