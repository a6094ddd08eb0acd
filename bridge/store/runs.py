"""What the runs of subjects write, only while their claims are in force.

Subjects are locked first, in the order of their keys, and the ledger last: two units then never wait for each other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bridge.domain.access import AccessRecord
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.errors import LeaseLost
from bridge.domain.ledger import LedgerEntry
from bridge.ports.store import Priority, SubjectCommit
from bridge.store import codes, guard, ledger, records, sights, subjects

Step = Callable[[sa.Connection, int, datetime], None]
"""Writes for the subject whose row has that number and is ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWrite:
    """What a run writes; with `end`, its last."""

    claimed: ClaimedSubject
    step: Step
    end: SubjectCommit | None = None


def write(connection: sa.Connection, writes: Sequence[RunWrite], *, now: datetime) -> list[LeaseLost | None]:
    """Write this of several runs, and return for each whether it had lost its claim: nothing of it is kept then."""
    numbers = subjects.hold(connection, [one.claimed for one in writes])
    kept = [one for one in writes if one.claimed in numbers]
    ends = {numbers[one.claimed]: one.end for one in kept if one.end is not None}
    with ledger.gathered(connection):
        for one in kept:
            one.step(connection, numbers[one.claimed], now)
        if ends:
            subjects.finish(connection, {number: (end.outcome, end.closes) for number, end in ends.items()}, now)
        if wake := sorted({key for end in ends.values() for key in end.wake}):
            subjects.mark(connection, wake, priority=Priority.LIVE, now=now, since=now)
    return [None if one.claimed in numbers else LeaseLost("the subject is no longer ours") for one in writes]


def take_code(
    connection: sa.Connection,
    ours: int,
    now: datetime,
    *,
    claimed: ClaimedSubject,
    code: codes.SealedCode,
    entry: LedgerEntry,
    changed: Sequence[AccessRecord],
) -> None:
    codes.take(connection, ours, claimed.key, code, now)
    records.replace_access(connection, ours, changed)
    ledger.append(connection, [entry])


def note(
    connection: sa.Connection,
    ours: int,
    now: datetime,
    *,
    entries: Sequence[LedgerEntry],
    changed: Sequence[AccessRecord],
) -> None:
    del now  # the entries have their own
    records.replace_access(connection, ours, changed)
    ledger.append(connection, entries)


def keep_ref(connection: sa.Connection, ours: int, now: datetime, *, ref: Mapping[str, Any] | None) -> None:
    del now
    records.keep_ref(connection, ours, ref)


def keep_end(connection: sa.Connection, ours: int, now: datetime, *, end: SubjectCommit, taken: bytes | None) -> None:
    """Keep what a run leaves beside its outcome; `taken` is the fingerprint of the code that the vendor took in it."""
    records.replace_access(connection, ours, end.access)
    records.drop_tasks(connection, ours, end.mended)
    records.keep_tasks(connection, ours, end.tasks, now)
    if taken is not None:
        codes.note_taken(connection, ours, taken)
    if end.sight is not None:
        sights.keep(connection, ours, end.sight, is_first=end.is_first_sight)
    if end.profile is not None:
        records.keep_profile(connection, ours, end.profile)
    if end.shadow is not None:
        records.keep_shadow(connection, ours, end.shadow)
    if end.retire_code:
        codes.retire(connection, ours, now)
    guard.let_go(connection, ours, end.let_go)
    ledger.append(connection, end.entries)
