"""Move-ins: ordered, submitted, confirmed, completed, or cancelled before that."""

from dataclasses import replace
from datetime import date

from bridge.sandbox.platform.books import Books
from bridge.sandbox.platform.errors import NotPossible
from bridge.sandbox.platform.event import EventType
from bridge.sandbox.platform.records import Job, JobData, JobResult, JobState, JobType, Rental, RentalState, UnitState


class MoveIns:
    def __init__(self, books: Books) -> None:
        self._books = books

    def begin(self, tenant_id: str, unit_id: str, start: date | None, *, auto_complete: bool) -> Rental:
        """Order, submit and confirm a move-in, and complete it at once when it starts today or earlier.

        Without `auto_complete` it stays reserved until staff complete it, whatever its date.
        """
        books = self._books
        tenant, unit = books.users.get(tenant_id), books.free_unit(unit_id)
        start = start or books.clock.today()
        job = books.open_job(JobType.MOVE_IN, owner=tenant.id, data=JobData(start_date=start), step="start")
        books.jobs.change(job.id, step="await_confirmOrder")
        now = books.clock.now()
        rental = books.rentals.add(
            Rental(
                id=books.ids.make(),
                created=now,
                updated=now,
                site_id=unit.site_id,
                unit_id=unit.id,
                owner_id=tenant.id,
                state=RentalState.SUBMITTED,
                price=unit.price,
                start_date=start,
                move_in_job_id=job.id,
                auto_complete=auto_complete,
            )
        )
        for event in (EventType.MOVE_IN_CREATE_STARTED, EventType.MOVE_IN_CREATED):
            books.publish(event, job=job.id, rentals=(rental.id,))
        self._confirm(rental, job)
        if auto_complete and start <= books.clock.today():
            self.complete(rental.id)
        return books.rentals.get(rental.id)

    def complete(self, rental_id: str) -> Rental:
        """Complete the move-in, as the midnight run or staff do; staff may do it before the start date."""
        books = self._books
        job_id = _move_in_of(books.rental_in(rental_id, RentalState.RESERVED))
        rental = books.rentals.change(rental_id, state=RentalState.OCCUPIED)
        books.turn_unit(rental.unit_id, UnitState.OCCUPIED, rental=rental)
        result = JobResult(
            unit_id=rental.unit_id,
            unit_rental_id=rental.id,
            owner_id=rental.owner_id,
            site_id=rental.site_id,
            start_date=rental.start_date,
        )
        books.end_job(job_id, JobState.COMPLETED, result=result)
        books.publish(EventType.MOVE_IN_COMPLETED, job=job_id, rentals=(rental.id,))
        return rental

    def cancel(self, rental_id: str) -> Rental:
        """Cancel a move-in that is not completed, and free its unit. Raises `NotPossible` for any other."""
        books = self._books
        job_id = _move_in_of(books.rental_in(rental_id, RentalState.RESERVED))
        rental = books.rentals.change(rental_id, state=RentalState.CANCELLED)
        books.turn_unit(rental.unit_id, UnitState.AVAILABLE)
        books.settle_owner(rental.owner_id)
        books.end_job(job_id, JobState.CANCELLED)
        books.publish(EventType.MOVE_IN_CANCELLED, job=job_id, rentals=(rental.id,))
        return rental

    def complete_due(self, day: date) -> None:
        """Complete what starts on `day` or earlier and has auto-complete on (reference, section 3)."""
        for rental in self._books.rentals:
            if rental.state is RentalState.RESERVED and rental.auto_complete and rental.start_date <= day:
                self.complete(rental.id)

    def _confirm(self, rental: Rental, job: Job) -> None:
        books = self._books
        rental = books.rentals.change(rental.id, state=RentalState.RESERVED)
        books.turn_unit(rental.unit_id, UnitState.RESERVED, rental=rental)
        started = JobResult(unit_id=rental.unit_id, unit_rental_id=rental.id)
        steps = tuple(
            replace(step, state=JobState.COMPLETED, completed_at=books.clock.now(), result=started)
            for step in job.steps
        )
        books.jobs.change(job.id, state=JobState.RUNNING, step=None, steps=steps)
        books.publish(EventType.MOVE_IN_STARTED, job=job.id, rentals=(rental.id,))


def _move_in_of(rental: Rental) -> str:
    if rental.move_in_job_id is None:
        raise NotPossible("the rental belongs to a transfer, not to a move-in")
    return rental.move_in_job_id
