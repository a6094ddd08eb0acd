"""How the work stands, as an operator sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bridge.domain.ids import ConnectionName, SiteId, TenantId
from bridge.domain.work_id import WorkId


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedWork:
    """One row: `at` is when it is tried next or, of one that runs, when its lease ends. `why` is the last failure.

    `since` is the oldest event that it still owes; a subject without one only waits for a date.
    """

    id: WorkId
    connection: ConnectionName
    at: datetime
    attempts: int
    why: str | None = None
    since: datetime | None = None
    site: SiteId | None = None
    tenant: TenantId | None = None
    event_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """The queue at the moment `at`. `oldest` is the oldest event that is still owed, whatever it waits for.

    `subjects` counts those that are due, wait to be tried again, are scheduled for a date, run, or are dead.
    """

    at: datetime
    deliveries: Mapping[str, int]
    subjects: Mapping[str, int]
    oldest: datetime | None
    next_tries: Sequence[QueuedWork]
    running: Sequence[QueuedWork]


class QueueWatch(Protocol):
    async def view_queue(self, *, site: SiteId | None, limit: int) -> QueueView:
        """Return counts, and of the next tries and of what runs up to `limit` each, the soonest first.

        With `site`, only its subjects: no delivery is of a site before it is looked up.
        """
