"""A controller that makes the codes tells each once: none is lost, and none is believed that may be another."""

from typing import Any

import pytest

from bridge.domain.changes import Change, Kind
from bridge.domain.credential import GateCode
from bridge.domain.errors import Anomaly, Conflict, OutcomeUnknown, Unsupported
from bridge.ports.adapter import Ref
from bridge.sandbox.gate import Codes, GateKind, GateSettings
from bridge.testing.hands import Crash, Hands, Keeping
from tests.adapters.simulator.rig import CODE, DOOR, KINDS, OTHER_CODE, OTHER_DOOR, SITE, Rig, name_of, rig

pytestmark = pytest.mark.anyio

SHOWN = GateSettings(kind=GateKind(codes=Codes.MADE))
MASKED = GateSettings(kind=GateKind(codes=Codes.MADE, shows_codes=False))
BOTH = pytest.mark.parametrize("settings", [SHOWN, MASKED], ids=["shown", "masked"])


class Diary:
    """A checkpoint that notes what had happened on the wire when it was told of something."""

    def __init__(self, bench: Rig) -> None:
        self._bench = bench
        self.notes: list[tuple[Keeping, list[str]]] = []

    async def keep_ref(self, ref: Ref) -> None:
        assert isinstance(ref["id"], int)
        self.notes.append((Keeping.REF, self._bench.wire.calls))

    async def keep_code(self, code: GateCode) -> None:
        assert await self._bench.type_code(code.reveal()) != "unknown_code"
        self.notes.append((Keeping.CODE, self._bench.wire.calls))


async def _grant(bench: Rig) -> GateCode:
    await bench.hands.apply(Kind.GRANT, DOOR)
    code = bench.hands.code
    assert code is not None
    return code


async def _opens(bench: Rig, code: GateCode) -> bool:
    return await bench.type_code(code.reveal()) == "ok"


@BOTH
async def test_a_made_code_is_kept_before_anything_else_is_done(settings: GateSettings) -> None:
    async with rig(settings) as bench:
        diary = Diary(bench)
        await bench.adapter.apply(Change(kind=Kind.GRANT, target=DOOR), bench.person, None, diary)
        assert diary.notes == [(Keeping.CODE, ["GET", "POST"]), (Keeping.REF, ["GET", "POST"])]
        assert bench.wire.calls == ["GET", "POST", "PUT"]


@BOTH
async def test_a_code_that_was_made_anew_is_kept_before_anything_else_is_done(settings: GateSettings) -> None:
    async with rig(settings) as bench:
        await _grant(bench)
        bench.wire.requests.clear()
        diary = Diary(bench)
        await bench.adapter.apply(Change(kind=Kind.CHANGE_CODE), bench.person, bench.hands.ref, diary)
        assert diary.notes[-1] == (Keeping.CODE, ["GET", "PATCH"])


@BOTH
async def test_a_second_door_makes_no_second_code(settings: GateSettings) -> None:
    async with rig(settings) as bench:
        code = await _grant(bench)
        await bench.hands.apply(Kind.GRANT, OTHER_DOOR)
        assert bench.hands.made_codes == [code]
        assert await bench.type_code(code.reveal(), OTHER_DOOR) == "ok"


@BOTH
async def test_a_code_that_the_bridge_names_with_a_grant_is_not_sent(settings: GateSettings) -> None:
    async with rig(settings) as bench:
        code = await _grant(bench)
        await bench.hands.apply(Kind.GRANT, OTHER_DOOR, CODE)
        assert await bench.type_code(code.reveal(), OTHER_DOOR) == "ok"


@BOTH
async def test_a_made_code_that_another_tenant_has_is_a_conflict_and_then_another(settings: GateSettings) -> None:
    class Full(Hands):
        async def keep_code(self, code: GateCode) -> None:
            if self.made_codes:
                raise Conflict("another tenant has it")
            await super().keep_code(code)

    async with rig(settings) as bench:
        hands = Full(bench.adapter, bench.person)
        await hands.apply(Kind.GRANT, DOOR)
        with pytest.raises(Conflict):
            await hands.apply(Kind.CHANGE_CODE)
        hands.made_codes.clear()
        await hands.apply(Kind.CHANGE_CODE)
        assert hands.code is not None
        assert await _opens(bench, hands.code)


async def test_a_masked_code_whose_making_was_not_answered_is_in_doubt_until_it_is_changed() -> None:
    async with rig(MASKED) as bench:
        code = await _grant(bench)
        await bench.fault(kind="after_write", method="PATCH")
        with pytest.raises(OutcomeUnknown):
            await bench.hands.apply(Kind.CHANGE_CODE)
        assert (await bench.hands.observe()).code_in_doubt
        await bench.hands.apply(Kind.CHANGE_CODE)
        assert not (await bench.hands.observe()).code_in_doubt
        assert bench.hands.code not in (None, code)
        assert await _opens(bench, bench.hands.made_codes[-1])


