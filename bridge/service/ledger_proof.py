"""The ledger as proof: checked line by line, and copied out with its chain."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Final

from bridge.domain.ledger import GENESIS, link
from bridge.ports.bookmarks import Bookmarks
from bridge.ports.clock import Clock
from bridge.ports.proof import WHOLE, Extract, LedgerBook, LedgerRow
from bridge.ports.store import AlertSink
from bridge.service.alerts import Alerts

BROKEN: Final = "ledger_broken"
PAGE: Final = 500
MAX_CHECKED: Final = 10_000
"""In one call: who checks the whole ledger asks again, and hears meanwhile how far it has come."""
MAX_COPIED: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenLink:
    """The first entry that does not hold: it, or one before it, was changed, added or taken away."""

    number: int
    at: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`checked` entries hold, up to number `last`, made at `last_at` with chain value `chain`; None without any.

    The check goes on after `last`, through `through`, unless it `is_done` or something is `broken`.
    """

    checked: int
    last: int
    through: int
    is_done: bool
    first_at: datetime | None = None
    last_at: datetime | None = None
    chain: str | None = None
    broken: BrokenLink | None = None


class LedgerProof:
    def __init__(
        self, *, book: LedgerBook, bookmarks: Bookmarks, alert_sink: AlertSink, alerts: Alerts, clock: Clock
    ) -> None:
        self._book = book
        self._bookmarks = bookmarks
        self._alert_sink = alert_sink
        self._alerts = alerts
        self._clock = clock

    async def check(self, *, after: int = 0, through: int | None = None) -> Checked:
        """Check entries after number `after`, which was checked before, through `through`: the end as it is now.

        What is appended meanwhile does not matter. A broken chain raises an alert, once for its first broken entry.
        """
        through = await self._book.ledger_end() if through is None else through
        checked, last, first_at, last_at, chain = 0, after, None, None, None
        while checked < MAX_CHECKED:
            rows = await self._book.read_ledger(WHOLE, after=last, through=through, limit=PAGE)
            good, broken = await asyncio.to_thread(_check, rows, chain if last else GENESIS)
            if good:
                first_at, last_at = first_at or _at(good[0]), _at(good[-1])
                checked, last, chain = checked + len(good), good[-1].number, good[-1].chain
            if broken is not None or not rows:
                await self._tell(broken)
                return Checked(
                    checked=checked,
                    last=last,
                    through=through,
                    is_done=broken is None,
                    first_at=first_at,
                    last_at=last_at,
                    chain=chain,
                    broken=broken,
                )
        return Checked(
            checked=checked,
            last=last,
            through=through,
            is_done=False,
            first_at=first_at,
            last_at=last_at,
            chain=chain,
        )

    async def copy(
        self, which: Extract, *, after: int = 0, through: int | None = None, limit: int = MAX_COPIED
    ) -> tuple[Sequence[LedgerRow], int]:
        """Return a page of entries, and through which number the copy goes: an empty page is its end."""
        through = await self._book.ledger_end() if through is None else through
        limit = min(max(limit, 1), MAX_COPIED)
        return await self._book.read_ledger(which, after=after, through=through, limit=limit), through

    async def _tell(self, broken: BrokenLink | None) -> None:
        told = await self._bookmarks.bookmark(BROKEN) or ""
        here = "" if broken is None else str(broken.number)
        if here == told:
            return
        if broken is not None:
            details = {"entry": here, "why": broken.why}
            await self._alert_sink.record([self._alerts.raised(BROKEN, at=self._clock.now(), details=details)])
        await self._bookmarks.keep_bookmark(BROKEN, here)


def _check(rows: Sequence[LedgerRow], previous: str | None) -> tuple[Sequence[LedgerRow], BrokenLink | None]:
    """Return the rows that hold, up to the first that does not; without `previous`, the row before is taken as good."""
    for place, row in enumerate(rows):
        before = row.previous if previous is None else previous
        if row.entry is None:
            return rows[:place], BrokenLink(number=row.number, at=None, why="it cannot be read")
        if not compare_digest(link(before, row.entry).encode(), row.chain.encode()):
            why = "its chain value does not follow from it and the entry before it"
            return rows[:place], BrokenLink(number=row.number, at=row.entry.at, why=why)
        previous = row.chain
    return rows, None


def _at(row: LedgerRow) -> datetime | None:
    return None if row.entry is None else row.entry.at
