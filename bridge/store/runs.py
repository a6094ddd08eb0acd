"""What a subject's run writes, each in one unit of work and only while its claim is in force.

Subjects are locked first and the ledger last, everywhere: two units then never wait for each other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bridge.domain.access import AccessRecord
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.ledger import LedgerEntry
from bridge.ports.store import Priority, SubjectCommit
from bridge.store import codes, ledger, records, subjects


def take_code(
    connection: sa.Connection,
    *,
    claimed: ClaimedSubject,
    code: codes.SealedCode,
    entry: LedgerEntry,
    changed: Sequence[AccessRecord],
    now: datetime,
) -> None:
    held = subjects.hold(connection, claimed)
    codes.take(connection, held.id, claimed.key, code, now)
    records.replace_access(connection, held.id, changed)
    ledger.append(connection, [entry])


def note(
    connection: sa.Connection,
    claimed: ClaimedSubject,
    entries: Sequence[LedgerEntry],
    changed: Sequence[AccessRecord],
) -> None:
    held = subjects.hold(connection, claimed)
    records.replace_access(connection, held.id, changed)
    ledger.append(connection, entries)


def keep_ref(connection: sa.Connection, claimed: ClaimedSubject, ref: Mapping[str, Any] | None) -> None:
    held = subjects.hold(connection, claimed)
    records.keep_ref(connection, held.id, ref)


def commit(
    connection: sa.Connection, *, claimed: ClaimedSubject, end: SubjectCommit, taken: bytes | None, now: datetime
) -> None:
    """End the run; `taken` is the fingerprint of the code that the vendor took in it."""
    held = subjects.hold(connection, claimed)
    records.replace_access(connection, held.id, end.access)
    records.drop_tasks(connection, held.id, end.mended)
    records.keep_tasks(connection, held.id, end.tasks, now)
    if taken is not None:
        codes.note_taken(connection, held.id, taken)
    if end.profile is not None:
        records.keep_profile(connection, held.id, end.profile)
    if end.retire_code:
        codes.retire(connection, held.id, now)
    subjects.finish(connection, held, end.outcome, now, closes=end.closes)
    if end.wake:
        subjects.mark(connection, sorted(end.wake), priority=Priority.LIVE, now=now, since=now)
    ledger.append(connection, end.entries)
