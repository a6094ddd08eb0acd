"""Work that was given up: a person replays it, or takes it off the list with a reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bridge.domain.access import AccessRecord, AccessStatus, Certainty
from bridge.domain.errors import inert
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.work_id import WorkId, WorkKind

MAX_REASON: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDoor:
    """A door that a tenant may still open; `wanted` is what was wanted for the rental last, if anything was."""

    rental: RentalId
    target: TargetId
    wanted: AccessStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A subject or a delivery that was given up after `attempts` failed runs. A delivery may be of no known site.

    `received_at` and `event_type` are a delivery's; `open_doors` are a subject's.
    """

    id: WorkId
    connection: ConnectionName
    attempts: int
    why: str
    site: SiteId | None = None
    tenant: TenantId | None = None
    event_type: str | None = None
    received_at: datetime | None = None
    open_doors: tuple[OpenDoor, ...] = ()

    @property
    def subject(self) -> SubjectKey | None:
        if self.site is None or self.tenant is None:
            return None
        return SubjectKey(connection=self.connection, site=self.site, tenant=self.tenant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which dead letters are asked for; what is None asks for all. `why` is a part of the reason, in any case.

    A delivery is of a site only if it marked somebody there before it was given up.
    """

    site: SiteId | None = None
    kind: WorkKind | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who decided it, when (UTC) and why."""

    who: str
    at: datetime
    reason: str = ""


def open_doors(records: Iterable[AccessRecord]) -> tuple[OpenDoor, ...]:
    """Return the doors that the bridge holds and has not seen closed.

    Work that failed proves nothing of them, whatever was wanted: only a confirmed suspension counts as closed.
    """
    return tuple(
        OpenDoor(rental=record.rental, target=target, wanted=record.status)
        for record in sorted(records, key=lambda record: record.rental)
        if (record.status, record.certainty) != (AccessStatus.SUSPENDED, Certainty.CONFIRMED)
        for target in sorted(record.targets | record.unsure)
    )


def say_open_doors(letter: DeadLetter) -> str:
    """Return what an operator must know before a letter with open doors is discarded."""
    doors = ", ".join(f"{door.target} (last wanted: {door.wanted or 'not known'})" for door in letter.open_doors)
    return inert(f"{letter.id} is about a tenant who may still open {doors}")


def replayed(letter: DeadLetter, by: Signature) -> LedgerEntry:
    return _entry("dead_letter_replayed", letter, by)


def discarded(letter: DeadLetter, by: Signature) -> LedgerEntry:
    return _entry("dead_letter_discarded", letter, by)


def discard_note(by: Signature) -> str:
    """Return what stands at a delivery that was discarded."""
    return inert(f"discarded by {by.who}: {by.reason}")


def _entry(what: str, letter: DeadLetter, by: Signature) -> LedgerEntry:
    doors = ", ".join(door.target for door in letter.open_doors)
    details = {
        "id": str(letter.id),
        "who": inert(by.who, MAX_REASON),
        "reason": inert(by.reason, MAX_REASON),
        "failed_with": letter.why,
        "open_doors": doors,
    }
    return LedgerEntry(
        kind=LedgerKind.OPERATOR,
        at=by.at,
        what=what,
        subject=letter.subject,
        details={name: text for name, text in details.items() if text},
    )
