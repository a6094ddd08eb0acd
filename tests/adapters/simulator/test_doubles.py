"""A person who was made twice ends as one, with no second code that works."""

import pytest

from bridge.domain.changes import EntryState, Kind
from bridge.domain.credential import GateCode
from bridge.sandbox.gate import GateKind, GateSettings
from tests.adapters.simulator.rig import CODE, DOOR, OTHER_CODE, OTHER_DOOR, Rig, rig

pytestmark = pytest.mark.anyio

MASKED = GateSettings(kind=GateKind(shows_codes=False))


async def _made_twice(bench: Rig) -> None:
    await bench.grant()
    await bench.add_by_hand(code=OTHER_CODE.reveal(), key=bench.person.key, access={OTHER_DOOR: "active"})


@pytest.mark.parametrize("settings", [GateSettings(), MASKED])
async def test_a_double_shows_as_a_code_in_doubt(settings: GateSettings) -> None:
    async with rig(settings) as bench:
        await _made_twice(bench)
        seen = await bench.hands.observe()
        assert (seen.exists, seen.code, seen.code_in_doubt) == (True, None, True)
        assert seen.entries == {DOOR: EntryState.ACTIVE, OTHER_DOOR: EntryState.ACTIVE}


@pytest.mark.parametrize("kind", [Kind.CHANGE_CODE, Kind.GRANT, Kind.RESUME, Kind.SUSPEND, Kind.REVOKE])
async def test_any_change_leaves_one_person_and_one_working_code(kind: Kind) -> None:
    async with rig() as bench:
        await _made_twice(bench)
        await bench.hands.apply(kind, None if kind is Kind.CHANGE_CODE else DOOR, CODE)
        assert len(await bench.ours()) == 1
        assert await bench.type_code(OTHER_CODE.reveal(), OTHER_DOOR) == "unknown_code"
        assert await bench.type_code(CODE.reveal(), OTHER_DOOR) == "ok"


async def test_a_door_that_only_the_double_had_is_kept_for_the_plan_to_judge() -> None:
    async with rig() as bench:
        await _made_twice(bench)
        await bench.hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert set((await bench.hands.observe()).entries) == {DOOR, OTHER_DOOR}


async def test_a_suspension_outlives_an_open_double() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.hands.apply(Kind.SUSPEND, DOOR)
        await bench.add_by_hand(code=OTHER_CODE.reveal(), key=bench.person.key, access={DOOR: "active"})
        assert (await bench.hands.observe()).entries == {DOOR: EntryState.ACTIVE}
        await bench.hands.apply(Kind.SUSPEND, DOOR)
        assert await bench.type_code(CODE.reveal()) == "suspended"
        assert await bench.type_code(OTHER_CODE.reveal()) == "unknown_code"


async def test_a_door_that_one_of_two_opens_is_seen_open() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.add_by_hand(code=OTHER_CODE.reveal(), key=bench.person.key, access={DOOR: "suspended"})
        assert (await bench.hands.observe()).entries == {DOOR: EntryState.ACTIVE}


async def test_the_code_in_force_may_be_the_doubles() -> None:
    async with rig() as bench:
        await _made_twice(bench)
        await bench.hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        assert await bench.type_code(OTHER_CODE.reveal()) == "ok"
        assert await bench.type_code(CODE.reveal()) == "unknown_code"


async def test_a_removed_person_takes_all_doubles_along() -> None:
    async with rig() as bench:
        await _made_twice(bench)
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert await bench.people() == []


async def test_an_addition_that_came_through_late_is_adopted_and_not_doubled() -> None:
    async with rig() as bench:
        # The look-up finds nobody, and the addition finds the code taken: by the earlier try that was given up.
        empty = '{"ok": true, "site": "site-1", "result": {"people": [], "more": false}}'
        await bench.fault(kind="garbage", method="GET", body=empty)
        await bench.add_by_hand(code=CODE.reveal(), key=bench.person.key)
        await bench.grant()
        assert len(await bench.ours()) == 1
        assert await bench.type_code(CODE.reveal()) == "ok"


async def test_where_codes_are_masked_a_grant_sets_the_code_to_be_sure() -> None:
    async with rig(MASKED) as bench:
        await bench.add_by_hand(code="111222", key=bench.person.key)
        await bench.grant(code=GateCode("048213"))
        assert await bench.type_code("048213") == "ok"
        assert await bench.type_code("111222") == "unknown_code"


async def test_a_masked_code_is_not_taken_for_a_code() -> None:
    async with rig(MASKED) as bench:
        await bench.grant()
        assert (await bench.hands.observe()).code is None
