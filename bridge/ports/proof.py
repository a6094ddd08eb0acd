"""What is asked of the ledger and the access records as proof: the chain, extracts of it, and who has which door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bridge.domain.access import AccessRecord
from bridge.domain.ids import SiteId, SubjectKey, TargetId, TenantId, UnitId
from bridge.domain.ledger import LedgerEntry, NumberedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One line as it is stored: its chain value, and that of the line before it, whatever was asked for.

    `entry` is None for a line that cannot be read: somebody has changed it.
    """

    number: int
    entry: LedgerEntry | None
    previous: str
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Which entries are asked for; what is None asks for all. From `since` until before `until`, both in UTC."""

    since: datetime | None = None
    until: datetime | None = None
    site: SiteId | None = None
    tenant: TenantId | None = None


WHOLE = Extract()


class LedgerBook(Protocol):
    async def ledger_end(self) -> int:
        """Return the number of the last entry, 0 without one. What is appended later has a higher one."""

    async def read_ledger(self, which: Extract, *, after: int, through: int, limit: int) -> Sequence[LedgerRow]:
        """Return entries with numbers above `after` up to `through`, the oldest first: those never change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Whose records are asked for; what is None asks for all. `door` is one that the ledger knows of them."""

    site: SiteId | None = None
    tenant: TenantId | None = None
    unit: UnitId | None = None
    door: TargetId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A subject with the records of its rentals, by rental."""

    number: int
    subject: SubjectKey
    access: tuple[AccessRecord, ...]


class AccessHistory(Protocol):
    async def list_holders(self, held: Held, *, after: int, limit: int) -> Sequence[Holder]:
        """Return subjects by number, those above `after`, each with all of its rentals."""

    async def subjects_at_door(self, door: TargetId, *, site: SiteId | None = None) -> Sequence[SubjectKey]:
        """Return every subject of whom the ledger tells something at this door, by key."""

    async def door_entries(
        self, subjects: Sequence[SubjectKey], *, door: TargetId | None = None
    ) -> Mapping[SubjectKey, Sequence[NumberedEntry]]:
        """Return what the ledger tells of their doors, the oldest first; with `door`, of that and of no other.

        Entries about the whole person are among them. What it costs depends on these subjects' entries only.
        """
