"""What the adapter does at the controller, and what it leaves alone."""

import pytest

from bridge.domain.changes import EntryState, Kind, Observed
from bridge.domain.credential import GateCode
from bridge.domain.errors import Anomaly, Conflict, NoCapacity, Rejected
from bridge.domain.ids import TargetId
from bridge.sandbox.gate import GateSettings
from bridge.testing.hands import Hands, somebody
from tests.adapters.simulator.rig import CODE, DOOR, OTHER_CODE, OTHER_DOOR, SITE, URL, rig

pytestmark = pytest.mark.anyio


async def test_a_move_in_takes_one_look_and_three_calls() -> None:
    async with rig() as bench:
        await bench.hands.observe()
        await bench.grant()
        assert bench.wire.calls == ["GET", "GET", "POST", "PUT"]


async def test_a_repeated_change_writes_nothing() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.wire.requests.clear()
        await bench.grant()
        await bench.hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert set(bench.wire.calls) == {"GET"}


async def test_a_repeated_suspension_writes_nothing() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.hands.apply(Kind.SUSPEND, DOOR)
        bench.wire.requests.clear()
        await bench.hands.apply(Kind.SUSPEND, DOOR)
        assert set(bench.wire.calls) == {"GET"}


async def test_a_code_with_leading_zeros_opens_the_gate() -> None:
    async with rig() as bench:
        await bench.grant(code=GateCode("000417"))
        assert await bench.type_code("000417") == "ok"


@pytest.mark.parametrize("name", ["Zoë Łukasiewicz-Ñandú", "山田 太郎", "a" * 300, "x\n\x1b[31mred\x00", "", "  "])
async def test_any_name_is_taken_at_the_gate(name: str) -> None:
    async with rig(person=somebody(name, site=SITE)) as bench:
        await bench.grant()
        assert await bench.type_code(CODE.reveal()) == "ok"


@pytest.mark.parametrize("target", ["Tor 3/West", "50%25", "Gate #1?x=1", "zweites é", "a\\b", "...", "%2e%2e"])
async def test_any_usable_target_is_named_exactly_at_the_gate(target: str) -> None:
    async with rig() as bench:
        await bench.grant(TargetId(target))
        assert (await bench.ours())[0]["access"] == [{"target": target, "state": "active"}]
        await bench.hands.apply(Kind.REVOKE, TargetId(target))
        assert (await bench.ours())[0]["access"] == []


@pytest.mark.parametrize("target", [".", "..", "", " B-014", "B\n014", "x" * 300])
async def test_a_target_that_no_path_can_hold_is_refused_before_any_call(target: str) -> None:
    async with rig() as bench:
        with pytest.raises(Rejected):
            await bench.grant(TargetId(target))
        assert bench.wire.calls == []


async def test_a_strangers_code_is_left_alone() -> None:
    async with rig() as bench:
        stranger = await bench.add_by_hand(code=CODE.reveal(), access={DOOR: "active"})
        with pytest.raises(Conflict):
            await bench.grant()
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert [p["id"] for p in await bench.people()] == [stranger]
        assert await bench.type_code(CODE.reveal()) == "ok"


async def test_a_new_code_that_a_stranger_has_is_a_conflict_and_the_old_one_stays() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.add_by_hand(code=OTHER_CODE.reveal())
        with pytest.raises(Conflict):
            await bench.hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        assert await bench.type_code(CODE.reveal()) == "ok"


async def test_an_entry_that_was_added_by_hand_is_shown_and_left_alone() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.let_by_hand((await bench.ours())[0]["id"], "Office")
        await bench.hands.apply(Kind.REVOKE, DOOR)
        assert (await bench.hands.observe()).entries == {"Office": EntryState.ACTIVE}


async def test_a_hand_made_entry_with_an_unusable_name_is_shown_as_another_than_ours() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.let_by_hand((await bench.ours())[0]["id"], "B-014%20")
        entries = (await bench.hands.observe()).entries
        assert entries == {DOOR: EntryState.ACTIVE, "?'B-014 '": EntryState.ACTIVE}


async def test_a_suspended_tenant_is_told_so_at_the_keypad() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.hands.apply(Kind.SUSPEND, DOOR)
        assert await bench.type_code(CODE.reveal()) == "suspended"


