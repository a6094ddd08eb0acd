"""A database that was restored is not believed: grants go on, and removals wait until a person has looked."""

import asyncio
import contextlib
import secrets
from typing import Final, Protocol

from bridge.domain.errors import ConfigurationError, StoreUnavailable, inert
from bridge.domain.ledger import GENESIS, LedgerEntry, LedgerKind
from bridge.domain.pauses import MAX_WORDS
from bridge.domain.trust import Mark, doubt_about, is_elsewhere
from bridge.ports.bookmarks import Bookmarks
from bridge.ports.clock import Clock
from bridge.ports.proof import WHOLE, LedgerBook
from bridge.ports.store import AlertSink
from bridge.ports.trust import MarkKeeper, TrustBook
from bridge.service.alerts import Alerts
from bridge.telemetry import get_logger

DOUBTED: Final = "database_doubted"
DATABASE: Final = "database"
MARK_SECONDS: Final = 60.0
"""What is newer than the last mark could be missing from a backup without anybody's knowing."""


class TrustStore(TrustBook, Bookmarks, LedgerBook, AlertSink, Protocol):
    """What trust asks of the store."""


class Trust:
    """`machine` names this host, None where it has no name; a store that `is_shared` is served from several."""

    def __init__(
        self,
        *,
        store: TrustStore,
        marks: MarkKeeper,
        machine: str | None,
        is_shared: bool,
        alerts: Alerts,
        clock: Clock,
    ) -> None:
        self._store = store
        self._marks = marks
        self._machine = machine
        self._is_shared = is_shared
        self._alerts = alerts
        self._clock = clock
        self._kept: Mark | None = None
        self._stop = asyncio.Event()
        self._log = get_logger()

    async def begin(self) -> None:
        """Look whether this is the database that was here, before anything is done with it.

        Raises `ConfigurationError` where another host served it last: that one may still do so.
        """
        mark = await asyncio.to_thread(self._marks.read)
        if not self._is_shared and is_elsewhere(mark, self._machine):
            raise ConfigurationError(
                "store.url",
                "names a database that another machine serves, or did: two that serve copies of it would undo each "
                "other's work. If it has moved here for good, say gatebridge db adopt",
            )
        database = await self._store.bookmark(DATABASE)
        chain = None if mark is None else await self._chain_at(mark.entry)
        why = doubt_about(mark, database=database, chain=chain, is_shared=self._is_shared)
        if why is not None and await self._store.doubted() is None:
            details = {"why": why, "next": "gatebridge plan --all, then gatebridge db trust"}
            await self._store.doubt(why, self._alerts.raised(DOUBTED, at=self._clock.now(), details=details))
        await self._keep(database)

    async def keep(self) -> None:
        """Keep the mark up to date until stopped, and once more then. That it cannot be kept stops nothing."""
        is_over = False
        while not is_over:
            # Not wait_for: before Python 3.12 it loses a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(MARK_SECONDS):
                    await self._stop.wait()
            is_over = self._stop.is_set()
            try:
                await self._keep(await self._store.bookmark(DATABASE))
            except StoreUnavailable as error:
                self._log.warning("mark.not_kept", why=str(error))

    def stop(self) -> None:
        """Ask `keep` to end."""
        self._stop.set()

    async def adopt(self, *, who: str, reason: str) -> None:
        """Serve the database from this host from now on."""
        entry = self._said("database_adopted", who, reason)
        await self._store.record([entry])
        await self._keep(await self._store.bookmark(DATABASE))

    async def doubted(self) -> str | None:
        """Return why the database is not believed, or None."""
        return await self._store.doubted()

    async def doubt(self, *, who: str, reason: str) -> None:
        """Do not believe it: a person says that it was restored."""
        await self._store.doubt(inert(reason, MAX_WORDS), self._said("database_doubted", who, reason))

    async def trust(self, *, who: str, reason: str) -> int:
        """Believe it again; return how many losses had waited, all of which are judged anew, by the budgets."""
        return await self._store.trust(self._said("database_trusted", who, reason))

    async def _keep(self, database: str | None) -> None:
        """Mark first, name after: a crash between the two leaves a database without a name, as a new one is."""
        name = database or secrets.token_hex(16)
        end = await self._store.ledger_end()
        mark = Mark(database=name, entry=end, chain=await self._chain_at(end) or GENESIS, machine=self._machine)
        if mark != self._kept:
            await asyncio.to_thread(self._marks.keep, mark)
            self._kept = mark
        if database is None:
            await self._store.keep_bookmark(DATABASE, name)

    async def _chain_at(self, entry: int) -> str | None:
        """Return the ledger's chain value at this entry, or None where there is no such entry."""
        if entry <= 0:
            return GENESIS
        rows = await self._store.read_ledger(WHOLE, after=entry - 1, through=entry, limit=1)
        return rows[0].chain if rows else None

    def _said(self, what: str, who: str, reason: str) -> LedgerEntry:
        details = {"who": inert(who, MAX_WORDS), "reason": inert(reason, MAX_WORDS)}
        return LedgerEntry(kind=LedgerKind.OPERATOR, at=self._clock.now(), what=what, details=details)
