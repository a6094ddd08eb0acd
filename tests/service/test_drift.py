"""What somebody changes at the vendor is put back, or is left and told: never both, never for ever, never unseen."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.policy import DriftPolicy, SitePolicy
from bridge.domain.whom import By, Whom
from bridge.ports.proof import Extract
from bridge.sandbox.gate import GateKind, GateSettings
from bridge.sandbox.gate.kind import Suspends
from bridge.sandbox.platform import LAKESIDE
from tests.service.building import ZONE, open_house
from tests.service.house import CONNECTION, JONAS, MIRA, SITE, House
from tests.service.planning import resynced

pytestmark = pytest.mark.anyio
REPORT = SitePolicy(zone=ZONE, drift=DriftPolicy.REPORT)
BY_PERSON = GateSettings(kind=GateKind(suspends=Suspends.PERSON))


@pytest.fixture
async def reporting(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, policy=REPORT) as house:
        yield house


async def by_hand(house: House, method: str, below: str = "", body: dict[str, Any] | None = None) -> None:
    """Do something with our person at the controller."""
    person = next(one for one in await house.people() if one["external_key"])
    path = f"/sandbox/sites/{LAKESIDE}/people/{person['id']}{below}"
    (await house.hands.request(method, path, json=body)).raise_for_status()


async def take_away(house: House) -> None:
    await by_hand(house, "DELETE", "/access/B-014")


async def suspend(house: House) -> None:
    await by_hand(house, "PUT", "/access/B-014", {"state": "suspended"})


async def remove(house: House) -> None:
    await by_hand(house, "DELETE")


async def recode(house: House) -> None:
    await by_hand(house, "PATCH", body={"code": "604197"})


async def drift_of(house: House) -> list[tuple[str, str | None]]:
    found = await house.bridge.desk.drift.listed(site=SITE)
    return [(one.drift.words(), one.drift.left) for one in found]


async def certainty_of(house: House, tenant: str = MIRA) -> dict[str, str]:
    (row,) = await house.bridge.store.find_subjects(Whom(by=By.TENANT, id=tenant), [(CONNECTION, SITE)])
    return {rental: str(one.certainty) for rental, one in (await house.bridge.store.load(row.key)).access.items()}


EDITS = {
    "missing: door B-014": take_away,
    "changed: door B-014": suspend,
    "changed: code": recode,
}


@pytest.mark.parametrize("words", EDITS)
async def test_it_is_put_back_where_the_policy_is_to_heal(house: House, words: str) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    await EDITS[words](house)
    await house.sweep()
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert (await drift_of(house), await house.alerts()) == ([], [])
    assert await causes(house) == [words.split(":", maxsplit=1)[0]]


async def causes(house: House) -> list[str]:
    """Return what the intents in the ledger say of drift."""
    end = await house.bridge.store.ledger_end()
    rows = await house.bridge.store.read_ledger(Extract(), after=0, through=end, limit=1000)
    return [row.entry.details["drift"] for row in rows if row.entry is not None and "drift" in row.entry.details]


@pytest.mark.parametrize("words", EDITS)
async def test_it_is_left_and_told_once_where_the_policy_is_to_report(reporting: House, words: str) -> None:
    house = reporting
    rental = house.move_in("B-014")
    await house.settle()
    await EDITS[words](house)
    house.gate.requests.clear()
    for _ in range(2):
        await house.sweep()
        house.clock.advance(hours=2)
    await house.restart()
    await house.sweep()
    assert house.gate.writes() == []
    assert await drift_of(house) == [(words, "report")]
    assert await certainty_of(house) == {rental: "drifted"}
    assert await house.alerts() == ["drift_found"]
    assert await house.subjects() == {}, "it is no failure"


async def test_a_sweep_over_drift_that_is_known_writes_nothing(reporting: House) -> None:
    house = reporting
    house.move_in("B-014")
    await house.settle()
    await take_away(house)
    await house.sweep()
    end = await house.bridge.store.ledger_end()
    house.platform.requests.clear()
    await house.sweep()
    assert await house.bridge.store.ledger_end() == end
    assert house.platform.writes() == []


async def test_a_removed_person_is_missed_and_not_made_again(reporting: House) -> None:
    house = reporting
    house.move_in("B-014")
    await house.settle()
    await remove(house)
    await house.sweep()
    assert await house.people() == []
    assert await drift_of(house) == [("missing: door B-014", "report")]


async def test_what_the_platform_asks_for_still_goes_beside_drift(reporting: House) -> None:
    house = reporting
    house.move_in("B-014")
    await house.settle()
    await take_away(house)
    other = house.move_in("B-021")
    await house.settle()
    assert await house.keypad("B-021", house.code(other)) == "ok"
    assert await house.keypad("B-014", house.code(other)) == "no_access_here"
    assert house.status(other) == "granted"


async def test_drift_outlives_trouble_of_the_vendor_with_another_door(reporting: House) -> None:
    house = reporting
    house.move_in("B-014")
    await house.settle()
    await take_away(house)
    await house.fault_gate(kind="fail", method="PUT", path="B-021", count=6)
    house.move_in("B-021")
    for _ in range(8):
        await house.later(minutes=1)
    assert await house.keypad("B-021", house.code(house.move_in("B-030"))) != "ok"
    await house.settle()
    assert await drift_of(house) == [("missing: door B-014", "report")]


async def test_a_move_out_ends_what_has_drifted(reporting: House) -> None:
    house = reporting
    rental = house.move_in("B-014")
    await house.settle()
    await suspend(house)
    await house.sweep()
    house.move_out(rental)
    await house.settle()
    assert await house.people() == []
    assert (house.status(rental), await drift_of(house)) == ("revoked", [])


async def test_a_lock_opened_by_hand_stays_so_and_is_told(reporting: House) -> None:
    house = reporting
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    await house.settle()
    await by_hand(house, "PUT", "/access/B-014", {"state": "active"})
    await house.sweep()
    assert await drift_of(house) == [("changed: door B-014", "report")]
    house.world.pay(rental)
    await house.settle()
    assert (house.status(rental), await drift_of(house)) == ("granted", [])


async def test_what_somebody_puts_right_is_drift_no_more(reporting: House) -> None:
    house = reporting
    rental = house.move_in("B-014")
    await house.settle()
    await suspend(house)
    await house.sweep()
    await by_hand(house, "PUT", "/access/B-014", {"state": "active"})
    await house.sweep()
    assert await drift_of(house) == []
    assert await certainty_of(house) == {rental: "confirmed"}


async def test_a_persons_resync_puts_it_back(reporting: House) -> None:
    house = reporting
    rental = house.move_in("B-014")
    await house.settle()
    await take_away(house)
    await house.sweep()
    assert await resynced(house)
    await house.settle()
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert await drift_of(house) == []


async def test_a_resync_that_staff_write_into_the_field_puts_it_back(reporting: House) -> None:
    house = reporting
    rental = house.move_in("B-014")
    await house.settle()
    await take_away(house)
    await house.sweep()
    house.edit(rental, resync="resync")
    await house.settle()
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert (await drift_of(house), house.fields(rental).get("resync")) == ([], None)


async def test_a_new_code_that_staff_type_is_no_drift(reporting: House) -> None:
    house = reporting
    rental = house.move_in("B-014")
    await house.settle()
    house.edit(rental, pinCode="604197")
    await house.settle()
    assert await house.keypad("B-014", "604197") == "ok"
    assert await drift_of(house) == []


async def test_a_write_that_comes_through_late_is_ours_and_no_drift(reporting: House) -> None:
    house = reporting
    rental = house.move_in("B-014")
    await house.settle()
    await house.fault_gate(kind="lose_write", method="PUT")
    other = house.move_in("B-021")
    await house.deliver()
    await house.resolve_due()
    await house.converge_due()
    house.move_out(other)
    await house.settle()
    await by_hand(house, "PUT", "/access/B-021", {"state": "active"})
    await house.sweep()
    assert await house.keypad("B-021", house.code(rental)) == "no_access_here"
    assert await drift_of(house) == []


@pytest.mark.parametrize("policy", DriftPolicy)
async def test_a_door_that_somebody_gave_our_person_is_foreign_listed_and_never_touched(
    tmp_path: Path, policy: DriftPolicy
) -> None:
    async with open_house(tmp_path, policy=SitePolicy(zone=ZONE, drift=policy)) as house:
        rental = house.move_in("B-014")
        await house.settle()
        await by_hand(house, "PUT", "/access/Office", {"state": "active"})
        house.gate.requests.clear()
        await house.sweep()
        assert house.gate.writes() == []
        assert await drift_of(house) == [("extra_foreign: door Office", "foreign")]
        assert await certainty_of(house) == {rental: "confirmed"}
        await by_hand(house, "DELETE", "/access/Office")
        await house.sweep()
        assert await drift_of(house) == []


async def test_a_switch_for_the_whole_person_is_left_and_told_too(tmp_path: Path) -> None:
    async with open_house(tmp_path, gate=BY_PERSON, policy=REPORT) as house:
        house.move_in("B-014")
        await house.settle()
        await by_hand(house, "PATCH", body={"suspended": True})
        house.gate.requests.clear()
        for _ in range(2):
            await house.sweep()
        assert house.gate.writes() == []
        assert await drift_of(house) == [("changed: person", "report")]


async def fight(house: House, edit: Callable[[House], Awaitable[None]], rounds: int, **pause: float) -> int:
    """Have somebody undo what the bridge does, again and again, and return how often the bridge put it back."""
    healed = 0
    for _ in range(rounds):
        await edit(house)
        house.gate.requests.clear()
        await house.sweep()
        healed += bool(house.gate.writes())
        house.clock.advance(**pause)
    return healed


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
async def test_a_fight_ends_after_three_rounds_with_one_alert_through_restarts(
    house: House, edit: Callable[[House], Awaitable[None]]
) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    assert await fight(house, edit, 2, hours=1) == 2
    await house.restart()
    assert await fight(house, edit, 1, hours=1) == 1
    await house.restart()
    await edit(house)
    house.gate.requests.clear()
    for _ in range(3):
        await house.sweep()
        house.clock.advance(hours=20)
    assert house.gate.writes() == []
    assert [left for _, left in await drift_of(house)] == ["fight"]
    assert await house.alerts() == ["drift_fight"]
    assert await certainty_of(house) == {rental: "drifted"}


async def test_a_persons_resync_starts_again_and_counts_anew(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    assert await fight(house, take_away, 4, hours=1) == 3
    assert await resynced(house)
    await house.settle()
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert await fight(house, take_away, 4, hours=1) == 3


async def test_what_drifts_rarely_is_put_back_each_time(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    assert await fight(house, take_away, 6, hours=13) == 6
    assert await house.alerts() == []


async def test_a_vendor_that_fails_at_putting_it_back_uses_up_no_rounds(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    await take_away(house)
    await house.fault_gate(kind="fail", method="PUT", count=5)
    await house.sweep()
    for _ in range(6):
        await house.later(minutes=1)
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert await fight(house, take_away, 3, hours=1) == 2


async def test_a_fight_over_one_tenant_stops_nothing_of_another(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    await fight(house, take_away, 4, minutes=1)
    other = house.move_in("B-021", JONAS)
    await house.settle()
    assert await house.keypad("B-021", house.code(other)) == "ok"
