"""Which key speaks for which call: the account's API key, or an add-on's installation at a site."""

from collections.abc import Sequence

from bridge.sdk import ConfigurationError, ConnectionName, Secret, SiteId, SourceSite, Unauthorized
from bridge.sources.storeganise.options import StoreganiseOptions


class Keyring:
    """Makes values of the `Authorization` header (reference, section 1).

    Raises `ConfigurationError` where a site could never be asked: without an API key every call needs an add-on id.
    """

    def __init__(self, options: StoreganiseOptions, sites: Sequence[SourceSite], connection: ConnectionName) -> None:
        self._api_key = options.api_key
        self._addon_key = options.addon_key
        self._addons = {site.id: site.addon_id for site in sites}
        if self._api_key is None and None in self._addons.values():
            raise ConfigurationError(
                f"connections.{connection}.api_key", "is needed, or else an addon_id at each of the connection's sites"
            )

    @property
    def has_api_key(self) -> bool:
        return self._api_key is not None

    @property
    def has_addon_key(self) -> bool:
        return self._addon_key is not None

    def of_account(self) -> Secret:
        """Return the key for calls about no site: the API key, else the add-on of the first site.

        Raises `Unauthorized` where there is neither.
        """
        if self._api_key is not None:
            return Secret(f"ApiKey {self._api_key.reveal()}")
        addon_id = next(iter(self._addons.values()), None)
        if addon_id is None:
            raise Unauthorized("there is no api_key, and no site with an addon_id")
        return self.of_addon(addon_id)

    def of_site(self, site: SiteId) -> Secret:
        """Return the key for calls about a configured site: the API key, else the site's add-on."""
        addon_id = self._addons[site]
        return self.of_account() if self._api_key is not None or addon_id is None else self.of_addon(addon_id)

    def of_addon(self, addon_id: str) -> Secret:
        """Return the key of one installation. Raises `Unauthorized` where no addon_key is configured."""
        if self._addon_key is None:
            raise Unauthorized("there is no addon_key")
        return Secret(f"Addon {addon_id}|{self._addon_key.reveal()}")
