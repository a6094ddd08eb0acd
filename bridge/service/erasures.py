"""Forgetting a tenant: what people ask and decide about it."""

from collections.abc import Sequence

from bridge.domain.dead_letters import Signature
from bridge.domain.erasure import PersonalData
from bridge.domain.errors import NotFoundHere, inert
from bridge.domain.ids import ConnectionName, TenantId
from bridge.ports.clock import Clock
from bridge.ports.erasure import Eraser


class Erasures:
    def __init__(self, *, eraser: Eraser, clock: Clock) -> None:
        self._eraser = eraser
        self._clock = clock

    async def look(self, tenant: TenantId, *, connection: ConnectionName | None = None) -> Sequence[PersonalData]:
        """Return what is kept of the tenant. Raises `NotFoundHere` for one of whom nothing is known."""
        found = await self._eraser.find_personal(tenant, connection=connection)
        _require_one(tenant, found)
        return found

    async def erase(
        self, tenant: TenantId, *, who: str, reason: str, connection: ConnectionName | None = None
    ) -> Sequence[PersonalData]:
        """Erase it, and return what it was. Doing it again is harmless.

        Raises `NotFoundHere`, and `DoorsOpen` while a door may be open or a run needs what would be erased.
        """
        await self.look(tenant, connection=connection)
        by = Signature(who=who, at=self._clock.now(), reason=reason)
        return await self._eraser.erase_personal(tenant, by, connection=connection)


def _require_one(tenant: TenantId, found: Sequence[PersonalData]) -> None:
    """Raise `NotFoundHere` for nobody, and where the id is of people on several platforms."""
    names = sorted({str(one.subject.connection) for one in found})
    if not names:
        raise NotFoundHere(f"nothing is known of a tenant {inert(tenant, 64)}")
    if len(names) > 1:
        raise NotFoundHere(f"{', '.join(names)} each have a tenant {inert(tenant, 64)}: add --connection")
