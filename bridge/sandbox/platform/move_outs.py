"""Move-outs: scheduled, started on their day, and confirmed by a person or not at all."""

from datetime import date
from typing import Final

from bridge.sandbox.platform.books import Books
from bridge.sandbox.platform.errors import NotPossible
from bridge.sandbox.platform.event import EventType
from bridge.sandbox.platform.records import Job, JobData, JobResult, JobState, JobType, Rental, RentalState, UnitState

NEXT_STATES: Final = frozenset({UnitState.AVAILABLE, UnitState.BLOCKED})


class MoveOuts:
    def __init__(self, books: Books) -> None:
        self._books = books

    def schedule(self, rental_id: str, day: date | None) -> Job:
        """Schedule the move-out for `day`, today if none is given; a day of today or earlier starts at once.

        Its job belongs to the API key's user, as for one made through the API (reference, section 4.5).
        """
        books = self._books
        rental = books.leavable(rental_id)
        day = day or books.clock.today()
        job = books.open_job(
            JobType.MOVE_OUT,
            owner=books.api_user_id,
            data=JobData(unit_id=rental.unit_id, unit_rental_id=rental.id, date=day),
            step="confirmMovedOut",
            result=JobResult(owner_id=rental.owner_id),
        )
        books.rentals.change(rental_id, move_out_job_id=job.id)
        books.publish(EventType.MOVE_OUT_CREATED, job=job.id, rentals=(rental_id,))
        if day <= books.clock.today():
            self._start(job, rental_id)
        return books.jobs.get(job.id)

    def confirm(self, rental_id: str, next_state: UnitState) -> Rental:
        """End the rental and leave the unit in `next_state`; one that is not scheduled is scheduled for today first."""
        if next_state not in NEXT_STATES:
            raise NotPossible("the next unit state is available or blocked")
        books = self._books
        rental = books.rental_in(rental_id, RentalState.OCCUPIED)
        job = self._alive_job(rental) or self.schedule(rental_id, None)
        rental = books.rentals.change(rental_id, state=RentalState.ENDED, end_date=books.clock.today())
        books.turn_unit(rental.unit_id, next_state)
        books.settle_owner(rental.owner_id)
        result = JobResult(
            unit_id=rental.unit_id, unit_rental_id=rental.id, owner_id=rental.owner_id, site_id=rental.site_id
        )
        books.end_job(job.id, JobState.COMPLETED, result=result)
        books.publish(EventType.MOVE_OUT_COMPLETED, job=job.id, rentals=(rental.id,))
        return rental

    def cancel(self, rental_id: str) -> Rental:
        """Cancel the move-out. One that is not started is started first, as the platform makes staff do."""
        books = self._books
        rental = books.rental_in(rental_id, RentalState.OCCUPIED)
        job = self._alive_job(rental)
        if job is None:
            raise NotPossible("the rental has no move-out to cancel")
        if job.state is JobState.READY:
            self._start(job, rental_id)
        books.end_job(job.id, JobState.CANCELLED)
        books.publish(EventType.MOVE_OUT_CANCELLED, job=job.id, rentals=(rental_id,))
        return rental

    def confirm_step(self, job: Job, next_state: UnitState) -> Rental:
        """Confirm by the job, as `PUT jobs/{id}/steps/{stepId}` does."""
        if not job.state.is_alive or job.data.unit_rental_id is None:
            raise NotPossible(f"the job is {job.state}")
        return self.confirm(job.data.unit_rental_id, next_state)

    def start_due(self, day: date) -> None:
        """Start what is scheduled for `day` or earlier. Nothing is ever completed by itself (reference, section 3)."""
        for job in self._books.jobs:
            is_due = job.type is JobType.MOVE_OUT and job.state is JobState.READY
            if is_due and job.data.date is not None and job.data.date <= day and job.data.unit_rental_id is not None:
                self._start(job, job.data.unit_rental_id)

    def _start(self, job: Job, rental_id: str) -> None:
        self._books.jobs.change(job.id, state=JobState.RUNNING)
        self._books.publish(EventType.MOVE_OUT_STARTED, job=job.id, rentals=(rental_id,))

    def _alive_job(self, rental: Rental) -> Job | None:
        if rental.move_out_job_id is None:
            return None
        job = self._books.jobs.get(rental.move_out_job_id)
        return job if job.state.is_alive else None
