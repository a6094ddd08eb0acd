"""Whose installation an event's `addonId` is, and at which site."""

from collections.abc import Sequence
from typing import Final

import structlog

from bridge.sdk import PermanentError, Secret, SiteId, SourceSite
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.keyring import Keyring

MAX_LEARNED: Final = 256


class Addons:
    """Chooses the key to look an event up with.

    An installation that is configured, or that the platform says belongs to a configured site, speaks for itself; any
    other id in a body is a claim that proves nothing.
    """

    def __init__(self, sites: Sequence[SourceSite], keyring: Keyring, api: StoreganiseApi) -> None:
        self._keyring = keyring
        self._api = api
        self._configured = {site.addon_id: site.id for site in sites if site.addon_id is not None}
        self._sites_without = frozenset(site.id for site in sites if site.addon_id is None)
        self._learned: dict[str, SiteId | None] = {}
        self._log = structlog.get_logger()

    async def key_for(self, addon_id: str | None) -> Secret | None:
        """Return the key for calls about an event, or None where it is of an add-on that has no site here."""
        if addon_id is None or not self._keyring.has_addon_key:
            return self._keyring.of_account()
        if addon_id in self._configured or await self._learn(addon_id) is not None:
            return self._keyring.of_addon(addon_id)
        return self._keyring.of_account() if self._keyring.has_api_key else None

    async def site_of(self, addon_id: str) -> SiteId | None:
        """Return the configured site that an add-on is installed at, or None where it has none here.

        Of a site without a configured add-on the platform is asked: as the add-on itself, or else with the API key, and
        then what that call raises is raised.
        """
        site = self._configured.get(addon_id)
        if site is None and self._keyring.has_addon_key:
            site = await self._learn(addon_id)
        if site is None and self._keyring.has_api_key and self._sites_without:
            site = await self._ask(addon_id, self._keyring.of_account())
        return site

    async def _learn(self, addon_id: str) -> SiteId | None:
        """Return the site without a configured add-on that this one belongs to, asking as the add-on, and once."""
        if not self._sites_without:
            return None
        if addon_id not in self._learned:
            try:
                site = await self._ask(addon_id, self._keyring.of_addon(addon_id))
            except PermanentError as error:
                self._log.warning("addon.not_learned", addon=addon_id, why=str(error))
                return None
            if len(self._learned) >= MAX_LEARNED:
                self._learned.clear()
            self._learned[addon_id] = site
        return self._learned[addon_id]

    async def _ask(self, addon_id: str, key: Secret) -> SiteId | None:
        addon = await self._api.addon(addon_id, key)
        site = SiteId(addon.site_id) if addon is not None and addon.site_id is not None else None
        return site if site in self._sites_without else None