async def test_a_shown_code_whose_making_was_not_answered_is_read() -> None:
    async with rig(SHOWN) as bench:
        await _grant(bench)
        await bench.fault(kind="after_write", method="PATCH")
        with pytest.raises(OutcomeUnknown):
            await bench.hands.apply(Kind.CHANGE_CODE)
        seen = (await bench.hands.observe()).code
        assert seen is not None
        assert await _opens(bench, seen)


@pytest.mark.parametrize("keeping", Keeping)
async def test_a_crash_over_a_masked_code_leaves_it_in_doubt(keeping: Keeping) -> None:
    async with rig(MASKED) as bench:
        bench.hands.crashes_at = keeping
        with pytest.raises(Crash):
            await bench.hands.apply(Kind.GRANT, DOOR)
        await bench.hands.apply(Kind.GRANT, DOOR)
        assert (await bench.hands.observe()).code_in_doubt
        await bench.hands.apply(Kind.CHANGE_CODE)
        assert len(await bench.ours()) == 1
        assert await _opens(bench, bench.hands.made_codes[-1])


@pytest.mark.parametrize("settings", [GateSettings(kind=GateKind(shows_codes=False)), MASKED], ids=["given", "made"])
async def test_a_masked_code_is_not_believed_without_its_reference(settings: GateSettings) -> None:
    async with rig(settings) as bench:
        await bench.hands.apply(Kind.GRANT, DOOR, CODE)
        for lost in (None, {"id": 1}):
            assert (await bench.adapter.observe(bench.person, lost, {DOOR})).code_in_doubt
        seen = await bench.hands.observe()
        assert (seen.code, seen.code_in_doubt) == (None, False)


async def test_a_masked_code_that_was_set_without_an_answer_is_in_doubt() -> None:
    async with rig(GateSettings(kind=GateKind(shows_codes=False))) as bench:
        await bench.grant()
        await bench.fault(kind="after_write", method="PATCH")
        with pytest.raises(OutcomeUnknown):
            await bench.hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        assert (await bench.hands.observe()).code_in_doubt
        await bench.hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert not (await bench.hands.observe()).code_in_doubt
        assert await _opens(bench, CODE)


ANSWERS = [
    pytest.param({"id": 1001}, id="no code"),
    pytest.param({"id": 1001, "code": "******"}, id="a masked one"),
    pytest.param({"id": 1001, "code": ""}, id="an empty one"),
    pytest.param({"id": 1001, "code": 48213}, id="a number"),
]


@pytest.mark.parametrize("result", ANSWERS)
async def test_an_answer_without_the_code_that_was_made_proves_nothing(result: dict[str, Any]) -> None:
    async with rig(MASKED) as bench:
        code = await _grant(bench)
        answer = str({"ok": True, "site": SITE, "result": result}).replace("'", '"').replace("True", "true")
        await bench.fault(kind="garbage", method="PATCH", body=answer)
        with pytest.raises(Anomaly) as caught:
            await bench.hands.apply(Kind.CHANGE_CODE)
        assert "48213" not in str(caught.value)
        assert bench.hands.made_codes == [code]
        assert (await bench.hands.observe()).code_in_doubt


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
async def test_a_change_of_code_makes_one_of_two_at_any_gate(kind: GateKind) -> None:
    async with rig(GateSettings(kind=kind)) as bench:
        is_made = kind.codes is Codes.MADE
        await bench.hands.apply(Kind.GRANT, DOOR, None if is_made else CODE)
        await bench.add_by_hand(code="111222", key=bench.person.key, access={OTHER_DOOR: "active"})
        assert (await bench.hands.observe()).code_in_doubt
        await bench.hands.apply(Kind.CHANGE_CODE, None, None if is_made else OTHER_CODE)
        assert not (await bench.hands.observe()).code_in_doubt
        (person,) = await bench.ours()
        assert bench.hands.code == GateCode(person["code"])
        assert [await bench.type_code(person["code"], door) for door in (DOOR, OTHER_DOOR)] == ["ok", "ok"]


@pytest.mark.parametrize("settings", [GateSettings(), SHOWN], ids=["given", "made"])
async def test_a_gate_of_the_other_kind_is_an_ability_that_it_lacks(settings: GateSettings) -> None:
    codes = Codes.GIVEN if settings.kind.codes is Codes.MADE else Codes.MADE
    async with rig(settings, options={"codes": codes}) as bench:
        person = await bench.add_by_hand(code="111222", key=bench.person.key)
        with pytest.raises(Unsupported):
            await bench.hands.apply(Kind.CHANGE_CODE, None, CODE if codes is Codes.GIVEN else None)
        assert [(p["id"], p["code"]) for p in await bench.people()] == [(person, "111222")]
