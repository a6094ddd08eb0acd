"""One person has one code, and nobody else's."""

import pytest

from adapters.seam_acs.simulation import Brand
from adapters.seam_acs.simulation.system import Credential
from bridge.domain.changes import Kind
from bridge.domain.errors import Conflict, NotYetConsistent, OutcomeUnknown, Rejected, Unsupported
from bridge.testing.wire import answers, loses_the_answer
from tests.adapters.seam_acs.rig import CODE, OTHER_CODE, codes_of, ours, paths, retold, rig, told

pytestmark = pytest.mark.anyio


async def test_a_code_that_somebody_has_is_a_conflict_before_anybody_is_made() -> None:
    async with rig() as bench:
        told(bench).add_by_hand(CODE.reveal(), bench.simulation.doors[1])
        with pytest.raises(Conflict):
            await bench.hands().apply(Kind.GRANT, bench.simulation.doors[0], CODE)
        assert bench.simulation.made() == 0


async def test_a_code_of_somebody_whom_seam_does_not_manage_is_a_conflict() -> None:
    async with rig() as bench:
        told(bench).add_by_hand("713964", bench.simulation.doors[1])
        told(bench).add_by_hand(CODE.reveal(), bench.simulation.doors[1])
        with pytest.raises(Conflict):
            await bench.hands().apply(Kind.GRANT, bench.simulation.doors[0], CODE)
        assert not bench.simulation.opens(CODE.reveal(), bench.simulation.doors[0])


async def test_a_refused_code_that_nobody_has_is_refused_with_seams_reason() -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.wire.requests.clear()
        await hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        at = paths(bench).index("/acs/credentials/update")
        bench.wire.arm(answers(400, '{"error": {"type": "invalid_code", "message": "too long"}, "ok": false}'), at=at)
        with pytest.raises(Rejected, match="invalid_code") as caught:
            await hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert not isinstance(caught.value, Conflict)


async def test_a_new_code_of_somebody_whom_seam_does_not_manage_is_a_conflict() -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        told(bench).add_by_hand("713964", door)
        told(bench).add_by_hand(OTHER_CODE.reveal(), door)
        with pytest.raises(Conflict):
            await hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        assert bench.simulation.opens(CODE.reveal(), door)


async def test_a_code_of_ours_that_was_not_listed_yet_is_no_conflict() -> None:
    def empty(body: dict[str, list[object]]) -> None:
        body["acs_credentials"] = []

    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.wire.requests.clear()
        await hands.observe()
        looks = paths(bench)
        assert looks[-1] == "/acs/credentials/list"
        bench.wire.arm(retold("/acs/credentials/list", empty), times=len(looks))
        await hands.apply(Kind.GRANT, door, CODE)
        assert len(codes_of(bench, ours(bench)[0])) == 1


async def test_a_hidden_code_is_in_doubt_after_a_change_without_an_answer() -> None:
    async with rig(Brand(masks_codes=True), shows_codes=False) as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        assert not (await hands.observe()).code_in_doubt
        bench.wire.requests.clear()
        await hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        at = paths(bench).index("/acs/credentials/update")
        bench.wire.arm(loses_the_answer, at=at)
        with pytest.raises(OutcomeUnknown):
            await hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert (await hands.observe()).code_in_doubt
        await hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert not (await hands.observe()).code_in_doubt


async def test_a_code_that_seam_was_thought_to_show_is_in_doubt() -> None:
    async with rig(Brand(masks_codes=True)) as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        assert (await hands.observe()).code_in_doubt


async def test_a_made_code_that_is_waited_for_is_not_made_again_when_the_reference_is_lost() -> None:
    async with rig(Brand(makes_codes=True, late_seconds=30.0), codes="made") as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        with pytest.raises(NotYetConsistent):
            await hands.apply(Kind.GRANT, door)
        hands.ref = None
        with pytest.raises(NotYetConsistent):
            await hands.apply(Kind.CHANGE_CODE)
        assert len(codes_of(bench, ours(bench)[0])) == 1


