"""What an explanation says of platform and vendor, and that it changes neither."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.domain.errors import Unreachable
from bridge.sandbox.gate import Codes, GateKind, GateSettings
from bridge.sandbox.platform import ApiFault, ApiFaultKind
from tests.service.building import open_house
from tests.service.explaining import about, check, not_passed, why
from tests.service.house import House

pytestmark = pytest.mark.anyio
AWAY = ApiFault(kind=ApiFaultKind.STATUS, status=503, remaining=1000)


async def test_a_vendor_that_is_away_leaves_unknown_and_says_so(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    await house.fault_gate(kind="fail", status=503, count=None)
    told = await why(house, rental)

    assert told.status == "granted"
    assert not_passed(told) == dict.fromkeys(["gate_code", "at_vendor", "platform_fields"], "unknown")
    assert "503" in check(told, "at_vendor").evidence
    assert told.advice == ("Ask again when the gate system answers; if it stays away, run `gatebridge check`.",)


async def test_a_platform_that_is_away_is_one_clear_error(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.fault_platform(AWAY)

    with pytest.raises(Unreachable, match=r"the platform gave no usable answer: .*503"):
        await why(house, rental)
    with pytest.raises(Unreachable, match=r"the platform gave no usable answer: .*503"):
        await about(house)


async def test_a_vendors_refusal_is_told_with_the_task_that_staff_have(house: House) -> None:
    await house.fault_gate(kind="error_in_200", method="PUT", code="unknown_target", text="no such door", count=None)
    rental = house.move_in("B-014")
    await house.settle()
    told = await why(house, rental)

    assert told.status == "error: refused_by_vendor" == house.status(rental)
    assert not_passed(told)["work"] == not_passed(told)["at_vendor"] == "fail"
    assert "platform_fields" not in not_passed(told)
    assert told.advice[0].endswith("then write resync into gate_resync on the rental.")


async def test_a_change_that_nobody_told_the_bridge_of_is_shown_with_what_would_follow(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    told = await why(house, rental)

    assert told.status == "suspended: overdue"
    assert not_passed(told) == dict.fromkeys(["overdue", "at_vendor", "platform_fields"], "fail")
    assert told.follows == ("at the gate system: close B-014", "gate_status becomes suspended: overdue")
    assert told.advice[-1] == "To have it done now, write resync into gate_resync on the rental."


async def test_a_code_that_cannot_be_used_and_one_not_taken_up_yet_are_told_apart(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.edit(rental, pinCode="111111")
    refused = await why(house, rental)
    house.edit(rental, pinCode="730519")
    typed = await why(house, rental)

    assert "has another one, which cannot be used (repeated)" in check(refused, "gate_code").evidence
    assert refused.advice[0] == "Type another code into gate_pinCode, or empty the field."
    assert "has another one, which is not taken up yet" in check(typed, "gate_code").evidence
    assert "change the gate code" in typed.follows[0]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (GateKind(shows_codes=False), "the gate system took it"),
        (GateKind(codes=Codes.MADE), "the gate system has it"),
    ],
)
async def test_gates_that_mask_or_make_codes_are_explained_too(tmp_path: Path, kind: GateKind, says: str) -> None:
    async with open_house(tmp_path, gate=GateSettings(kind=kind)) as house:
        rental = house.move_in("B-014")
        await house.settle()
        told = await why(house, rental)
    assert not_passed(told) == {}
    assert says in check(told, "gate_code").evidence


async def test_explaining_changes_nothing_anywhere(house: House) -> None:
    rental, unheard = house.move_in("B-014"), house.move_in("B-021", auto_complete=False)
    await house.settle()
    house.world.mark_overdue(rental)
    house.edit(rental, pinCode="730519", resync="rotate")
    house.world.complete_move_in(unheard)
    house.take_told()
    before, writes = _rows(house), (house.platform.writes(), house.gate.writes())
    fields = house.fields(rental)

    for at in (None, datetime(2026, 3, 5, tzinfo=UTC)):
        await about(house, at=at)
        await why(house, unheard, at=at)

    assert (house.platform.writes(), house.gate.writes()) == writes
    assert _rows(house) == before
    assert house.fields(rental) == fields


def _rows(house: House) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    with closing(sqlite3.connect(house.database.as_uri() + "?mode=ro", uri=True)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: database.execute(f'SELECT * FROM "{name}" ORDER BY rowid').fetchall() for name in names}  # noqa: S608 - names of our own tables


async def test_no_code_is_in_what_is_told(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    first = house.code(rental)
    house.edit(rental, pinCode="730519", status="730519")
    told = [await why(house, rental)]
    await house.settle()
    told.append(await why(house, rental))

    for code in (first, "730519"):
        assert code is not None
        assert code not in repr(told)


async def test_a_rental_that_the_platform_does_not_show_is_unknown(house: House) -> None:
    rental, other = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()
    house.platform.spoil = lambda request, answer: (
        [one for one in answer if one["id"] != rental]
        if isinstance(answer, list)
        else answer | {"siteId": "66f1a0c2b7d4e90015c0e002"}
        if request.url.path.endswith(rental)
        else answer
    )
    told = {str(one.rental): one for one in await about(house)}

    assert told[other].status == "granted"
    assert (told[rental].status, not_passed(told[rental])["rental_state"]) == ("unknown", "unknown")
    assert "another site" in check(told[rental], "rental_state").evidence
    assert "B-014 active; it stays so until the rental can be read" in check(told[rental], "at_vendor").evidence
