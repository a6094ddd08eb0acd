"""Transfers: one rental ends, another begins, for the same tenant."""

from dataclasses import replace
from datetime import date

from bridge.sandbox.platform.books import Books
from bridge.sandbox.platform.errors import NotPossible
from bridge.sandbox.platform.event import EventType
from bridge.sandbox.platform.records import Job, JobData, JobResult, JobState, JobType, Rental, RentalState, UnitState


class Transfers:
    """Moves tenants between units; the platform's own interface keeps to one site, this one does not."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def begin(self, rental_id: str, new_unit_id: str, day: date | None) -> Rental:
        """Transfer to `new_unit_id` on `day`, today if none is given, and return the new rental.

        Until the day comes the old rental is occupied and the new one reserved (reference, section 7.4). Overdue
        goes along with the debt; custom fields do not.
        """
        books = self._books
        old, unit = books.leavable(rental_id), books.free_unit(new_unit_id)
        day = day or books.clock.today()
        now = books.clock.now()
        new = books.rentals.add(
            Rental(
                id=books.ids.make(),
                created=now,
                updated=now,
                site_id=unit.site_id,
                unit_id=unit.id,
                owner_id=old.owner_id,
                state=RentalState.RESERVED,
                price=unit.price,
                start_date=day,
                auto_complete=False,
            )
        )
        books.turn_unit(unit.id, UnitState.RESERVED, rental=new)
        job = books.open_job(
            JobType.TRANSFER,
            owner=old.owner_id,
            data=JobData(old_rental_id=old.id, new_unit_id=unit.id, transfer_date=day),
            step="start",
        )
        step = replace(job.steps[0], result=JobResult(unit_rental_id=new.id))
        books.jobs.change(job.id, state=JobState.RUNNING, steps=(step,))
        if day <= books.clock.today():
            self._complete(books.jobs.get(job.id))
        return books.rentals.get(new.id)

    def complete_due(self, day: date) -> None:
        """Complete what is dated `day` or earlier."""
        for job in self._books.jobs:
            is_due = job.type is JobType.TRANSFER and job.state.is_alive
            if is_due and job.data.transfer_date is not None and job.data.transfer_date <= day:
                self._complete(job)

    def _complete(self, job: Job) -> None:
        old_id, started = job.data.old_rental_id, job.steps[0].result
        if old_id is None or started is None or started.unit_rental_id is None:
            raise NotPossible("the transfer names no rentals")
        books = self._books
        owed = books.rentals.get(old_id)
        old = books.rentals.change(
            old_id, state=RentalState.ENDED, end_date=books.clock.today(), overdue=None, invoice_due=None
        )
        new = books.rentals.change(
            started.unit_rental_id, state=RentalState.OCCUPIED, overdue=owed.overdue, invoice_due=owed.invoice_due
        )
        books.turn_unit(old.unit_id, UnitState.AVAILABLE)
        books.turn_unit(new.unit_id, UnitState.OCCUPIED, rental=new)
        books.settle_owner(new.owner_id)
        result = JobResult(owner_id=new.owner_id, unit_rental_id=new.id)
        books.end_job(job.id, JobState.COMPLETED, result=result)
        books.publish(EventType.TRANSFER_COMPLETED, job=job.id, rentals=(old.id, new.id))
        books.publish(EventType.RENTAL_UPDATED, rentals=(old.id,), changed_keys=("state", "endDate"))
        books.publish(EventType.RENTAL_UPDATED, rentals=(new.id,), changed_keys=("state", "startDate"))