async def test_where_a_person_has_one_code_only_the_old_one_goes_first() -> None:
    async with rig(Brand(makes_codes=True, one_code_each=True), codes="made", renewal="replace") as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door)
        await hands.apply(Kind.CHANGE_CODE)
        old, new = hands.made_codes
        assert [bench.simulation.opens(code.reveal(), door) for code in (old, new)] == [False, True]


async def test_a_longer_code_that_holds_ours_is_no_conflict() -> None:
    async with rig() as bench:
        told(bench).add_by_hand("0482139", bench.simulation.doors[1])
        await bench.hands().apply(Kind.GRANT, bench.simulation.doors[0], CODE)
        assert bench.simulation.opens(CODE.reveal(), bench.simulation.doors[0])


async def test_two_codes_of_one_person_become_the_right_one() -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        user = ours(bench)[0]
        second = Credential(id="0-second", user=user.id, code=OTHER_CODE.reveal())
        told(bench).system.credentials = {second.id: second, **told(bench).system.credentials}
        assert (await hands.observe()).code_in_doubt
        await hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert [one.code for one in codes_of(bench, user)] == [CODE.reveal()]
        assert not bench.simulation.opens(OTHER_CODE.reveal(), door)


async def test_a_person_whose_code_was_deleted_by_hand_is_in_doubt_and_gets_it_again() -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        told(bench).system.credentials.clear()
        told(bench).system.touch(ours(bench)[0].id)
        assert (await hands.observe()).code_in_doubt
        await hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert bench.simulation.opens(CODE.reveal(), door)


async def test_a_code_is_changed_in_place_where_a_person_has_one_only() -> None:
    async with rig(Brand(one_code_each=True)) as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        (before,) = codes_of(bench, ours(bench)[0])
        await hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        assert [one.id for one in codes_of(bench, ours(bench)[0])] == [before.id]


async def test_no_door_is_opened_before_a_made_code_is_known() -> None:
    async with rig(Brand(makes_codes=True, late_seconds=30.0), codes="made") as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        for _ in range(2):
            with pytest.raises(NotYetConsistent):
                await hands.apply(Kind.GRANT, door)
        assert (len(codes_of(bench, ours(bench)[0])), bench.simulation.credentials(door)) == (1, 0)
        bench.clock.advance(30)
        await hands.apply(Kind.GRANT, door)
        bench.clock.advance(30)
        (made,) = hands.made_codes
        assert bench.simulation.opens(made.reveal(), door)


async def test_a_new_code_that_comes_late_replaces_the_old_one_when_it_is_told() -> None:
    async with rig(Brand(makes_codes=True, late_seconds=30.0), codes="made") as bench:
        driver = bench.driver()
        hands, door = driver.hands, bench.simulation.doors[0]
        with pytest.raises(NotYetConsistent):
            await hands.apply(Kind.GRANT, door)
        bench.clock.advance(30)
        await hands.apply(Kind.GRANT, door)
        for seconds in (10, 10):
            with pytest.raises(NotYetConsistent):
                await hands.apply(Kind.CHANGE_CODE)
            assert len(codes_of(bench, ours(bench)[0])) == 2
            bench.clock.advance(seconds)
        bench.clock.advance(30)
        await hands.apply(Kind.CHANGE_CODE)
        bench.clock.advance(30)
        old, new = hands.made_codes
        assert [bench.simulation.opens(code.reveal(), door) for code in (old, new)] == [False, True]


async def test_a_system_that_never_tells_its_codes_is_of_no_use() -> None:
    async with rig(Brand(makes_codes=True, late_seconds=30.0), codes="made", shows_codes=False) as bench:
        with pytest.raises(Unsupported):
            await bench.hands().apply(Kind.GRANT, bench.simulation.doors[0])
