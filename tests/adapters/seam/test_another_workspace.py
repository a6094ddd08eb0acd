"""A key of another workspace says nothing of our tenants, and a lock that was deleted stops nobody for ever."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from adapters.seam.simulation import DOORS
from adapters.seam.simulation.workspace import Lock, Workspace
from bridge.domain.changes import EntryState, Kind, Observed
from bridge.domain.errors import Anomaly
from bridge.domain.ids import TargetId
from bridge.ports.adapter import Ref
from bridge.testing.conformance import Bench
from bridge.testing.hands import Hands
from tests.adapters.seam.rig import CODE, LONG, OTHER, only_code, workspace

pytestmark = pytest.mark.anyio
ONE, TWO, THREE = (TargetId(lock.id) for lock in DOORS)
ELSEWHERE = Lock(id="77e0b6f4-2c19-4d85-8a3b-5f60d2c4e801", name="Unit 7")
UNTOLD = "options.api_key of another workspace"


async def _moved_in(*doors: TargetId) -> Ref:
    async with workspace() as (bench, _):
        hands = bench.hands()
        for door in doors:
            await hands.apply(Kind.GRANT, door, CODE)
        assert hands.ref is not None
        return hands.ref


@asynccontextmanager
async def _another_workspace(ref: Ref, *touched: TargetId) -> AsyncIterator[tuple[Bench, Hands]]:
    async with workspace() as (bench, seam):
        seam.locks = {ELSEWHERE.id: replace(ELSEWHERE, unseen=set())}
        hands = bench.hands()
        hands.ref = ref
        hands.touched.update(touched)
        yield bench, hands


def _delete_lock(seam: Workspace, door: TargetId) -> None:
    for code in seam.codes_at(door):
        seam.delete(code)
    seam.locks = {id_: lock for id_, lock in seam.locks.items() if id_ != door}


async def test_a_tenant_is_not_gone_because_another_workspace_does_not_know_them() -> None:
    ref = await _moved_in(ONE, TWO)
    async with _another_workspace(ref, ONE, TWO) as (_, hands):
        with pytest.raises(Anomaly, match=UNTOLD):
            await hands.observe()


REMOVALS = [(Kind.REVOKE, ONE), (Kind.REMOVE_PERSON, None), (Kind.SUSPEND, ONE)]


@pytest.mark.parametrize("is_whole", [False, True])
@pytest.mark.parametrize(("kind", "door"), REMOVALS)
async def test_no_removal_is_done_at_another_workspace(
    kind: Kind,
    door: TargetId | None,
    is_whole: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    ref = {**await _moved_in(ONE, TWO), "whole": is_whole}
    async with _another_workspace(ref) as (bench, hands):
        with pytest.raises(Anomaly, match=UNTOLD):
            await hands.apply(kind, door)
        assert hands.ref is not None
        assert hands.ref["codes"] == ref["codes"]
        assert not [one for one in bench.wire.requests if one.url.path == "/access_codes/delete"]


async def test_a_code_that_was_being_made_is_not_gone_at_another_workspace_either() -> None:
    ref = {"codes": {ONE: ""}, "whole": False}
    async with _another_workspace(ref, ONE) as (_, hands):
        with pytest.raises(Anomaly, match=UNTOLD):
            await hands.observe()


async def test_a_code_that_staff_deleted_is_gone_and_its_removal_done() -> None:
    for kind, door in ((Kind.REVOKE, ONE), (Kind.REMOVE_PERSON, None)):
        async with workspace() as (bench, seam):
            hands = bench.hands()
            await hands.apply(Kind.GRANT, ONE, CODE)
            seam.delete(only_code(seam))
            bench.clock.advance(LONG)
            assert await hands.observe() == Observed()
            await hands.apply(kind, door)
            assert not (hands.ref or {"codes": {}})["codes"]


async def test_a_lock_that_was_deleted_is_believed_by_another_of_the_tenants() -> None:
    async with workspace() as (bench, seam):
        hands = bench.hands()
        for door in (ONE, TWO):
            await hands.apply(Kind.GRANT, door, CODE)
        _delete_lock(seam, ONE)
        assert (await hands.observe()).entries == {TWO: EntryState.ACTIVE}
        await hands.apply(Kind.CHANGE_CODE, None, OTHER)
        await hands.apply(Kind.REMOVE_PERSON)
        bench.clock.advance(LONG)
        assert (await hands.observe(), seam.codes()) == (Observed(), [])


async def test_a_tenants_only_lock_that_was_deleted_is_believed_once_the_unit_has_a_new_one() -> None:
    async with workspace() as (bench, seam):
        hands = bench.hands()
        await hands.apply(Kind.GRANT, ONE, CODE)
        _delete_lock(seam, ONE)
        with pytest.raises(Anomaly, match=UNTOLD):
            await hands.observe()
        hands.touched.add(THREE)
        assert await hands.observe() == Observed()
        await hands.apply(Kind.GRANT, THREE, CODE)
        await hands.apply(Kind.REMOVE_PERSON)
        bench.clock.advance(LONG)
        assert seam.codes() == []


async def test_the_workspace_is_looked_at_only_where_a_code_is_gone() -> None:
    async with workspace() as (bench, seam):
        hands = bench.hands()
        await hands.apply(Kind.GRANT, ONE, CODE)
        hands.touched.add(TWO)
        await hands.observe()
        await hands.apply(Kind.REVOKE, ONE)
        bench.clock.advance(LONG)
        assert await hands.observe() == Observed()
        assert "/locks/list" not in {request.url.path for request in bench.wire.requests}
        assert seam.codes() == []
