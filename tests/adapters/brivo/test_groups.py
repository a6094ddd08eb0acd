"""Groups at Brivo: by id or by name, with what staff do to them meanwhile."""

import pytest

from bridge.domain.changes import EntryState, Kind
from bridge.domain.errors import Rejected
from bridge.domain.ids import TargetId
from bridge.ports.findings import Verdict
from tests.adapters.brivo.rig import CODE, DOOR, NAMED, OTHER_DOOR, OTHER_NAMED, rig

pytestmark = pytest.mark.anyio
ACTIVE = EntryState.ACTIVE
NOWHERE = TargetId("4999")


async def test_the_targets_are_groups_by_id_with_their_names() -> None:
    async with rig() as bench:
        listed = [(target.id, target.name, target.kind) for target in await bench.adapter.targets()]
        assert listed[0] == ("4011", "B-014", "group")


async def test_a_name_where_an_id_belongs_is_refused_and_keeps_nobody_from_looking() -> None:
    async with rig() as bench:
        await bench.grant()
        with pytest.raises(Rejected, match="not a group's id"):
            await bench.grant(NAMED)
        assert (await bench.observe()).entries == {DOOR: ACTIVE}


@pytest.mark.parametrize("target", ["4999", "²", "4011/users", "9" * 21])
async def test_nobody_is_made_for_a_group_that_is_not_there(target: str) -> None:
    async with rig() as bench:
        with pytest.raises(Rejected):
            await bench.grant(TargetId(target))
        assert bench.vendor.account.users == {}


async def test_a_group_that_is_not_there_is_refused_to_somebody_who_is() -> None:
    async with rig() as bench:
        await bench.grant()
        with pytest.raises(Rejected, match="no such group"):
            await bench.grant(NOWHERE)
        assert (await bench.observe()).entries == {DOOR: ACTIVE}


async def test_a_group_that_was_deleted_holds_nobody_and_is_left_without_an_error() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.grant(OTHER_DOOR)
        del bench.vendor.account.groups[4011], bench.vendor.account.members[4011]
        assert (await bench.observe()).entries == {OTHER_DOOR: ACTIVE}
        await bench.hands.apply(Kind.REVOKE, DOOR)


async def test_a_group_that_staff_put_the_user_into_is_left_alone() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.vendor.account.members[4014].add(5001)
        await bench.hands.apply(Kind.REVOKE, DOOR)
        assert (await bench.observe()).entries == {}
        assert bench.vendor.account.members[4014] == {5001}


async def test_a_renamed_group_is_not_lost_from_sight() -> None:
    async with rig(targets="name") as bench:
        await bench.grant(NAMED)
        bench.vendor.account.groups[4011] = "Unit 14"
        assert (await bench.observe()).entries == {NAMED: ACTIVE}
        await bench.hands.apply(Kind.REVOKE, NAMED)
        assert (await bench.observe()).entries == {}
        assert bench.vendor.account.members[4011] == set()


async def test_a_name_that_another_group_has_now_is_left_at_both() -> None:
    async with rig(targets="name") as bench:
        await bench.grant(NAMED)
        bench.vendor.account.groups |= {4011: "Unit 14", 4012: "B-014"}
        assert (await bench.observe()).entries == {NAMED: ACTIVE}
        bench.vendor.account.members[4012].add(5001)
        await bench.hands.apply(Kind.REVOKE, NAMED)
        assert (bench.vendor.account.members[4011], bench.vendor.account.members[4012]) == (set(), set())


async def test_a_grant_by_a_name_that_moved_takes_the_tenant_along_and_loses_no_group() -> None:
    async with rig(targets="name") as bench:
        await bench.grant(NAMED)
        bench.vendor.account.groups |= {4011: "Unit 14", 4012: "B-014"}
        await bench.grant(NAMED)
        assert (bench.vendor.account.members[4011], bench.vendor.account.members[4012]) == (set(), {5001})


async def test_of_two_groups_with_one_name_none_is_opened() -> None:
    async with rig(targets="name") as bench:
        await bench.grant(OTHER_NAMED)
        bench.vendor.account.add_group(4099, "B-014")
        with pytest.raises(Rejected, match="several groups"):
            await bench.grant(NAMED)
        assert NAMED not in [target.id for target in await bench.adapter.targets()]
        told, warned = await bench.adapter.check()
        assert (told.verdict, warned.verdict) == (Verdict.OK, Verdict.WARNING)
        assert "B-014" in warned.text


async def test_somebody_in_either_of_two_groups_with_one_name_is_seen_and_taken_out() -> None:
    async with rig(targets="name") as bench:
        await bench.grant(NAMED)
        bench.vendor.account.add_group(4099, "B-014")
        assert (await bench.observe()).entries == {NAMED: ACTIVE}
        await bench.hands.apply(Kind.REVOKE, NAMED)
        assert bench.vendor.account.members[4011] == set()


async def test_names_with_blanks_at_their_edges_are_not_offered() -> None:
    async with rig(targets="name") as bench:
        bench.vendor.account.add_group(4098, " B-030")
        assert [target.id for target in await bench.adapter.targets()] == ["B-014", "B-021", "Gate", "Office"]


async def test_the_code_opens_the_units_group_only() -> None:
    async with rig() as bench:
        await bench.grant()
        assert [bench.vendor.opens(CODE.reveal(), door) for door in (DOOR, OTHER_DOOR)] == [True, False]
