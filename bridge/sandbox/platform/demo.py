"""A small world to begin with. Everybody and everything in it is invented."""

from typing import Final

from bridge.ports.clock import Clock
from bridge.sandbox.platform.records import FieldValue
from bridge.sandbox.platform.world import World

LAKESIDE: Final = "66f1a0c2b7d4e90015c0e001"
LAKESIDE_ADDON: Final = "66f1a0c2b7d4e90015c0f900"
MIRA: Final = "66f1a0c2b7d4e90015c01777"

UNITS: Final = (
    ("66f1a0c2b7d4e90015c0d014", "B-014", "B-014"),
    ("66f1a0c2b7d4e90015c0d021", "B-021", "B-021"),
    ("66f1a0c2b7d4e90015c0d027", "B-027", "B-027"),
    ("66f1a0c2b7d4e90015c0d030", "B-030", "B-030"),
    ("66f1a0c2b7d4e90015c0d033", "B-033", "B-033"),
    ("66f1a0c2b7d4e90015c0d040", "B-040", "NONE"),
)
BLOCKED: Final = "66f1a0c2b7d4e90015c0d033"

TENANTS: Final = (
    (MIRA, "Mira", "Okafor", "mira@example.net", "+44 7700 900123"),
    ("66f1a0c2b7d4e90015c01778", "Jonas", "Lindqvist", "jonas@example.net", "07700 900456"),
    ("66f1a0c2b7d4e90015c01779", "Ana", "Duarte", "ana@example.net", "+351 555 0142"),
    ("66f1a0c2b7d4e90015c0177a", "Tomasz", "Wilk", "tomasz@example.net", "555-636-1234"),
)


def demo_world(
    *,
    field_prefix: str = "gate",
    base: Clock | None = None,
    emit_no_change_updates: bool = False,
    zone: str = "Europe/London",
) -> World:
    """Return a world with one site, Lakeside, with empty units mapped to gates, and tenants who rent nothing yet."""
    world = World(zone=zone, base=base, emit_no_change_updates=emit_no_change_updates)
    world.create_site(code="lakeside", title="Lakeside", site_id=LAKESIDE)
    environment: dict[str, FieldValue] = {f"{field_prefix}_environment": "testing"}
    world.create_addon(LAKESIDE, addon_id=LAKESIDE_ADDON, fields=environment)
    for unit_id, name, target in UNITS:
        world.create_unit(LAKESIDE, name, unit_id=unit_id, fields={f"{field_prefix}_id": target})
    for user_id, first_name, last_name, email, phone in TENANTS:
        world.create_tenant(user_id=user_id, first_name=first_name, last_name=last_name, email=email, phone=phone)
    world.block_unit(BLOCKED, reason="Water damage")
    return world