async def test_a_suspension_opens_nothing_that_was_not_there() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.hands.apply(Kind.SUSPEND, OTHER_DOOR)
        assert (await bench.hands.observe()).entries == {DOOR: EntryState.ACTIVE}


@pytest.mark.parametrize("kind", [Kind.SUSPEND, Kind.REVOKE, Kind.REMOVE_PERSON, Kind.CHANGE_CODE])
async def test_a_person_that_vanished_is_not_made_again_to_take_something_away(kind: Kind) -> None:
    async with rig() as bench:
        target = DOOR if kind in {Kind.SUSPEND, Kind.REVOKE} else None
        await bench.hands.apply(kind, target, CODE)
        assert await bench.people() == []
        assert bench.hands.ref is None


async def test_a_person_that_vanished_is_made_again_by_a_resume() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.face.delete(f"/sandbox/sites/{SITE}/people/{(await bench.ours())[0]['id']}")
        await bench.hands.apply(Kind.RESUME, DOOR, CODE)
        assert await bench.type_code(CODE.reveal()) == "ok"


async def test_an_id_that_the_gate_gave_to_somebody_else_is_not_ours() -> None:
    async with rig() as bench:
        stranger = await bench.add_by_hand(code=OTHER_CODE.reveal(), access={DOOR: "active"})
        bench.hands.ref = {"id": stranger}
        assert await bench.hands.observe() == Observed()
        await bench.hands.apply(Kind.REVOKE, DOOR)
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert await bench.type_code(OTHER_CODE.reveal()) == "ok"


async def test_a_listing_that_hides_a_person_who_exists_is_not_believed() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.fault(kind="garbage", path="people", body=f'{{"ok":true,"site":"{SITE}","result":{_NOBODY}}}')
        with pytest.raises(Anomaly):
            await bench.hands.observe()


_NOBODY = '{"people":[],"more":false}'


async def test_a_full_gate_is_no_capacity() -> None:
    async with rig(GateSettings(capacity=1)) as bench:
        await bench.add_by_hand(code="777123")
        with pytest.raises(NoCapacity):
            await bench.grant()


async def test_a_target_that_a_strict_gate_does_not_have_is_rejected() -> None:
    async with rig(GateSettings(strict={SITE: frozenset({DOOR})})) as bench:
        await bench.grant()
        with pytest.raises(Rejected):
            await bench.grant(OTHER_DOOR)
        assert (await bench.hands.observe()).entries == {DOOR: EntryState.ACTIVE}


async def test_a_site_that_a_strict_gate_does_not_have_is_rejected() -> None:
    async with rig(GateSettings(strict={"elsewhere": frozenset()})) as bench:
        with pytest.raises(Rejected):
            await bench.hands.observe()


async def test_a_listing_in_pages_is_read_to_its_end() -> None:
    async with rig(GateSettings(page_size=1)) as bench:
        for code in ("100001", "100002", "100003"):
            await bench.add_by_hand(code=code, key=bench.person.key, access={f"T{code}": "active"})
        assert set((await bench.hands.observe()).entries) == {"T100001", "T100002", "T100003"}


async def test_two_persons_at_one_gate_do_not_meet() -> None:
    async with rig() as bench:
        await bench.grant()
        ivo = Hands(bench.adapter, somebody("Ivo", "t-2", SITE))
        await ivo.apply(Kind.GRANT, DOOR, OTHER_CODE)
        await ivo.apply(Kind.SUSPEND, DOOR)
        assert await bench.type_code(CODE.reveal()) == "ok"


async def test_only_the_configured_host_is_contacted() -> None:
    async with rig(api_key="k-123456") as bench:
        await bench.grant()
        await bench.hands.observe()
        await bench.hands.apply(Kind.REMOVE_PERSON)
        await bench.adapter.check()
        assert {f"{r.url.scheme}://{r.url.netloc.decode()}" for r in bench.wire.requests} == {URL}
        assert {r.headers["authorization"] for r in bench.wire.requests} == {"Bearer k-123456"}


async def test_a_grant_that_lacks_a_code_is_refused_and_makes_nobody() -> None:
    async with rig() as bench:
        with pytest.raises(Rejected):
            await bench.hands.apply(Kind.GRANT, DOOR)
        assert await bench.people() == []
