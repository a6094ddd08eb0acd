"""Which gate codes a tenant was given, so that a scenario can type them without knowing them."""

from collections import defaultdict
from collections.abc import Iterable

from tests.service.house import CONNECTION, House

Whose = tuple[str, str]
"""A tenant's id and a site's."""


class CodeBook:
    """Looks at the gate and at the rentals after each step, and remembers each tenant's codes, the newest last."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._had: defaultdict[Whose, list[str]] = defaultdict(list)

    async def notice(self) -> None:
        """Note new codes: what the gate knows the tenant by, or else what their rental shows."""
        rentals = tuple(self._house.world.books.rentals)
        at_the_gate = await self._at_the_gate({rental.site_id for rental in rentals})
        for rental in rentals:
            whose = (rental.owner_id, rental.site_id)
            shown = rental.custom_fields.get("gate_pinCode")
            code = at_the_gate.get(whose) or (str(shown) if shown else None)
            if code is not None and code not in self._had[whose][-1:]:
                self._had[whose].append(code)

    def had(self, tenant: str, site: str) -> list[str]:
        return list(self._had[tenant, site])

    async def _at_the_gate(self, sites: Iterable[str]) -> dict[Whose, str]:
        found: dict[Whose, str] = {}
        for site in sites:
            prefix = f"{CONNECTION}:{site}:"
            for person in await self._house.people(site):
                key = person["external_key"] or ""
                if key.startswith(prefix):
                    found[key.removeprefix(prefix), site] = person["code"]
        return found
