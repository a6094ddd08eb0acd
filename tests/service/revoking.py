"""What takes access away in a house, and how far that has come, said short."""

from bridge.domain.ids import SiteId
from bridge.service.alerts import Alerts
from bridge.service.pauses import Pauses
from bridge.service.revocations import Closing, Revocations
from bridge.telemetry import Metrics
from tests.service.hilltop import HILLTOP
from tests.service.house import CONNECTION, MIRA, SITE, House

SITES = {(CONNECTION, SITE): "simulator", (CONNECTION, SiteId(HILLTOP)): "simulator"}


def pauses_of(house: House) -> Pauses:
    return Pauses(book=house.bridge.store, adapters=SITES, alerts=Alerts(Metrics()), clock=house.clock)


def revocations_of(house: House, pauses: Pauses | None = None) -> Revocations:
    store = house.bridge.store
    return Revocations(
        book=store,
        history=store,
        desk=store,
        sites=SITES,
        pauses=pauses or pauses_of(house),
        breakers=house.bridge.breakers,
        clock=house.clock,
    )


async def revoke(house: House, tenant: str = MIRA, *, site: str | None = None) -> Closing:
    return await revocations_of(house).revoke(tenant, who="sam", reason="threatened the staff", site=site)


async def unrevoke(house: House, tenant: str = MIRA) -> None:
    await revocations_of(house).lift(tenant, who="kim", reason="it was somebody else")


async def doors(house: House, tenant: str = MIRA) -> dict[str, str]:
    """Return their doors since the revocation, each with what is known of it."""
    told = await revocations_of(house).look(tenant)
    return {door.door: "closed" if door.is_closed else str(door.state) for site in told.sites for door in site.doors}


async def open_count(house: House) -> int:
    told = await revocations_of(house).look(MIRA)
    return sum(not door.is_closed for site in told.sites for door in site.doors)
