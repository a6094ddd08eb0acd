"""A second site, Hilltop, that the same tenants may rent at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bridge.domain.ids import SiteId
from bridge.domain.policy import SitePolicy
from bridge.sandbox.gate import GateSettings
from tests.service.building import ZONE, open_house
from tests.service.house import SITE, UNIT_IDS, House

HILLTOP = "66f1a0c2b7d4e90015c0e002"
UNITS = {"H-001": "66f1a0c2b7d4e90015c0d101", "H-002": "66f1a0c2b7d4e90015c0d102", "H-003": "66f1a0c2b7d4e90015c0d103"}
ALL_UNITS = UNIT_IDS | UNITS


@asynccontextmanager
async def open_two_sites(
    folder: Path,
    *,
    gate: GateSettings | None = None,
    gate_elsewhere: GateSettings | None = None,
    policy: SitePolicy | None = None,
    overlap: timedelta = timedelta(0),
) -> AsyncIterator[House]:
    """Yield a house with both sites, by one policy. With `gate_elsewhere` Hilltop has a vendor of its own."""
    chosen = policy or SitePolicy(zone=ZONE, overlap=overlap)
    policies = {SITE: chosen, SiteId(HILLTOP): chosen}
    async with open_house(folder, gate=gate, gate_elsewhere=gate_elsewhere, policies=policies) as house:
        house.world.create_site(code="hilltop", title="Hilltop", site_id=HILLTOP)
        for name, unit_id in UNITS.items():
            house.world.create_unit(HILLTOP, name, unit_id=unit_id, fields={"gate_id": name})
        yield house
