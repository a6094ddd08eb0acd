"""A plan for people: what runs would do for each rental, and a digest by which the same plan is known again."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.domain.changes import Kind
from bridge.domain.ids import RentalId, SubjectKey, TargetId, UnitId

VALID_FOR: Final = timedelta(minutes=15)
"""An older plan is not approved any more, even where nothing has changed since."""
DIGEST_LENGTH: Final = 16
"""Characters: enough that no two plans that somebody compares have the same."""
MAX_NAMED: Final = 5

Line = tuple[SubjectKey, RentalId]


class Standing(StrEnum):
    """What a plan comes to for one rental."""

    GRANT = "grant"
    CHANGE = "change"
    REMOVAL = "removal"
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"
    """It could not be read: nothing can be said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change at the vendor. It `waits_for` rentals whose own doors must be seen open first."""

    kind: Kind
    target: TargetId | None
    waits_for: tuple[RentalId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRental:
    """One rental. `status` has the words of the status field; `does` says all that is done, in order.

    `fields` are the tails of the platform's fields that are written. `calls` are those that applying takes beside the
    reading: a change for several rentals is counted at one of them.
    """

    rental: RentalId
    unit: UnitId | None
    standing: Standing
    status: str
    steps: tuple[Step, ...] = ()
    fields: tuple[str, ...] = ()
    does: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    calls: int = 0

    def line(self) -> tuple[str, ...]:
        """Return what makes it the same in another plan: kinds and targets, no times, no codes, no reasons."""
        if self.standing is Standing.UNKNOWN:
            return (str(Standing.UNKNOWN),)
        steps = sorted(f"{step.kind} {step.target}" if step.target else str(step.kind) for step in self.steps)
        return (*steps, *(f"field {field}" for field in sorted(self.fields)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSubject:
    """A tenant at a site. `foreign` is what they have there that the bridge did not make: it is left alone.

    `is_owed` says that earlier work on the tenant has failed and is owed still, or has left what had drifted, `in_step`
    that a run would change nothing anywhere, not even what the bridge remembers.
    """

    subject: SubjectKey
    rentals: tuple[PlannedRental, ...]
    foreign: tuple[TargetId, ...] = ()
    is_owed: bool = False
    in_step: bool = False

    @property
    def needs_run(self) -> bool:
        return self.is_owed or any(rental.standing is not Standing.UNCHANGED for rental in self.rentals)

    @property
    def vendor_calls(self) -> int:
        """How many calls a run makes at the vendor, about: it looks first, and again after a change."""
        changes = sum(rental.calls - bool(rental.fields) for rental in self.rentals)
        return 1 + changes + bool(changes)

    @property
    def platform_calls(self) -> int:
        return 1 + sum(bool(rental.fields) for rental in self.rentals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What runs of these subjects would do, as of `made_at` (UTC); `seconds` is about how long they would take.

    `notes` tell what could not be asked, and what keeps the work from being done.
    """

    made_at: datetime
    subjects: tuple[PlannedSubject, ...]
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def expires_at(self) -> datetime:
        return self.made_at + VALID_FOR

    @property
    def to_run(self) -> tuple[PlannedSubject, ...]:
        return tuple(one for one in self.subjects if one.needs_run)

    @property
    def calls(self) -> int:
        return sum(one.vendor_calls + one.platform_calls for one in self.to_run)

    def totals(self) -> dict[Standing, int]:
        """Return how many rentals there are of each standing."""
        counted = Counter(rental.standing for _, rental in self.items())
        return {standing: counted[standing] for standing in Standing}

    def items(self) -> Iterator[tuple[PlannedSubject, PlannedRental]]:
        return ((one, rental) for one in self.subjects for rental in one.rentals)

    def lines(self) -> dict[Line, tuple[str, ...]]:
        """Return what would be done, by rental; where nothing would be, there is no line."""
        return {(one.subject, rental.rental): line for one, rental in self.items() if (line := rental.line())}

    def digest(self) -> str:
        """Return what is the same for plans that do the same, whenever they are made."""
        return digest_of(self.lines())


def digest_of(lines: Mapping[Line, Iterable[str]]) -> str:
    ordered = sorted([key.connection, key.site, key.tenant, rental, *line] for (key, rental), line in lines.items())
    return hashlib.sha256(json.dumps(ordered).encode()).hexdigest()[:DIGEST_LENGTH]


def differences(before: Mapping[Line, Iterable[str]], now: Mapping[Line, Iterable[str]]) -> str:
    """Say in one line what another plan does otherwise."""
    changed = [line for line in sorted({*before, *now}) if before.get(line) != now.get(line)]
    told = [
        f"rental {line[1]}: {_said(before.get(line))} then, {_said(now.get(line))} now" for line in changed[:MAX_NAMED]
    ]
    more = len(changed) - len(told)
    return "; ".join([*told, *([f"and {more} more"] if more else [])])


def _said(line: Iterable[str] | None) -> str:
    return "nothing" if line is None else ", ".join(line)
