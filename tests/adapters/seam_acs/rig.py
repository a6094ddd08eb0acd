"""An access system behind Seam, with the adapter over it and a hand in what Seam answers."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from adapters.seam_acs import ADAPTER
from adapters.seam_acs.simulation import AcsSimulation, Brand
from adapters.seam_acs.simulation.system import Credential, User
from bridge.domain.credential import GateCode
from bridge.ports.findings import Verdict
from bridge.testing.conformance import SimulatedClock
from bridge.testing.conformance.bench import Bench, benched
from bridge.testing.wire import Carry, Fault

CODE, OTHER_CODE = GateCode("048213"), GateCode("590274")


@asynccontextmanager
async def rig(brand: Brand | None = None, *, by_name: bool = False, **extra: Any) -> AsyncIterator[Bench]:
    clock = SimulatedClock()
    async with benched(ADAPTER, AcsSimulation(clock, brand, by_name=by_name, **extra), clock) as bench:
        yield bench


def told(bench: Bench) -> AcsSimulation:
    assert isinstance(bench.simulation, AcsSimulation)
    return bench.simulation


def ours(bench: Bench) -> list[User]:
    return [user for user in told(bench).system.users.values() if not user.by_hand]


def codes_of(bench: Bench, user: User) -> list[Credential]:
    return told(bench).system.codes_of(user.id)


def copy_of(bench: Bench, user: User, *, suspended: bool = False, groups: list[str] | None = None) -> User:
    """Make the person once more, as a call does whose answer was lost."""
    system = told(bench).system
    double = User(
        id=system.new_id("user"),
        name=user.name,
        identity=user.identity,
        at=user.at,
        groups=groups or [],
        suspended=suspended,
    )
    system.users[double.id] = double
    system.touch(double.id)
    return double


def paths(bench: Bench) -> list[str]:
    return [request.url.path for request in bench.wire.requests]


def retold(path: str, change: Callable[[dict[str, Any]], None]) -> Fault:
    """Let Seam answer, and change what it said on this path."""

    async def fault(request: httpx.Request, carry: Carry) -> httpx.Response:
        response = await carry(request)
        if request.url.path != path:
            return response
        body = json.loads(response.content)
        change(body)
        return httpx.Response(response.status_code, json=body, request=request)

    return fault


async def verdicts(bench: Bench) -> list[tuple[Verdict, str]]:
    return [(finding.verdict, finding.text) for finding in await bench.adapter.check()]
