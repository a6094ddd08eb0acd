"""Suspension of a target and of the whole person: what is closed stays so, whatever else happens."""

import pytest

from adapters.simulator import ADAPTER
from bridge.domain.changes import EntryState, Kind
from bridge.domain.errors import Unsupported
from bridge.domain.ids import SiteId
from bridge.ports.adapter import AdapterContext
from bridge.sandbox.gate import Codes, GateKind, GateSettings, Suspends
from bridge.testing.hands import Crash, Hands
from tests.adapters.simulator.rig import CODE, DOOR, OTHER_CODE, OTHER_DOOR, SITE, Rig, options_for, rig

pytestmark = pytest.mark.anyio

BY_PERSON = GateSettings(kind=GateKind(suspends=Suspends.PERSON))
ACTIVE, SUSPENDED = EntryState.ACTIVE, EntryState.SUSPENDED


async def _suspend_by_hand(bench: Rig, id_: int) -> None:
    answer = await bench.face.patch(f"/sandbox/sites/{SITE}/people/{id_}", json={"suspended": True})
    assert answer.json()["ok"]


async def _doors(bench: Rig, code: str = "") -> list[str]:
    return [await bench.type_code(code or CODE.reveal(), door) for door in (DOOR, OTHER_DOOR)]


async def test_a_suspended_person_is_told_so_at_each_keypad() -> None:
    async with rig(BY_PERSON) as bench:
        await bench.grant()
        await bench.grant(OTHER_DOOR)
        await bench.hands.apply(Kind.SUSPEND)
        assert await _doors(bench) == ["suspended", "suspended"]
        await bench.hands.apply(Kind.RESUME, None, CODE)
        assert await _doors(bench) == ["ok", "ok"]


@pytest.mark.parametrize("kind", [Kind.SUSPEND, Kind.RESUME])
async def test_a_repeated_change_of_the_whole_person_writes_nothing(kind: Kind) -> None:
    async with rig(BY_PERSON) as bench:
        await bench.grant()
        await bench.hands.apply(Kind.SUSPEND)
        await bench.hands.apply(kind)
        bench.wire.requests.clear()
        await bench.hands.apply(kind)
        assert set(bench.wire.calls) == {"GET"}


async def test_a_suspended_person_resumes_with_the_code_in_force() -> None:
    async with rig(BY_PERSON) as bench:
        await bench.grant()
        await bench.hands.apply(Kind.SUSPEND)
        await bench.hands.apply(Kind.RESUME, None, OTHER_CODE)
        assert await bench.type_code(OTHER_CODE.reveal()) == "ok"


async def test_what_the_whole_person_lost_elsewhere_comes_back_for_the_one_target_only() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.grant(OTHER_DOOR)
        await _suspend_by_hand(bench, (await bench.ours())[0]["id"])
        assert (await bench.hands.observe()).entries == {DOOR: SUSPENDED, OTHER_DOOR: SUSPENDED}
        await bench.hands.apply(Kind.RESUME, DOOR, CODE)
        assert (await bench.hands.observe()).entries == {DOOR: ACTIVE, OTHER_DOOR: SUSPENDED}
        assert await _doors(bench) == ["ok", "suspended"]


@pytest.mark.parametrize("calls", range(3))
async def test_a_crash_on_that_way_opens_nothing_else(calls: int) -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.grant(OTHER_DOOR)
        await _suspend_by_hand(bench, (await bench.ours())[0]["id"])
        bench.wire.crash_after = calls
        with pytest.raises(Crash):
            await bench.hands.apply(Kind.RESUME, DOOR, CODE)
        assert (await _doors(bench))[1] == "suspended"
        await bench.hands.apply(Kind.RESUME, DOOR, CODE)
        assert await _doors(bench) == ["ok", "suspended"]


async def test_entries_that_were_suspended_one_by_one_resume_with_the_person() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.hands.apply(Kind.SUSPEND, DOOR)
        await bench.face.patch("/sandbox/kind", json={"suspends": "person"})
        context = AdapterContext(site=SiteId(SITE), client_for=lambda _: bench.client)
        hands = Hands(ADAPTER.open(options_for(BY_PERSON.kind), context), bench.person)
        assert (await hands.observe()).entries == {DOOR: SUSPENDED}
        await hands.apply(Kind.RESUME, None, CODE)
        assert await bench.type_code(CODE.reveal()) == "ok"


async def test_of_two_the_one_who_is_not_suspended_stays_and_nothing_new_opens() -> None:
    async with rig(BY_PERSON) as bench:
        await bench.grant()
        await bench.hands.apply(Kind.SUSPEND)
        await bench.add_by_hand(code=OTHER_CODE.reveal(), key=bench.person.key, access={OTHER_DOOR: "active"})
        assert (await bench.hands.observe()).entries == {DOOR: SUSPENDED, OTHER_DOOR: ACTIVE}
        await bench.hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert (await bench.hands.observe()).entries == {OTHER_DOOR: ACTIVE}
        assert await _doors(bench) == ["no_access_here", "ok"]


@pytest.mark.parametrize("codes", Codes)
async def test_two_who_are_suspended_become_one_who_is(codes: Codes) -> None:
    async with rig(GateSettings(kind=GateKind(codes=codes, suspends=Suspends.PERSON))) as bench:
        is_made = codes is Codes.MADE
        await bench.hands.apply(Kind.GRANT, DOOR, None if is_made else CODE)
        await bench.hands.apply(Kind.SUSPEND)
        await _suspend_by_hand(
            bench, await bench.add_by_hand(code="111222", key=bench.person.key, access={OTHER_DOOR: "active"})
        )
        await bench.hands.apply(Kind.CHANGE_CODE, None, None if is_made else CODE)
        (person,) = await bench.ours()
        assert (await bench.hands.observe()).entries == {DOOR: SUSPENDED, OTHER_DOOR: SUSPENDED}
        assert await _doors(bench, person["code"]) == ["suspended", "suspended"]


async def test_a_target_cannot_be_suspended_where_only_people_can() -> None:
    async with rig(BY_PERSON, options={"suspends": "target"}) as bench:
        await bench.grant()
        with pytest.raises(Unsupported):
            await bench.hands.apply(Kind.SUSPEND, DOOR)
        assert (await bench.hands.observe()).entries == {DOOR: ACTIVE}
