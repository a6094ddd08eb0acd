"""Many tenants at once, each with a unit of their own, and what happens to all of them."""

from dataclasses import dataclass

from bridge.domain.budgets import Budget, Budgets, SiteBudgets
from bridge.sandbox.platform import LAKESIDE
from tests.service.house import House

DEFAULTS = SiteBudgets(site=Budgets(removals=Budget(per_hour=10, percent_per_day=20)))
"""Those of a site that is configured without any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renter:
    tenant: str
    rental: str
    door: str
    site: str = LAKESIDE


async def move_in_many(house: House, count: int, site: str = LAKESIDE) -> list[Renter]:
    """Let so many new tenants move in at a site, and see that each has access."""
    renters = []
    mark = "a" if site == LAKESIDE else "b"
    for number in range(count):
        door, unit = f"{mark.upper()}-{number:03}", f"66f1a0c2b7d4e90015c{mark}{number:04}"
        house.world.create_unit(site, door, unit_id=unit, fields={"gate_id": door})
        tenant = house.world.create_tenant(
            user_id=f"66f1a0c2b7d4e90015d{mark}{number:04}",
            first_name="Tenant",
            last_name=f"{mark}{number}",
            email=f"{mark}{number}@example.com",
            phone="",
        ).id
        renters.append(Renter(tenant=tenant, rental=house.world.move_in(tenant, unit).id, door=door, site=site))
    await house.settle()
    assert [house.status(one.rental) for one in renters] == ["granted"] * count
    return renters


async def open_doors(house: House, renters: list[Renter], codes: dict[str, str | None]) -> int:
    """Return how many of them can still open their own door."""
    return sum([await house.keypad(one.door, codes[one.rental], one.site) == "ok" for one in renters])


def codes_of(house: House, renters: list[Renter]) -> dict[str, str | None]:
    return {one.rental: house.code(one.rental) for one in renters}
