"""A changed unit, a changed tenant and the add-on's daily sign: what the platform tells beside rentals and jobs."""

import json
from typing import Any

import pytest

from bridge.domain.errors import NotFoundHere, StoreUnavailable
from bridge.domain.ids import SiteId
from bridge.domain.policy import OverduePolicy
from bridge.sandbox.platform import LAKESIDE_ADDON
from bridge.sandbox.platform.records import UnitState
from tests.service.building import open_house
from tests.service.house import CONNECTION, JONAS, MIRA, SITE, UNIT_IDS, House

pytestmark = pytest.mark.anyio
DAILY = "addon.dailyEvent.started"


async def tell(house: House, event_type: str, event_id: str = "66f1a0c2b7d4e90015c0a001", **data: Any) -> None:
    """Deliver one event about `data`, from the add-on, and nothing that the platform has told beside it."""
    body = {"id": event_id, "type": event_type, "data": data, "addonId": LAKESIDE_ADDON}
    await house.post(json.dumps(body).encode())


async def fates(house: House, event_type: str) -> list[str]:
    """Return what became of the deliveries of this type, as `state: note`."""
    rows = await house.bridge.desk.deliveries(limit=500)
    return [f"{row.state}: {row.note}" for row in rows if row.event_type == event_type]


def lose(house: House) -> None:
    """Lose what the platform has told and nobody has delivered yet."""
    house.take_told()


async def test_a_unit_that_is_mapped_at_last_opens_with_its_own_event(house: House) -> None:
    house.map_unit("B-014", None)
    rental = house.move_in("B-014")
    await house.settle()
    before = house.status(rental)

    house.map_unit("B-014", "B-014")
    await tell(house, "unit.updated", unitId=UNIT_IDS["B-014"], changedKeys=["customFields.gate_id"])
    await house.settle()

    assert (before, house.status(rental)) == ("error: no_mapping", "granted")
    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_a_unit_set_to_none_is_left_with_its_own_event(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)

    house.map_unit("B-014", "NONE")
    await tell(house, "unit.updated", unitId=UNIT_IDS["B-014"])
    await house.settle()

    assert house.status(rental) == "revoked: opted_out"
    assert await house.keypad("B-014", code) != "ok"


async def test_a_blocked_unit_that_is_rented_closes_and_opens_with_the_same_code(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code, seen = house.code(rental), []

    house.world.books.units.change(UNIT_IDS["B-014"], state=UnitState.BLOCKED)
    await tell(house, "unit.blocked", "blocked", unitId=UNIT_IDS["B-014"])
    await house.settle()
    seen.append((house.status(rental), await house.keypad("B-014", code) == "ok"))
    house.world.books.units.change(UNIT_IDS["B-014"], state=UnitState.OCCUPIED)
    await tell(house, "unit.unblocked", "unblocked", unitId=UNIT_IDS["B-014"])
    await house.settle()
    seen.append((house.status(rental), await house.keypad("B-014", code) == "ok"))

    assert seen == [("suspended: unit_blocked", False), ("granted", True)]


async def test_an_event_about_a_unit_that_nobody_rents_costs_one_read(house: House) -> None:
    await tell(house, "unit.updated", unitId=UNIT_IDS["B-014"])
    await house.settle()

    assert await house.deliveries() == ["ignored"]
    assert house.platform.calls() == [f"GET units/{UNIT_IDS['B-014']}"]
    assert house.gate.calls() == []


async def test_a_changed_tenant_is_looked_at_in_all_their_units(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with open_house(tmp_path_factory.mktemp("house"), overdue=OverduePolicy.TENANT) as house:
        one, two = house.move_in("B-014"), house.move_in("B-021")
        other = house.move_in("B-027", JONAS)
        await house.settle()
        house.world.mark_overdue(one)
        lose(house)

        await tell(house, "user.updated", userId=MIRA)
        await house.settle()

        statuses = [house.status(rental) for rental in (one, two, other)]
    assert statuses == ["suspended: overdue", "suspended: overdue", "granted"]


async def test_a_tenant_whose_events_were_all_lost_is_found_with_the_next_about_them(house: House) -> None:
    rental = house.move_in("B-014")
    lose(house)

    await tell(house, "user.updated", userId=MIRA)
    await house.settle()

    assert house.status(rental) == "granted"


async def test_somebody_who_has_only_ever_moved_out_costs_one_read(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.move_out(rental)
    await house.settle()
    house.platform.requests.clear()

    await tell(house, "user.updated", userId=MIRA)
    await house.settle()

    assert house.platform.calls() == ["GET admin/unit-rentals"]


async def test_the_daily_sign_mends_what_was_lost(house: House) -> None:
    mira, jonas = house.move_in("B-014"), house.move_in("B-021", JONAS)
    await house.settle()
    house.world.mark_overdue(mira)
    house.move_out(jonas)
    lose(house)

    await tell(house, DAILY)
    await house.settle()

    assert (house.status(mira), house.status(jonas)) == ("suspended: overdue", "revoked")
    assert await fates(house, DAILY) == ["done: known tenants to be looked at again: 2, found anew: 0"]


async def test_a_second_daily_sign_runs_and_writes_nothing(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    await tell(house, DAILY, "first")
    await house.settle()
    house.platform.requests.clear()
    house.gate.requests.clear()

    await tell(house, DAILY, "second")
    runs = await house.settle()

    assert runs == 0
    assert (house.platform.writes(), house.gate.writes()) == ([], [])


async def test_a_daily_sign_goes_behind_live_events(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    lose(house)
    await tell(house, DAILY)
    await house.resolve_due()
    house.move_in("B-021", JONAS)
    await house.deliver()
    await house.resolve_due()

    first, second = await house.bridge.store.claim_subjects(2)
    assert (first.key.tenant, second.key.tenant) == (JONAS, MIRA)


async def test_a_crash_before_the_daily_sign_is_settled_loses_no_sweep(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    lose(house)
    await tell(house, DAILY)

    async def die(*_: Any) -> None:
        raise StoreUnavailable("the process is gone")

    with monkeypatch.context() as patch:
        patch.setattr(house.bridge.store, "settle_delivery", die)
        (claim,) = await house.bridge.store.claim_deliveries(1)
        with pytest.raises(StoreUnavailable):
            await house.bridge.resolver.run(claim)
    marked = await house.subjects()
    await house.later(minutes=3)

    assert marked == {"ready": 1}
    assert house.status(rental) == "suspended: overdue"
    assert await fates(house, DAILY) == ["done: known tenants to be looked at again: 1, found anew: 0"]


async def test_a_daily_sign_that_could_not_mark_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    lose(house)
    await tell(house, DAILY)

    async def full(*_: Any, **__: Any) -> int:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(house.bridge.store, "mark_seen", full)
        await house.resolve_due()
    untouched = await house.subjects()
    await house.later(minutes=1)

    assert untouched == {}
    assert house.status(rental) == "suspended: overdue"
    assert await fates(house, DAILY) == ["done: known tenants to be looked at again: 1, found anew: 0"]


async def test_an_operators_sweep_of_a_site_mends_what_was_lost_there(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.move_out(rental)
    lose(house)

    assert (await house.bridge.sweeper.sweep_named(SITE)).known == 1
    await house.settle()

    assert house.status(rental) == "revoked"


async def test_an_operators_sweep_of_a_site_that_nobody_configured_is_refused(house: House) -> None:
    house.move_in("B-014")
    await house.settle()

    with pytest.raises(NotFoundHere, match=str(CONNECTION[::-1])):
        await house.bridge.sweeper.sweep_named(SiteId(CONNECTION[::-1]))
    assert await house.subjects() == {}
