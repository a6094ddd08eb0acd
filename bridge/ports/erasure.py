"""Where a tenant's personal data is, and how it is forgotten."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.dead_letters import Signature
from bridge.domain.erasure import PersonalData
from bridge.domain.ids import ConnectionName, TenantId


class Eraser(Protocol):
    async def find_personal(
        self, tenant: TenantId, *, connection: ConnectionName | None = None
    ) -> Sequence[PersonalData]:
        """Return what is kept of the tenant, one for each site, by key; none of whom nothing is known."""

    async def erase_personal(
        self, tenant: TenantId, by: Signature, *, connection: ConnectionName | None = None
    ) -> Sequence[PersonalData]:
        """Erase it at all of their sites, or at none, write each to the ledger, and return what it was.

        Bodies and headers of their deliveries, gate codes, profile, the adapter's reference, the notes of failures and
        the tasks told. Ids and access records stay. Raises `DoorsOpen` where one of them may not be erased now.
        """
