"""The keys of another account say nothing of our tenants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bridge.domain.changes import EntryState, Kind, Observed
from bridge.domain.errors import Anomaly, OutcomeUnknown
from bridge.domain.ids import TargetId
from bridge.ports.adapter import Ref
from bridge.testing import wire as faults
from tests.adapters.brivo.rig import CODE, DOOR, NAMED, OTHER_DOOR, OTHER_NAMED, Rig, rig

pytestmark = pytest.mark.anyio
ANOTHER = "those of another account"
BY_ID: dict[str, Any] = {"targets": "id"}
BY_NAME: dict[str, Any] = {"targets": "name"}
HOW = [pytest.param(BY_ID, DOOR, OTHER_DOOR, id="id"), pytest.param(BY_NAME, NAMED, OTHER_NAMED, id="name")]


async def _moved_in(options: dict[str, Any], *doors: TargetId) -> Ref:
    async with rig(**options) as bench:
        for door in doors:
            await bench.grant(door)
        assert bench.hands.ref is not None
        return bench.hands.ref


@asynccontextmanager
async def _another_account(options: dict[str, Any], ref: Ref, *touched: TargetId) -> AsyncIterator[Rig]:
    """Open an account with other groups; their names are as those of ours."""
    async with rig(**options) as bench:
        account = bench.vendor.account
        named = {id_ + 5000: name for id_, name in account.groups.items()}
        account.groups, account.members = {}, {}
        for id_, name in named.items():
            account.add_group(id_, name)
        account.users = {9001: {"id": 9001, "firstName": "Ivo", "lastName": "Lind", "suspended": False}}
        bench.hands.ref = ref
        bench.hands.touched.update(touched)
        yield bench


@pytest.mark.parametrize(("options", "door", "other"), HOW)
async def test_a_tenant_is_not_gone_because_another_account_does_not_know_them(
    options: dict[str, Any], door: TargetId, other: TargetId
) -> None:
    ref = await _moved_in(options, door, other)
    async with _another_account(options, ref, door, other) as bench:
        with pytest.raises(Anomaly, match=ANOTHER):
            await bench.observe()


@pytest.mark.parametrize("kind", [Kind.REVOKE, Kind.REMOVE_PERSON, Kind.SUSPEND])
@pytest.mark.parametrize(("options", "door", "other"), HOW)
async def test_nothing_is_done_at_another_account(
    options: dict[str, Any], door: TargetId, other: TargetId, kind: Kind
) -> None:
    ref = await _moved_in(options, door, other)
    async with _another_account(options, ref) as bench:
        with pytest.raises(Anomaly, match=ANOTHER):
            await bench.hands.apply(kind, door if kind is Kind.REVOKE else None)
        assert (bench.hands.ref, bench.writes) == (ref, [])


@pytest.mark.parametrize(("options", "door", "other"), HOW)
async def test_a_user_who_may_have_come_into_a_group_is_not_gone_there_either(
    options: dict[str, Any], door: TargetId, other: TargetId
) -> None:
    del other
    async with rig(**options) as bench:
        bench.wire.arm(faults.loses_the_answer, at=4)
        with pytest.raises(OutcomeUnknown):
            await bench.grant(door)
        ref = bench.hands.ref
        assert bench.calls[-1].startswith("PUT /groups/4011")
        assert ref is not None
    async with _another_account(options, ref) as bench:
        with pytest.raises(Anomaly, match=ANOTHER):
            await bench.hands.apply(Kind.REMOVE_PERSON)


@pytest.mark.parametrize("kind", [Kind.REVOKE, Kind.REMOVE_PERSON])
@pytest.mark.parametrize(("options", "door", "other"), HOW)
async def test_a_user_whom_staff_deleted_is_gone_and_the_removal_done(
    options: dict[str, Any], door: TargetId, other: TargetId, kind: Kind
) -> None:
    del other
    async with rig(**options) as bench:
        await bench.grant(door)
        bench.vendor.account.remove(5001)
        assert await bench.observe() == Observed()
        await bench.hands.apply(kind, door if kind is Kind.REVOKE else None)
        assert bench.hands.ref is None


async def test_a_user_and_a_group_that_staff_deleted_are_believed_by_another_of_the_tenants_groups() -> None:
    async with rig() as bench:
        await bench.grant(DOOR)
        bench.vendor.account.remove(5001)
        del bench.vendor.account.groups[4011], bench.vendor.account.members[4011]
        with pytest.raises(Anomaly, match=ANOTHER):
            await bench.observe()
        bench.hands.touched.add(OTHER_DOOR)
        assert await bench.observe() == Observed()


async def test_a_user_whom_staff_made_again_by_the_external_id_can_be_removed() -> None:
    async with rig(**BY_NAME) as bench:
        await bench.grant(NAMED)
        bench.vendor.account.remove(5001)
        del bench.vendor.account.groups[4011], bench.vendor.account.members[4011]
        with pytest.raises(Anomaly, match=ANOTHER):
            await bench.observe()
        bench.vendor.account.add({"firstName": "Mira", "lastName": "O", "externalId": "lakeside:site-1:t-1"})
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert (await bench.observe(), bench.vendor.account.users) == (Observed(), {})


async def test_the_groups_are_looked_at_only_where_a_user_is_gone() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.observe()
        await bench.hands.apply(Kind.REVOKE, DOOR)
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert await bench.observe() == Observed()
        assert "GET /groups" not in bench.calls


async def test_targets_that_become_names_shut_nobody_out() -> None:
    ref = await _moved_in(BY_ID, DOOR)
    async with rig(**BY_NAME) as bench:
        await bench.grant(NAMED, CODE)
        bench.hands.ref = {**ref, "user": "5001"}
        bench.hands.touched.add(DOOR)
        assert (await bench.observe()).entries == {NAMED: EntryState.ACTIVE}
