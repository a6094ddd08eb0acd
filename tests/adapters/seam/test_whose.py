"""Whose a code is: by the mark at the end of its name, and by what the bridge keeps."""

from dataclasses import replace

import pytest

from adapters.seam.mapping import tag_of
from bridge.domain.changes import EntryState, Kind, Observed
from bridge.domain.errors import Anomaly
from bridge.domain.ids import TargetId
from bridge.testing import wire as faults
from bridge.testing.hands import somebody
from tests.adapters.seam.rig import CODE, LABEL, LONG, MIRA, OTHER, only_code, workspace

pytestmark = pytest.mark.anyio
ACTIVE = EntryState.ACTIVE
NOTHING_LISTED = faults.answers(200, '{"access_codes": [], "ok": true}')


async def test_a_name_with_another_tenants_mark_in_it_is_not_theirs() -> None:
    async with workspace() as (bench, _):
        door = bench.simulation.doors[0]
        eve = somebody(tenant="t-2")
        eve = replace(eve, tenant=replace(eve.tenant, name=f"Eve ({tag_of(MIRA)})"))
        await bench.hands(eve).apply(Kind.GRANT, door, CODE)
        mira = bench.hands()
        mira.touched.add(door)
        assert await mira.observe() == Observed()
        await mira.apply(Kind.REMOVE_PERSON)
        assert bench.simulation.made() == 1


async def test_a_code_that_staff_renamed_is_still_ours_by_its_id_and_named_again() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        only_code(seam).name = "Mira, unit 14"
        assert (await hands.observe()).entries == {door: ACTIVE}
        await hands.apply(Kind.CHANGE_CODE, None, OTHER)
        assert (only_code(seam).name, only_code(seam).code) == (LABEL, OTHER.reveal())


async def test_a_code_that_is_kept_and_bears_another_mark_is_not_ours() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        only_code(seam).name = f"Ivo ({tag_of(somebody(tenant='t-2'))})"
        assert await hands.observe() == Observed()


async def test_codes_that_were_made_twice_are_made_one_again() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        for digits in (OTHER.reveal(), CODE.reveal(), "713964"):
            seam.make(door, LABEL, digits, None)
        bench.clock.advance(LONG)
        hands.touched.add(door)
        seen = await hands.observe()
        assert (seen.entries, seen.code, seen.code_in_doubt) == ({door: ACTIVE}, None, True)
        await hands.apply(Kind.CHANGE_CODE, None, CODE)
        bench.clock.advance(LONG)
        assert only_code(seam).code == CODE.reveal()
        assert (await hands.observe()).code == CODE


async def test_codes_that_differ_from_lock_to_lock_are_in_doubt() -> None:
    async with workspace() as (bench, _):
        hands, (one, two, _) = bench.hands(), bench.simulation.doors
        await hands.apply(Kind.GRANT, one, CODE)
        await hands.apply(Kind.GRANT, two, OTHER)
        assert (await hands.observe()).code_in_doubt
        await hands.apply(Kind.CHANGE_CODE, None, CODE)
        seen = await hands.observe()
        assert (seen.code, seen.code_in_doubt) == (CODE, False)


async def test_a_listing_without_the_code_that_we_keep_is_not_believed() -> None:
    async with workspace() as (bench, _):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.wire.arm(NOTHING_LISTED)
        with pytest.raises(Anomaly):
            await hands.observe()
        bench.wire.arm(NOTHING_LISTED)
        with pytest.raises(Anomaly):
            await hands.apply(Kind.GRANT, door, CODE)
        assert bench.simulation.made() == 1


async def test_a_code_deleted_by_staff_is_seen_to_be_gone_and_made_again() -> None:
    async with workspace() as (bench, seam):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        seam.delete(only_code(seam))
        assert await hands.observe() == Observed()
        await hands.apply(Kind.GRANT, door, CODE)
        assert (await hands.observe()).entries == {door: ACTIVE}


async def test_a_unit_mapped_to_no_lock_does_not_stand_in_the_way_of_the_others() -> None:
    async with workspace() as (bench, _):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        hands.touched.add(TargetId("no-such-lock"))
        assert (await hands.observe()).entries == {door: ACTIVE}


async def test_a_tenant_whose_locks_are_known_is_removed_without_a_look_at_the_others() -> None:
    async with workspace() as (bench, _):
        hands, (one, two, _) = bench.hands(), bench.simulation.doors
        await hands.apply(Kind.GRANT, one, CODE)
        await hands.apply(Kind.GRANT, two, CODE)
        await hands.apply(Kind.UPDATE_PERSON)
        sent = len(bench.wire.requests)
        await hands.apply(Kind.REMOVE_PERSON)
        paths = [request.url.path for request in bench.wire.requests[sent:]]
        assert "/locks/list" not in paths
        assert paths.count("/access_codes/delete") == 2


async def test_a_lost_reference_leaves_no_code_behind() -> None:
    async with workspace() as (bench, seam):
        hands, (one, two, three) = bench.hands(), bench.simulation.doors
        for door in (one, two):
            await hands.apply(Kind.GRANT, door, CODE)
        hands.ref = None
        await hands.apply(Kind.GRANT, three, CODE)
        await hands.apply(Kind.REMOVE_PERSON)
        bench.clock.advance(LONG)
        assert seam.codes() == []


async def test_what_somebody_else_set_may_be_in_any_form() -> None:
    async with workspace() as (bench, _):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        strange = f'{{"access_code_id": "x", "device_id": "{door}", "name": null, "code": 7, "starts_at": "soon"}}'
        bench.wire.arm(faults.answers(200, f'{{"access_codes": [{strange}], "ok": true}}'))
        hands.ref = None
        assert await hands.observe() == Observed()
