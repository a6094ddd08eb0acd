"""What a run's last look at the vendor has shown, as entries of the ledger."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from types import NoneType

from bridge.domain.access import AccessRecord, Certainty
from bridge.domain.changes import Change, Observed
from bridge.domain.doors_seen import CHANGE, DOOR, DRIFT, LEFT, RENTALS, DoorWord, ReadBack, door_word, doors_to_tell
from bridge.domain.drift import Left
from bridge.domain.errors import OutcomeUnknown
from bridge.domain.ids import RentalId, SubjectKey
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.service.progress import Progress


def read_back(
    subject: SubjectKey, before: Iterable[AccessRecord], progress: Progress, now: datetime
) -> Iterator[LedgerEntry]:
    """Yield whether each change was seen, those that a crash left open too, and how the doors were seen.

    `before` are the records of the start.
    """
    left = {change.step for change in progress.unfinished.changes}
    observed = progress.observed or Observed()
    entry = partial(LedgerEntry, kind=LedgerKind.READ_BACK, at=now, subject=subject)
    for step, change in progress.tried.items():
        yield entry(
            what=_seen(change, observed, is_left=step in left),
            rental=change.rentals[0] if change.rentals else None,
            target=change.target,
            details={CHANGE: str(change.kind)}
            | ({} if change.target is None else {DOOR: str(door_word(change.target, observed))}),
        )
    told = {rental for change in progress.tried.values() for rental in change.rentals}
    records = {record.rental: record for record in before}
    for record in records.values():
        if record.certainty is Certainty.SENT and record.rental not in told:
            seen = progress.access[record.rental].certainty
            yield entry(what=str(seen), rental=record.rental, details={"after": "a crash"})
    in_doubt = {step for step in left if isinstance(progress.failures.get(step), OutcomeUnknown | NoneType)}
    drifts = {drift.target: drift for drift in progress.drift.new(Left.REPORT, Left.FIGHT)}
    for target, drift in drifts.items():
        details = {DRIFT: str(drift.kind), LEFT: str(drift.left)} | _several(drift.rentals)
        details |= {} if target is None else {DOOR: str(door_word(target, observed))}
        rental = drift.rentals[0] if drift.rentals else None
        yield entry(what=str(ReadBack.DRIFTED), rental=rental, target=target, details=details)
    for target, rentals in doors_to_tell(records, progress.access, progress.tried.values(), in_doubt).items():
        if target in drifts:
            continue
        details = {DOOR: str(door_word(target, observed))} | _several(rentals)
        yield entry(what=str(ReadBack.SEEN), rental=rentals[0], target=target, details=details)
    new = {drift.target for drift in progress.drift.new(Left.FOREIGN)}
    for target in progress.unfinished.foreign:
        if progress.tried or target in new:  # a run that changes and finds nothing writes nothing
            yield entry(what=str(ReadBack.FOREIGN), target=target, details={DOOR: str(door_word(target, observed))})


def _seen(change: Change, observed: Observed, *, is_left: bool) -> str:
    if is_left:
        return str(ReadBack.NOT_SEEN)
    is_settled = change.target is None or door_word(change.target, observed) is not DoorWord.UNSETTLED
    return str(ReadBack.CONFIRMED if is_settled else ReadBack.ACCEPTED)


def _several(rentals: tuple[RentalId, ...]) -> dict[str, str]:
    return {RENTALS: ",".join(rentals)} if len(rentals) > 1 else {}
