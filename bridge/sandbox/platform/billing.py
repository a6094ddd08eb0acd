"""Who owes, and when that shows."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from bridge.sandbox.platform.books import Books
from bridge.sandbox.platform.event import EventType
from bridge.sandbox.platform.records import JobData, JobResult, JobState, JobType, Rental


class BatchForm(StrEnum):
    """How many at once become known."""

    EVENT_EACH = "event_each"
    ONE_EVENT = "one_event"
    """The legacy form: one event, whose ids stand in it or in its job's result."""


class Billing:
    def __init__(self, books: Books) -> None:
        self._books = books

    def mark_overdue(self, rental_id: str) -> Rental:
        """Flag the rental, whatever its state: the platform does so even after a move-out.

        One that is flagged already is left as it is, and nobody is told again.
        """
        books = self._books
        if books.rentals.get(rental_id).overdue is not None:
            return books.rentals.get(rental_id)
        rental = self._flag(rental_id)
        books.publish(EventType.MARK_OVERDUE, rentals=(rental_id,))
        return rental

    def mark_overdue_batch(self, rental_ids: Sequence[str], form: BatchForm) -> None:
        """Flag all of them at one moment."""
        books = self._books
        if form is BatchForm.EVENT_EACH:
            for rental_id in rental_ids:
                self.mark_overdue(rental_id)
            return
        for rental_id in rental_ids:
            self._flag(rental_id)
        job = books.open_job(JobType.RENTAL_EVENT, owner=None, data=JobData(), step="mark")
        books.end_job(job.id, JobState.COMPLETED, result=JobResult(unit_rental_ids=tuple(rental_ids)))
        books.publish(EventType.MARK_OVERDUE, job=job.id, rentals=tuple(rental_ids))

    def pay(self, rental_id: str) -> Rental:
        """Settle what is owed for the rental; the flag goes at once."""
        books = self._books
        was_overdue = books.rentals.get(rental_id).overdue is not None
        rental = books.rentals.change(rental_id, overdue=None, invoice_due=None)
        books.settle_owner(rental.owner_id)
        if was_overdue:
            books.publish(EventType.UNMARK_OVERDUE, rentals=(rental_id,))
        return rental

    def owe(self, rental_id: str, due: date | None) -> Rental:
        """Note an unpaid invoice that is overdue from `due` on; None takes it away."""
        return self._books.rentals.change(rental_id, invoice_due=due)

    def run(self, day: date) -> None:
        """Flag every rental whose invoice is due on `day` or earlier: the daily run."""
        for rental in self._books.rentals:
            if rental.invoice_due is not None and rental.invoice_due <= day:
                self.mark_overdue(rental.id)

    def _flag(self, rental_id: str) -> Rental:
        rental = self._books.rentals.change(rental_id, overdue=self._books.clock.now())
        self._books.settle_owner(rental.owner_id)
        return rental
