"""What Seam has taken is not yet at the door, and what it reports is not passed over."""

import pytest

from adapters.seam_acs.simulation import Brand
from bridge.domain.changes import EntryState, Kind, Observed
from tests.adapters.seam_acs.rig import CODE, OTHER_CODE, ours, retold, rig, told

pytestmark = pytest.mark.anyio
LATE = Brand(late_seconds=30.0)


async def test_a_door_that_the_system_has_not_heard_of_is_not_in_force() -> None:
    async with rig(LATE) as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        seen = await hands.observe()
        assert set(seen.entries) == seen.unsettled == {door}
        bench.clock.advance(30)
        assert (await hands.observe()).unsettled == frozenset()


async def test_a_second_door_on_its_way_leaves_the_first_settled() -> None:
    async with rig(LATE) as bench:
        hands, (door, other, *_) = bench.hands(), bench.simulation.doors
        await hands.apply(Kind.GRANT, door, CODE)
        bench.clock.advance(30)
        await hands.apply(Kind.GRANT, other, CODE)
        assert (await hands.observe()).unsettled == {other}


@pytest.mark.parametrize("by_name", [False, True])
async def test_a_door_that_the_system_still_opens_is_not_shown_as_gone(by_name: bool) -> None:  # noqa: FBT001 - pytest
    async with rig(LATE, by_name=by_name, targets="name" if by_name else "id") as bench:
        hands, (door, other, *_) = bench.hands(), bench.simulation.doors
        await hands.apply(Kind.GRANT, door, CODE)
        await hands.apply(Kind.GRANT, other, CODE)
        bench.clock.advance(30)
        await hands.apply(Kind.REVOKE, door)
        seen = await hands.observe()
        assert set(seen.entries) == {door, other}
        assert seen.unsettled == {door}
        assert bench.simulation.opens(CODE.reveal(), door)
        bench.clock.advance(30)
        assert set((await hands.observe()).entries) == {other}


async def test_a_door_on_its_way_is_not_asked_for_twice() -> None:
    def not_listed_yet(body: dict[str, list[object]]) -> None:
        body["acs_access_groups"] = [] if len(body["acs_access_groups"]) == 1 else body["acs_access_groups"]

    async with rig(LATE) as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.clock.advance(30)
        await hands.apply(Kind.REVOKE, door)
        bench.clock.advance(30)
        await hands.apply(Kind.GRANT, door, CODE)
        bench.wire.arm(retold("/acs/access_groups/list", not_listed_yet), times=None)
        await hands.apply(Kind.GRANT, door, CODE)
        assert (await hands.observe()).unsettled == {door}
        assert bench.simulation.credentials(door) == 1


async def test_a_code_or_a_suspension_on_its_way_leaves_no_door_settled() -> None:
    async with rig(LATE) as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.clock.advance(30)
        for kind, code in ((Kind.CHANGE_CODE, OTHER_CODE), (Kind.SUSPEND, None)):
            await hands.apply(kind, None, code)
            assert (await hands.observe()).unsettled == {door}
            bench.clock.advance(30)
            assert (await hands.observe()).unsettled == frozenset()


@pytest.mark.parametrize("error", ["failed_to_create_on_acs_system", "failed_to_update_on_acs_system", "something_new"])
async def test_an_error_of_a_person_is_no_good_news(error: str) -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        ours(bench)[0].error = error
        assert (await hands.observe()).unsettled == {door}


async def test_where_taking_is_enough_nothing_is_waited_for() -> None:
    async with rig(LATE, confirm="accepted") as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        assert (await hands.observe()).unsettled == frozenset()


@pytest.mark.parametrize("suspended", [False, True])
async def test_nobody_without_a_subscription_gets_in_who_should(suspended: bool) -> None:  # noqa: FBT001 - pytest
    def unsubscribed(body: dict[str, list[dict[str, object]]]) -> None:
        body["acs_users"][0]["warnings"] = [{"warning_code": "salto_ks_user_not_subscribed"}]

    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        if suspended:
            await hands.apply(Kind.SUSPEND)
        bench.wire.arm(retold("/acs/users/list", unsubscribed), times=None)
        seen = await hands.observe()
        assert seen.unsettled == (frozenset() if suspended else {door})
        assert set(seen.entries.values()) == {EntryState.SUSPENDED if suspended else EntryState.ACTIVE}


async def test_a_word_that_seam_does_not_have_today_leaves_doors_unsettled() -> None:
    def moving(body: dict[str, list[dict[str, object]]]) -> None:
        body["acs_users"][0]["pending_mutations"] = [{"mutation_code": "updating_everything"}]

    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.wire.arm(retold("/acs/users/list", moving), times=None)
        assert (await hands.observe()).unsettled == {door}


async def test_a_new_name_on_its_way_unsettles_nothing() -> None:
    def moving(body: dict[str, list[dict[str, object]]]) -> None:
        body["acs_users"][0]["pending_mutations"] = [{"mutation_code": "updating_user_information"}]

    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.wire.arm(retold("/acs/users/list", moving), times=None)
        assert (await hands.observe()).unsettled == frozenset()
        assert told(bench).made() == 1


async def test_somebody_who_is_still_being_deleted_is_still_there() -> None:
    async with rig(LATE) as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.clock.advance(30)
        await hands.apply(Kind.REMOVE_PERSON)
        assert (await hands.observe()).exists
        bench.clock.advance(30)
        await hands.apply(Kind.REMOVE_PERSON)
        assert (await hands.observe(), told(bench).made()) == (Observed(), 0)
