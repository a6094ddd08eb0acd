"""Looking at known subjects again: what was missed, lost or set aside comes right here."""

from collections.abc import Collection
from typing import Final

from bridge.domain.errors import NotFoundHere, inert
from bridge.domain.ids import ConnectionName, SiteId
from bridge.ports.store import Priority, SubjectQueue
from bridge.telemetry import get_logger

MAX_ID: Final = 64


class Sweeper:
    """Marks; the worker does the rest. Dead subjects are marked too, so that no removal is given up for ever.

    `sites` are the configured ones: what an operator may ask for by the platform's id alone.
    """

    def __init__(self, queue: SubjectQueue, sites: Collection[tuple[ConnectionName, SiteId]] = ()) -> None:
        self._queue = queue
        self._sites = frozenset(sites)
        self._log = get_logger()

    async def sweep(self) -> int:
        """Mark all known subjects due at the sweep's priority, and return how many."""
        marked = await self._queue.mark_known(priority=Priority.SWEEP)
        self._log.info("sweep.marked", subjects=marked)
        return marked

    async def sweep_site(self, connection: ConnectionName, site: SiteId) -> int:
        """Mark the known subjects of one site due at the sweep's priority, and return how many."""
        marked = await self._queue.mark_known(priority=Priority.SWEEP, site=(connection, site))
        self._log.info("sweep.marked", connection=connection, site=site, subjects=marked)
        return marked

    async def sweep_named(self, site: SiteId) -> int:
        """Mark as `sweep_site` does, whatever connection the site is of. Raises `NotFoundHere` if none has it."""
        found = sorted(key for key in self._sites if key[1] == site)
        if not found:
            raise NotFoundHere(f"there is no site {inert(site, MAX_ID) or 'without an id'} in the configuration")
        return sum([await self.sweep_site(*key) for key in found])
