"""How far the work on one tenant is, for whoever waits for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bridge.domain.ids import SubjectKey
from bridge.ports.store import SubjectRow


class Progress(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    RETRYING = "retrying"
    """It has failed, and is tried again by itself."""
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How far the work on a tenant is. `due_at` (UTC) is when it is tried again, and `why` what the last run said."""

    subject: SubjectKey
    progress: Progress
    due_at: datetime | None = None
    why: str | None = None


def followed(key: SubjectKey, row: SubjectRow | None, now: datetime) -> Followed:
    """Read a row of the queue: what is ready for later and has nothing to say only waits for a date."""
    if row is None or row.state == "idle":
        return Followed(subject=key, progress=Progress.DONE)
    if row.state in {"running", "dead"}:
        why = row.note if row.state == "dead" else None
        return Followed(subject=key, progress=Progress(row.state), why=why)
    if row.due_at is None or row.due_at <= now:
        return Followed(subject=key, progress=Progress.WAITING, why=row.note)
    if row.note or row.attempts:
        return Followed(subject=key, progress=Progress.RETRYING, due_at=row.due_at, why=row.note)
    return Followed(subject=key, progress=Progress.DONE)
