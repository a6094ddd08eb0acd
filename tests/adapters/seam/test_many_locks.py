"""A workspace with hundreds of locks, where all have to be looked through."""

import asyncio

import httpx
import pytest

from adapters.seam.simulation.workspace import Lock, Workspace
from adapters.seam.visit import AT_ONCE
from bridge.domain.changes import Kind
from bridge.domain.errors import Conflict, Unreachable
from bridge.testing import wire as faults
from tests.adapters.seam.rig import CODE, OTHER, workspace

pytestmark = pytest.mark.anyio
LOCKS = 100


def _grow(seam: Workspace) -> None:
    more = {f"lock-{number:04}": f"Unit {number}" for number in range(LOCKS)}
    seam.locks = {**seam.locks, **{id_: Lock(id=id_, name=name) for id_, name in more.items()}}


async def test_several_locks_are_asked_at_once_and_never_too_many() -> None:
    asked: list[int] = []
    waiting = 0

    async def slowly(request: httpx.Request, carry: faults.Carry) -> httpx.Response:
        nonlocal waiting
        waiting += 1
        asked.append(waiting)
        await asyncio.sleep(0)
        waiting -= 1
        return await carry(request)

    async with workspace() as (bench, seam):
        _grow(seam)
        hands = bench.hands()
        await hands.apply(Kind.GRANT, bench.simulation.doors[0], CODE)
        bench.wire.arm(slowly, times=None)
        await hands.apply(Kind.CHANGE_CODE, None, OTHER)
        assert max(asked) == AT_ONCE


@pytest.mark.parametrize("at", [1, 40, 103])
async def test_a_look_through_all_locks_that_was_cut_off_goes_on_where_it_was(at: int) -> None:
    async with workspace() as (bench, seam):
        _grow(seam)
        hands, doors = bench.hands(), bench.simulation.doors
        for door in doors[:2]:
            await hands.apply(Kind.GRANT, door, CODE)
        hands.ref = None
        bench.wire.arm(faults.answers(503), at=at, times=2 * AT_ONCE)
        with pytest.raises(Unreachable):
            await hands.apply(Kind.CHANGE_CODE, None, OTHER)
        bench.wire.mend()
        sent = len(bench.wire.requests)
        await hands.apply(Kind.CHANGE_CODE, None, OTHER)
        looks = [one for one in bench.wire.requests[sent:] if one.url.path == "/access_codes/list"]
        assert len(looks) <= len(seam.locks) - at + 2 * AT_ONCE
        assert {code.code for code in seam.codes()} == {OTHER.reveal()}


async def test_a_conflict_does_not_have_all_locks_looked_through_again() -> None:
    async with workspace() as (bench, seam):
        _grow(seam)
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        seam.add_in_console(door, "Cleaners", OTHER.reveal())
        with pytest.raises(Conflict):
            await hands.apply(Kind.CHANGE_CODE, None, OTHER)
        sent = len(bench.wire.requests)
        with pytest.raises(Conflict):
            await hands.apply(Kind.CHANGE_CODE, None, OTHER)
        assert len(bench.wire.requests) - sent < AT_ONCE


async def test_a_relay_that_lists_no_codes_stands_in_nobodys_way() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        assert not all(lock.takes_codes for lock in seam.locks.values())
        hands.ref = None
        await hands.apply(Kind.CHANGE_CODE, None, OTHER)
        assert (await hands.observe()).code == OTHER
