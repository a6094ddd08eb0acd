"""Whom a person's question is about, as the platform knows them now."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from bridge.sdk import (
    BridgeError,
    By,
    ConnectionName,
    Located,
    Rejected,
    RentalId,
    Secret,
    Sighting,
    SiteId,
    SourceSite,
    SubjectKey,
    TenantId,
    UnitId,
    Whom,
    is_safe_id,
)
from bridge.sources.storeganise.client import FIELDS, StoreganiseApi
from bridge.sources.storeganise.keyring import Keyring
from bridge.sources.storeganise.parallel import each, every
from bridge.sources.storeganise.users import UserRentals
from bridge.sources.storeganise.wire import RentalRow, UnitRow

AT_ONCE: Final = 8
MAX_NAME: Final = 200
ID_LENGTH: Final = 24
FoundT = TypeVar("FoundT")


class RentalLocator:
    def __init__(
        self, *, connection: ConnectionName, sites: Sequence[SourceSite], api: StoreganiseApi, keyring: Keyring
    ) -> None:
        self._connection = connection
        self._sites = sites
        self._api = api
        self._keyring = keyring

    async def locate(self, whom: Whom) -> Located:
        """Return whose rentals these are; see the port. What the platform refuses to look up is nobody's."""
        sites = [site for site in self._sites if whom.site in {None, site.id}]
        if whom.by is By.UNIT:
            return await self._by_unit(whom.id, sites)
        if not is_safe_id(whom.id):
            return Located()
        try:
            rows = await self._by_tenant(whom.id, sites) if whom.by is By.TENANT else await self._rental(whom.id)
        except Rejected:
            return Located()
        return Located(sightings=self._sightings(rows, sites))

    async def _by_tenant(self, user_id: str, sites: Sequence[SourceSite]) -> list[RentalRow]:
        return await UserRentals(sites=sites, api=self._api, keyring=self._keyring).find(user_id)

    async def _by_unit(self, text: str, sites: Sequence[SourceSite]) -> Located:
        """Look for a name first where the text has not the form of the platform's ids (reference, section 1)."""
        units = await self._unit(text) if _has_the_form_of_an_id(text) else await self._named(text, sites)
        if not units and not _has_the_form_of_an_id(text):
            units = await self._unit(text)
        here = {site.id for site in sites}
        units = [unit for unit in units if unit.site_id is None or unit.site_id in here]
        found = tuple(UnitId(unit.id) for unit in units)
        if len(units) != 1:
            return Located(units=found)
        rental_id = units[0].rental_id
        rows = [] if rental_id is None else await self._rental(rental_id)
        return Located(sightings=self._sightings(rows, sites), units=found)

    async def _unit(self, unit_id: str) -> list[UnitRow]:
        if not is_safe_id(unit_id):
            return []
        found = await self._with_any_key(lambda key: self._api.unit(unit_id, key))
        return [] if found is None else [found]

    async def _named(self, name: str, sites: Sequence[SourceSite]) -> list[UnitRow]:
        if not name.isprintable() or len(name) > MAX_NAME:
            return []
        lists = await every(
            lambda site: self._api.units_named(site.id, name, self._keyring.of_site(site.id)), sites, at_once=AT_ONCE
        )
        return [unit for units in lists for unit in units]

    async def _rental(self, rental_id: str) -> list[RentalRow]:
        found = await self._with_any_key(lambda key: self._api.rental(rental_id, key, include=FIELDS))
        return [] if found is None else [found]

    async def _with_any_key(self, ask: Callable[[Secret], Awaitable[FoundT | None]]) -> FoundT | None:
        """Return the first answer: without an API key, each site's add-on sees its own site only.

        Raises what a call raised where none found anything, but for refusals: they say that there is nothing to see.
        """
        answers = await each(ask, self._keys(), at_once=AT_ONCE)
        failures = [answer for answer in answers if isinstance(answer, BridgeError)]
        for answer in answers:
            if answer is not None and not isinstance(answer, BridgeError):
                return answer
        for failure in failures:
            if not isinstance(failure, Rejected):
                raise failure
        return None

    def _keys(self) -> list[Secret]:
        if self._keyring.has_api_key:
            return [self._keyring.of_account()]
        return [self._keyring.of_site(site.id) for site in self._sites]

    def _sightings(self, rows: Sequence[RentalRow], sites: Sequence[SourceSite]) -> tuple[Sighting, ...]:
        here = {site.id for site in sites}
        return tuple(
            Sighting(
                subject=SubjectKey(
                    connection=self._connection, site=SiteId(row.site_id), tenant=TenantId(row.owner_id)
                ),
                rental=RentalId(row.id),
            )
            for row in rows
            if row.site_id in here
        )


def _has_the_form_of_an_id(text: str) -> bool:
    return len(text) == ID_LENGTH and all(c in "0123456789abcdef" for c in text)
