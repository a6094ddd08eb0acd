"""Who rents at a site now: what the sweep adds to the tenants that it has heard of."""

from typing import Final

from bridge.sdk import (
    Anomaly,
    ConnectionName,
    RentalId,
    RentalState,
    Secret,
    Sighting,
    SiteId,
    SiteListing,
    SubjectKey,
    TenantId,
)
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.rows import STATE_BY_WORD
from bridge.sources.storeganise.wire import RentalRow

MAY_EARN: Final = frozenset({RentalState.OCCUPIED, RentalState.UNKNOWN})


async def list_site(site: SiteId, api: StoreganiseApi, key: Secret, connection: ConnectionName) -> SiteListing:
    """Return the site's rentals that may earn access; see the port. About a hundred a call.

    The filters are asked for and not relied on: a row in another state is left out, one of another site makes the whole
    list worthless.
    """
    rows = await api.occupied_at(site, key)
    if any(row.site_id != site for row in rows):
        raise Anomaly(f"unit-rentals of site {site}: another site's is among them")
    return SiteListing(site=site, sightings=tuple(_sighting(row, site, connection) for row in rows if _may_earn(row)))


def _may_earn(row: RentalRow) -> bool:
    return STATE_BY_WORD.get(row.state, RentalState.UNKNOWN) in MAY_EARN


def _sighting(row: RentalRow, site: SiteId, connection: ConnectionName) -> Sighting:
    subject = SubjectKey(connection=connection, site=site, tenant=TenantId(row.owner_id))
    return Sighting(subject=subject, rental=RentalId(row.id))
