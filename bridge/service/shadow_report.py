"""How sites in shadow agree with what is done there now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.agreement import Agreement, agreement
from bridge.domain.errors import NotFoundHere, inert
from bridge.domain.ids import SiteKey
from bridge.ports.shadow import ShadowBook

MAX_ID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAgreement:
    site: SiteKey
    agreement: Agreement


class ShadowReport:
    """Tells it from the ledger's notes alone: nobody else is asked."""

    def __init__(self, *, book: ShadowBook, sites: Collection[SiteKey]) -> None:
        """`sites` are those in shadow."""
        self._book = book
        self._sites = sorted(sites)

    async def report(self, site: str | None = None, *, since: datetime | None = None) -> Sequence[SiteAgreement]:
        """Return the sites' agreement, with turns and changes from `since` on. Raises `NotFoundHere` for no site."""
        chosen = [key for key in self._sites if site in {None, key[1]}]
        if not chosen:
            where = "" if site is None else f" with the id {inert(site, MAX_ID)}"
            raise NotFoundHere(f'no site{where} is in shadow: set its mode = "shadow"')
        found = {key: agreement(await self._book.shadow_notes(key), since) for key in chosen}
        return [SiteAgreement(site=key, agreement=one) for key, one in found.items()]
