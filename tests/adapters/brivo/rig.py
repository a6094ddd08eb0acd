"""The adapter over a simulated account, with a wire between them that can be cut and counted."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from adapters.brivo import ADAPTER
from adapters.brivo.simulation import BrivoSimulation
from bridge.domain.changes import Kind, Observed
from bridge.domain.credential import GateCode
from bridge.domain.ids import TargetId
from bridge.ports.adapter import Adapter, Person
from bridge.testing.conformance.bench import Bench, benched
from bridge.testing.hands import Hands, somebody
from bridge.testing.simulation import SimulatedClock
from bridge.testing.wire import Wire

DOOR, OTHER_DOOR = TargetId("4011"), TargetId("4012")
NAMED, OTHER_NAMED = TargetId("B-014"), TargetId("B-021")
CODE, OTHER_CODE = GateCode("048213"), GateCode("590274")


@dataclass(kw_only=True)
class Rig:
    bench: Bench
    vendor: BrivoSimulation
    clock: SimulatedClock
    hands: Hands

    @property
    def adapter(self) -> Adapter:
        return self.bench.adapter

    @property
    def wire(self) -> Wire:
        return self.bench.wire

    @property
    def calls(self) -> list[str]:
        """Return what was called, without the path that all have in common."""
        return [f"{r.method} {r.url.path.removeprefix('/v1/api')}" for r in self.wire.requests]

    @property
    def writes(self) -> list[httpx.Request]:
        return [r for r in self.wire.requests if r.method != "GET" and not r.url.path.startswith("/oauth")]

    @property
    def user(self) -> dict[str, Any]:
        """Return the one user there is."""
        (user,) = self.vendor.account.users.values()
        return user

    async def grant(self, door: TargetId = DOOR, code: GateCode = CODE) -> None:
        await self.hands.apply(Kind.GRANT, door, code)

    async def observe(self) -> Observed:
        return await self.hands.observe()


@asynccontextmanager
async def rig(person: Person | None = None, **options: Any) -> AsyncIterator[Rig]:
    clock = SimulatedClock()
    vendor = BrivoSimulation(clock, **options)
    async with benched(ADAPTER, vendor, clock) as bench:
        yield Rig(bench=bench, vendor=vendor, clock=clock, hands=bench.hands(person or somebody()))


def sent(request: httpx.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body
