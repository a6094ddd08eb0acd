"""What the simulated platform tells of people and days, and a fault that meets one method only."""

import json

from bridge.domain.credential import Secret
from bridge.sandbox.platform import (
    MIRA,
    ApiFault,
    ApiFaultKind,
    Event,
    EventType,
    FaultPlan,
    Hook,
    PlatformSettings,
    Variant,
    demo_world,
)
from bridge.sandbox.platform.envelope import render
from bridge.sandbox.platform.faults import Faults

HOOK = Hook(url="https://bridge", secret=Secret("s"), variant=Variant.ADDON, addon_id="66f1a0c2b7d4e90015c0f900")


def data_of(event: Event) -> dict[str, str]:
    body = json.loads(render(event, event.id, HOOK, PlatformSettings(), None))
    assert body["type"] == event.type
    data: dict[str, str] = body["data"]
    return data


def test_a_changed_tenant_is_told_by_their_id() -> None:
    world = demo_world()
    world.edit_tenant(MIRA, {"last_name": "Duval", "phone": "0700 900 1"})

    event = world.books.events[-1]
    assert (event.type, data_of(event)) == (EventType.USER_UPDATED, {"userId": MIRA})
    assert world.books.users.get(MIRA).name == "Mira Duval"


def test_a_tenant_who_is_written_as_they_were_is_not_told() -> None:
    world = demo_world()
    told = len(world.books.events)
    world.edit_tenant(MIRA, {"first_name": "Mira"})

    assert len(world.books.events) == told


def test_the_daily_sign_has_no_data() -> None:
    event = demo_world().tell_daily()

    assert (event.type, data_of(event)) == (EventType.DAILY, {})


def test_a_fault_of_one_method_lets_the_others_through() -> None:
    faults = Faults(FaultPlan(api=ApiFault(kind=ApiFaultKind.STATUS, method="PUT", path="unit-rentals")))

    assert faults.take("GET", "unit-rentals/1", is_list=False) is None
    assert faults.take("PUT", "unit-rentals/1", is_list=False) is not None
    assert faults.take("PUT", "unit-rentals/1", is_list=False) is None
