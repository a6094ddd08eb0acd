"""What Seam was told is one thing, what the lock does another."""

import pytest

from adapters.seam.simulation import SECONDS_TO_SET
from bridge.domain.access import AccessStatus
from bridge.domain.changes import EntryState, Kind, Observed
from bridge.domain.credential import GateCode
from bridge.domain.errors import Conflict, NoCapacity, NotYetConsistent
from tests.adapters.seam.rig import CODE, LABEL, LONG, OTHER, only_code, workspace

pytestmark = pytest.mark.anyio
ACTIVE, SUSPENDED = EntryState.ACTIVE, EntryState.SUSPENDED


async def test_a_code_is_unsettled_until_the_lock_has_it() -> None:
    async with workspace() as (bench, _):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        seen = await hands.observe()
        assert (seen.entries, seen.unsettled, seen.code) == ({door: ACTIVE}, frozenset({door}), CODE)
        assert not bench.simulation.opens(CODE.reveal(), door)
        bench.clock.advance(SECONDS_TO_SET)
        assert (await hands.observe()).unsettled == frozenset()
        assert bench.simulation.opens(CODE.reveal(), door)


async def test_a_suspension_is_unsettled_while_the_code_still_opens() -> None:
    async with workspace() as (bench, _):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.clock.advance(LONG)
        await hands.apply(Kind.SUSPEND, door)
        seen = await hands.observe()
        assert (seen.entries, seen.unsettled) == ({door: SUSPENDED}, frozenset({door}))
        assert bench.simulation.opens(CODE.reveal(), door)


async def test_a_deleted_code_is_shown_until_the_lock_has_lost_it() -> None:
    async with workspace() as (bench, _):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.clock.advance(LONG)
        await hands.apply(Kind.REVOKE, door)
        seen = await hands.observe()
        assert (seen.entries, seen.unsettled) == ({door: ACTIVE}, frozenset({door}))
        with pytest.raises(NotYetConsistent):
            await hands.apply(Kind.GRANT, door, CODE)
        bench.clock.advance(LONG)
        assert await hands.observe() == Observed()


async def test_a_lock_that_finds_out_late_that_it_is_full_is_no_place_left() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        seam.learns_late, seam.locks[door].max_codes = True, 0
        await hands.apply(Kind.GRANT, door, CODE)
        bench.clock.advance(LONG)
        seen = await hands.observe()
        assert (seen.entries, seen.unsettled) == ({door: SUSPENDED}, frozenset({door}))
        with pytest.raises(NoCapacity):
            await hands.apply(Kind.RESUME, door, CODE)
        assert seam.codes() == []


async def test_digits_that_only_the_lock_knows_are_a_conflict() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        seam.locks[door].unseen.add(CODE.reveal())
        await hands.apply(Kind.GRANT, door, CODE)
        bench.clock.advance(LONG)
        assert (await hands.observe()).entries == {door: SUSPENDED}
        with pytest.raises(Conflict):
            await hands.apply(Kind.RESUME, door, CODE)
        await hands.apply(Kind.GRANT, door, OTHER)
        bench.clock.advance(LONG)
        assert (await hands.observe()).unsettled == frozenset()


async def test_digits_that_only_the_lock_knows_are_mended_by_others() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        seam.locks[door].unseen.add(CODE.reveal())
        await hands.apply(Kind.GRANT, door, CODE)
        bench.clock.advance(LONG)
        await hands.apply(Kind.RESUME, door, OTHER)
        bench.clock.advance(LONG)
        seen = await hands.observe()
        assert (seen.entries, seen.unsettled, seen.code) == ({door: ACTIVE}, frozenset(), OTHER)


async def test_digits_that_the_lock_refuses_leave_the_old_ones_open_and_a_suspension_closes_them() -> None:
    async with workspace() as (bench, seam):
        driver = bench.driver()
        door, driver.code = driver.doors[0], CODE
        driver.wishes[door] = AccessStatus.GRANTED
        await driver.settle()
        seam.locks[door].unseen.add(OTHER.reveal())
        driver.code = OTHER
        await driver.run()
        bench.clock.advance(LONG)
        assert bench.simulation.opens(CODE.reveal(), door)

        driver.wishes[door] = AccessStatus.SUSPENDED
        assert (await driver.hands.observe()).code_in_doubt
        with pytest.raises(Conflict):
            await driver.hands.apply(Kind.CHANGE_CODE, None, OTHER)
        driver.code = GateCode("713964")
        await driver.settle()
        assert not [digits for digits in (CODE, driver.code) if bench.simulation.opens(digits.reveal(), door)]


async def test_an_error_that_outlives_a_suspension_changes_no_digits() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        await hands.apply(Kind.SUSPEND, door)
        bench.clock.advance(LONG)
        only_code(seam).errors = ("duplicate_code_on_device",)
        seen = await hands.observe()
        assert (seen.entries, seen.code, seen.code_in_doubt) == ({door: SUSPENDED}, CODE, False)
        with pytest.raises(Conflict):
            await hands.apply(Kind.RESUME, door, CODE)
        await hands.apply(Kind.RESUME, door, OTHER)
        bench.clock.advance(LONG)
        assert bench.simulation.opens(OTHER.reveal(), door)


async def test_a_code_whose_time_is_over_is_renamed_and_changed_and_stays_shut() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        began = bench.clock.now()
        bench.clock.advance(LONG)
        seam.change(only_code(seam), name="Mira, guest", digits=None, window=(began, bench.clock.now()))
        bench.clock.advance(LONG)
        await hands.apply(Kind.UPDATE_PERSON)
        await hands.apply(Kind.CHANGE_CODE, None, OTHER)
        bench.clock.advance(LONG)
        seen = await hands.observe()
        assert (only_code(seam).name, seen.code, seen.entries) == (LABEL, OTHER, {door: SUSPENDED})
        assert not bench.simulation.opens(OTHER.reveal(), door)


async def test_a_code_that_the_lock_failed_to_take_stays_unsettled() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        only_code(seam).errors = ("failed_to_set_on_device",)
        bench.clock.advance(LONG)
        seen = await hands.observe()
        assert (seen.entries, seen.unsettled) == ({door: ACTIVE}, frozenset({door}))


async def test_a_code_that_the_lock_failed_to_lose_stays_unsettled() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.clock.advance(LONG)
        await hands.apply(Kind.SUSPEND, door)
        bench.clock.advance(LONG)
        only_code(seam).errors = ("failed_to_remove_from_device",)
        seen = await hands.observe()
        assert (seen.entries, seen.unsettled) == ({door: SUSPENDED}, frozenset({door}))


async def test_a_time_that_staff_set_and_that_is_over_is_taken_off_by_a_resume() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        code, now = only_code(seam), bench.clock.now()
        bench.clock.advance(LONG)
        seam.change(code, name=None, digits=None, window=(now, bench.clock.now()))
        bench.clock.advance(LONG)
        assert (await hands.observe()).entries == {door: SUSPENDED}
        await hands.apply(Kind.RESUME, door, CODE)
        bench.clock.advance(LONG)
        assert (await hands.observe()).entries == {door: ACTIVE}
        assert only_code(seam).window is None


async def test_a_new_name_opens_no_suspended_door() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        await hands.apply(Kind.SUSPEND, door)
        only_code(seam).name = LABEL.replace("Mira", "Mona")
        await hands.apply(Kind.UPDATE_PERSON)
        assert only_code(seam).name == LABEL
        assert b"time_bound" in bench.wire.requests[-1].content, "a server that is not told of a time ends it"
        assert (await hands.observe()).entries == {door: SUSPENDED}
