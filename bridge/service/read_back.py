"""What a run's last look at the vendor has shown, as entries of the ledger."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from bridge.domain.access import AccessRecord, Certainty
from bridge.domain.ids import SubjectKey
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.service.progress import Progress


def read_back(
    subject: SubjectKey, before: Iterable[AccessRecord], progress: Progress, now: datetime
) -> Iterator[LedgerEntry]:
    """Yield whether each change was seen, those that a crash left open too; `before` are the records of the start."""
    left = {change.step for change in progress.unfinished.changes}
    entry = partial(LedgerEntry, kind=LedgerKind.READ_BACK, at=now, subject=subject)
    for step, change in progress.tried.items():
        yield entry(
            what="not_seen" if step in left else "confirmed",
            rental=change.rentals[0] if change.rentals else None,
            target=change.target,
            details={"change": str(change.kind)},
        )
    told = {rental for change in progress.tried.values() for rental in change.rentals}
    for record in before:
        if record.certainty is Certainty.SENT and record.rental not in told:
            seen = progress.access[record.rental].certainty
            yield entry(what=str(seen), rental=record.rental, details={"after": "a crash"})
