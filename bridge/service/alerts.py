"""An alert: a ledger entry, a log line and a count; `gatebridge alerts` lists them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from bridge.domain.ids import RentalId, SubjectKey
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.telemetry import Metrics, get_logger

QUIET_FOR: Final = timedelta(hours=1)


class Alerts:
    """Makes alerts. The entry that is returned must be written to the ledger by the caller, with its own work."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._log = get_logger()
        self._last: dict[tuple[str, str], datetime] = {}

    def raised(
        self,
        what: str,
        *,
        at: datetime,
        subject: SubjectKey | None = None,
        rental: RentalId | None = None,
        details: Mapping[str, str] | None = None,
    ) -> LedgerEntry:
        """Say it in log and metrics, and return its ledger entry. `what` is a fixed word, such as `removal_dead`."""
        details = dict(details or {})
        entry = LedgerEntry(kind=LedgerKind.ALERT, at=at, what=what, subject=subject, rental=rental, details=details)
        self.say(entry)
        return entry

    def say(self, entry: LedgerEntry) -> None:
        """Say an alert in log and metrics that is in the ledger, or is going to be."""
        self._metrics.alerts.labels(entry.what).inc()
        subject = entry.subject
        ids = {} if subject is None else {"site": str(subject.site), "tenant": str(subject.tenant)}
        self._log.error("alert.raised", what=entry.what, rental=entry.rental, **{**ids, **entry.details})

    def raised_once(
        self,
        what: str,
        scope: str,
        *,
        at: datetime,
        subject: SubjectKey | None = None,
        details: Mapping[str, str] | None = None,
    ) -> tuple[LedgerEntry, ...]:
        """The same for a cause that many runs meet: one alert an hour for `what` at `scope`, and none between."""
        last = self._last.get((what, scope))
        if last is not None and abs(at - last) < QUIET_FOR:
            return ()
        self._last[what, scope] = at
        return (self.raised(what, at=at, subject=subject, details=details),)

    def take_back(self, entries: Sequence[LedgerEntry]) -> None:
        """Say that these were not kept: the same cause may be told again at once."""
        told = {(entry.what, entry.at) for entry in entries}
        self._last = {key: at for key, at in self._last.items() if (key[0], at) not in told}
