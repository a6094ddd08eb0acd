"""What a user rents now, at every configured site: where an event about a person leads to."""

from collections.abc import Sequence
from typing import Final

from bridge.sdk import Anomaly, RentalState, SourceSite
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.keyring import Keyring
from bridge.sources.storeganise.parallel import every
from bridge.sources.storeganise.rows import STATE_BY_WORD
from bridge.sources.storeganise.wire import RentalRow

AT_ONCE: Final = 8
OVER: Final = frozenset({RentalState.ENDED, RentalState.CANCELLED, RentalState.ABANDONED})


class UserRentals:
    def __init__(self, *, sites: Sequence[SourceSite], api: StoreganiseApi, keyring: Keyring) -> None:
        self._sites = sites
        self._api = api
        self._keyring = keyring

    async def find(self, user_id: str) -> list[RentalRow]:
        """Return the user's rentals that are not over, one call a site; none is a fine answer: not everybody rents.

        A state that is no known word is not over. Raises `Anomaly` where a list contradicts the question, and whatever
        a call at any site raises: the delivery is tried again for all of them.
        """
        lists = await every(lambda site: self._at(site, user_id), self._sites, at_once=AT_ONCE)
        return [row for rows in lists for row in rows if STATE_BY_WORD.get(row.state) not in OVER]

    async def _at(self, site: SourceSite, user_id: str) -> list[RentalRow]:
        rows = await self._api.rentals_of(user_id, site.id, self._keyring.of_site(site.id), include=None)
        for row in rows:
            if (row.owner_id, row.site_id) != (user_id, site.id):
                raise Anomaly(f"unit-rentals of user {user_id}: another user's or site's is among them")
        return rows
