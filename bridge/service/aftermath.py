"""What follows a run: when it is tried again, and what the operator is told of it."""

from datetime import datetime, timedelta
from typing import Final

from bridge.domain.access import Reason
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.drift import Left
from bridge.domain.errors import Unauthorized
from bridge.domain.ledger import LedgerEntry
from bridge.domain.outcome import Dead, Done, Outcome, RetryAt, hastened
from bridge.domain.transfers import Links, wait_ends
from bridge.ports.clock import Clock
from bridge.service.alerts import Alerts
from bridge.service.progress import Case, Progress
from bridge.service.settling import outcome_of

LATE_ATTEMPTS: Final = 12
"""What has failed so often, in about a quarter of an hour, is told to the operator, though it is still tried."""

DRIFT_NEXT: Final = "gatebridge drift"
HELD_LOOK: Final = timedelta(minutes=30)
"""Whether what is held is still wanted is looked at again after this time, beside every event and sweep."""


class Aftermath:
    def __init__(self, alerts: Alerts, clock: Clock) -> None:
        self._alerts = alerts
        self._clock = clock

    def of_failure(
        self,
        error: Exception,
        claim: ClaimedSubject,
        progress: Progress,
        *,
        wake: datetime | None = None,
        is_told: bool = False,
    ) -> tuple[Outcome, tuple[LedgerEntry, ...]]:
        """Return what follows a failure, and the alerts: no later try mends it, or it has lasted for long.

        `wake` is when the rules change by themselves: what failed for good is tried again then. `is_told`: the cause
        has an alert of its own. A removal that is late is told for each tenant, since a door is open; all else once a
        site.
        """
        now = self._clock.now()
        outcome: RetryAt | Dead = outcome_of(error, failed_before=claim.attempts, now=now)
        if progress.revocation is not None and progress.removes and isinstance(outcome, RetryAt):
            outcome = hastened(outcome, error, is_late=claim.attempts >= LATE_ATTEMPTS, now=now)
        removal = progress.removes or any(change.is_removal for change in progress.unfinished.changes)
        if isinstance(outcome, Dead):
            alerts = self._tell("removal_dead" if removal else "subject_dead", claim, why=outcome.why)
            return (outcome if wake is None else RetryAt(when=wake, why=outcome.why)), alerts
        if isinstance(error, Unauthorized):
            return outcome, self._tell("key_refused", claim, scope=_site(claim), why=str(error))
        if claim.attempts + 1 == LATE_ATTEMPTS and not is_told:
            what, scope = ("removal_late", None) if removal else ("subject_late", _site(claim))
            return outcome, self._tell(what, claim, scope=scope, why=outcome.why)
        return outcome, ()

    def of_success(self, case: Case, progress: Progress, links: Links) -> Outcome:
        """Return how a run without an error ends: done until the rules change, or waiting for a door elsewhere."""
        waiting = {rental for change in progress.waiting(case) for rental in change.rentals}
        until = wait_ends(links, waiting)
        if until is None:
            return Done(next_due=self._next_look(case, progress))
        when = min(until, case.desired.next_change or until)
        return RetryAt(when=when, why="a door stays open until the new one at another site is", is_parked=True)

    def _next_look(self, case: Case, progress: Progress) -> datetime | None:
        """Return when the rules change by themselves; what is held may be over sooner, by itself or by a person."""
        looks = [case.desired.next_change, self._clock.now() + HELD_LOOK if progress.held else None]
        return min((look for look in looks if look is not None), default=None)

    def noteworthy(self, case: Case, progress: Progress) -> tuple[LedgerEntry, ...]:
        """Return alerts of what no retry mends.

        Those are unreadable rentals, loops, doors that somebody else opened, and whoever comes back though a person has
        revoked their access.
        """
        claim, snapshot, desired = case.claim, case.snapshot, case.desired
        alerts: tuple[LedgerEntry, ...] = ()
        if snapshot.unreadable:
            alerts += self._tell("rental_unreadable", claim, why="; ".join(snapshot.unreadable.values()))
        if flipping := desired.frozen - snapshot.unreadable.keys():
            alerts += self._tell("rental_flips", claim, rentals=", ".join(sorted(flipping)))
        returned = {one.rental for one in desired.rentals if Reason.EMERGENCY in one.reasons} - progress.known
        if returned and progress.revocation is not None:
            why = str(progress.revocation)
            alerts += self._tell("move_in_while_revoked", claim, rentals=", ".join(sorted(returned)), why=why)
        if progress.unfinished.foreign and not desired.needs_code:
            alerts += self._tell("foreign_entry", claim, targets=", ".join(progress.unfinished.foreign))
        return alerts + self._of_drift(claim, progress)

    def _of_drift(self, claim: ClaimedSubject, progress: Progress) -> tuple[LedgerEntry, ...]:
        """Return alerts of what has drifted since the run before: once a site, and each fight by itself."""
        alerts: tuple[LedgerEntry, ...] = ()
        if reported := progress.drift.new(Left.REPORT):
            words = ", ".join(drift.words() for drift in reported)
            alerts += self._tell("drift_found", claim, scope=_site(claim), drift=words, next=DRIFT_NEXT)
        if fought := progress.drift.new(Left.FIGHT):
            words = ", ".join(drift.words() for drift in fought)
            alerts += self._tell("drift_fight", claim, scope=f"{_whole(claim)} {words}", drift=words, next=DRIFT_NEXT)
        return alerts

    def _tell(
        self, what: str, claim: ClaimedSubject, *, scope: str | None = None, **details: str
    ) -> tuple[LedgerEntry, ...]:
        now = self._clock.now()
        return self._alerts.raised_once(what, scope or _whole(claim), at=now, subject=claim.key, details=details)


def _whole(claim: ClaimedSubject) -> str:
    return f"{_site(claim)}/{claim.key.tenant}"


def _site(claim: ClaimedSubject) -> str:
    return f"{claim.key.connection}/{claim.key.site}"
