"""The units of a site: what staff map to doors."""

from typing import Final

from bridge.sdk import Anomaly, Secret, SourceSite, Unit
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.fields import FieldCodes
from bridge.sources.storeganise.rows import unit_of

NOT_FOR_RENT: Final = frozenset({"archived"})
"""States of units that nobody can rent, so that their mapping does not matter."""


async def list_units(site: SourceSite, api: StoreganiseApi, key: Secret) -> list[Unit]:
    """Return the site's units with their mapping; see the port. About a hundred a call (reference, section 5).

    The filter is asked for and not relied on: a row of another site makes the whole list worthless.
    """
    rows = await api.units_at(site.id, key)
    if any(row.site_id not in {None, site.id} for row in rows):
        raise Anomaly(f"units of site {site.id}: another site's is among them")
    codes = FieldCodes(prefix=site.field_prefix)
    return [unit_of(row, codes) for row in rows if row.state not in NOT_FOR_RENT]
