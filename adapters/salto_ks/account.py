"""Where everything lies at Salto KS: the site's UUID and the role for tenants, looked up once."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from adapters.salto_ks.mapping import filter_by_uid
from adapters.salto_ks.options import SaltoOptions
from adapters.salto_ks.wire import Named, WireSite, read_page
from bridge.sdk import Anomaly, Rejected, read_as

GetPage = Callable[[str, Mapping[str, str | int]], Awaitable[Any]]
V11: Final = "v1.1"
V12: Final = "v1.2"


class Account:
    """What is the same for everybody at the site. Shared by all clients of it."""

    def __init__(self, options: SaltoOptions) -> None:
        self._options = options
        self._site = options.site if _is_uuid(options.site) else None
        self._role: str | None = None

    @property
    def is_named_by_uid(self) -> bool:
        return not _is_uuid(self._options.site)

    async def site(self, get: GetPage) -> str:
        """Return the UUID that paths need. Raises `Rejected` where the account sees no such site."""
        if self._site is None:
            sites = read_page(await get(f"{V11}/sites", filter_by_uid(self._options.site)), "sites").items
            if not sites:
                raise Rejected("Salto KS shows this account no site with the site_uid in options.site")
            if len(sites) > 1:
                raise Anomaly("sites: several have the same site_uid")
            site = read_as(WireSite, sites[0], "sites")
            if site.site_uid is not None and site.site_uid.casefold() != self._options.site.casefold():
                raise Anomaly("sites: Salto KS answers with another site than the one in options.site")
            self._site = site.id
        return self._site

    async def role(self, roles: Callable[[], Awaitable[list[Named]]]) -> str:
        """Return the id of the role that tenants get. Raises `Rejected` where the site has none by this label."""
        if self._role is None:
            self._role = pick_role(await roles(), self._options.role)
        return self._role


def pick_role(roles: list[Named], wanted: str) -> str:
    found = [role.id for role in roles if wanted == role.id or wanted.casefold() == role.customer_reference.casefold()]
    if len(found) != 1:
        raise Rejected(f"the site has {'no' if not found else 'more than one'} role of the label in options.role")
    return found[0]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return "-" in text
