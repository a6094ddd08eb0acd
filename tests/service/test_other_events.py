"""Events about a person, a unit or a day: each only says where to look."""

import json
from typing import Any

import pytest

from bridge.domain.ids import ConnectionName, SiteId
from bridge.ports.store import Priority
from bridge.sandbox.platform import LAKESIDE, LAKESIDE_ADDON
from tests.service.house import JONAS, MIRA, UNIT_IDS, House

pytestmark = pytest.mark.anyio


async def told(house: House, number: int, type: str, data: dict[str, Any], **more: str) -> None:  # noqa: A002 - the sender's word
    await house.post(json.dumps({"id": f"other-{number}", "type": type, "data": data, **more}).encode())
    await house.resolve_due()


async def test_a_changed_mapping_takes_effect_with_its_event(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.map_unit("B-014", "X-1")
    house.told.clear()
    await told(house, 1, "unit.updated", {"unitId": UNIT_IDS["B-014"], "changedKeys": ["customFields.gate_id"]})
    await house.settle()
    assert await house.keypad("X-1", house.code(rental)) == "ok"
    assert await house.keypad("B-014", house.code(rental)) == "no_access_here"


async def test_a_unit_that_nobody_rents_leads_to_nobody(house: House) -> None:
    await told(house, 1, "unit.updated", {"unitId": UNIT_IDS["B-014"]})
    assert await house.deliveries() == ["ignored"]
    assert await house.subjects() == {}


async def test_an_event_about_a_person_leads_to_their_rentals_only(house: House) -> None:
    house.move_in("B-014", MIRA)
    house.move_in("B-021", JONAS)
    await house.settle()
    await told(house, 1, "user.updated", {"userId": MIRA})
    assert await house.subjects() == {"ready": 1}
    assert await house.settle() == 1


async def test_a_person_who_rents_nothing_leads_to_nobody(house: House) -> None:
    await told(house, 1, "user.updated", {"userId": MIRA})
    assert await house.deliveries() == ["ignored"]


async def test_the_daily_event_has_those_of_its_site_looked_at_who_are_not_in_step(house: House) -> None:
    first = house.move_in("B-014", MIRA)
    house.move_in("B-021", JONAS)
    await house.settle()
    house.world.mark_overdue(first)
    house.told.clear()  # its own event is lost

    await told(house, 1, "addon.dailyEvent.started", {}, addonId=LAKESIDE_ADDON)
    assert await house.settle() == 1

    assert house.status(first) == "suspended: overdue"


async def test_the_daily_event_of_a_strange_add_on_sweeps_nothing(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    await told(house, 1, "addon.dailyEvent.started", {}, addonId="66f1a0c2b7d4e90015c0f999")
    assert await house.subjects() == {}


async def test_a_sweep_of_one_site_leaves_the_others_alone(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    store = house.bridge.store
    elsewhere = (ConnectionName("lakeside"), SiteId("66f1a0c2b7d4e90015c0e999"))
    here = (ConnectionName("lakeside"), SiteId(LAKESIDE))
    assert await store.mark_known(priority=Priority.SWEEP, site=elsewhere) == 0
    assert await store.mark_known(priority=Priority.SWEEP, site=here) == 1
