"""All that the simulated platform knows, and the one way that its news leaves."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final

from bridge.sandbox.platform.clock import BusinessClock
from bridge.sandbox.platform.errors import NotPossible
from bridge.sandbox.platform.event import Event, EventType
from bridge.sandbox.platform.ids import Ids
from bridge.sandbox.platform.records import (
    Addon,
    Job,
    JobData,
    JobResult,
    JobState,
    JobType,
    Rental,
    RentalState,
    Site,
    Step,
    Unit,
    UnitState,
    User,
)
from bridge.sandbox.platform.table import Table

EVENTS_KEPT: Final = 10_000

UNIT_EVENTS: Final = {
    UnitState.AVAILABLE: EventType.UNIT_UNASSIGNED,
    UnitState.RESERVED: EventType.UNIT_RESERVED,
    UnitState.OCCUPIED: EventType.UNIT_OCCUPIED,
    UnitState.BLOCKED: EventType.UNIT_BLOCKED,
}

Listener = Callable[[Event], None]


class Books:
    """Tables, clock and ids. What may be done with them is for the desks to say: moves, billing, edits."""

    def __init__(self, *, clock: BusinessClock, ids: Ids) -> None:
        self.clock = clock
        self.ids = ids
        self.api_user_id = ids.make()
        self.unit_type_id = ids.make()
        self.sites: Table[Site] = Table("site", clock.now)
        self.units: Table[Unit] = Table("unit", clock.now)
        self.users: Table[User] = Table("user", clock.now)
        self.rentals: Table[Rental] = Table("unit-rental", clock.now)
        self.jobs: Table[Job] = Table("job", clock.now)
        self.addons: Table[Addon] = Table("addon", clock.now)
        self.events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every event from now on, in the order in which they happen."""
        self._listeners.append(listener)

    def publish(
        self,
        event_type: EventType,
        *,
        job: str | None = None,
        rentals: tuple[str, ...] = (),
        unit: str | None = None,
        user: str | None = None,
        changed_keys: tuple[str, ...] | None = None,
    ) -> Event:
        event = Event(
            id=self.ids.make(),
            type=event_type,
            created=self.clock.now(),
            job_id=job,
            rental_ids=rentals,
            unit_id=unit,
            user_id=user,
            changed_keys=changed_keys,
        )
        self.events.append(event)
        for listener in self._listeners:
            listener(event)
        return event

    def open_job(
        self, job_type: JobType, *, owner: str | None, data: JobData, step: str, result: JobResult | None = None
    ) -> Job:
        """Make a job of one step that is ready."""
        now = self.clock.now()
        return self.jobs.add(
            Job(
                id=self.ids.make(),
                created=now,
                updated=now,
                type=job_type,
                state=JobState.READY,
                owner_id=owner,
                data=data,
                steps=(Step(id="s1", type=step, state=JobState.READY),),
                result=result or JobResult(),
            )
        )

    def end_job(self, job_id: str, state: JobState, *, result: JobResult | None = None) -> Job:
        """Close the job; its steps are completed with it when `state` is completed."""
        job = self.jobs.get(job_id)
        steps = tuple(self._completed(step) for step in job.steps) if state is JobState.COMPLETED else job.steps
        return self.jobs.change(job_id, state=state, steps=steps, step=None, result=result or job.result)

    def turn_unit(self, unit_id: str, state: UnitState, *, rental: Rental | None = None) -> Unit:
        """Bring the unit into `state`, held for `rental` or for nobody, and say so."""
        unit = self.units.change(
            unit_id,
            state=state,
            rental_id=None if rental is None else rental.id,
            owner_id=None if rental is None else rental.owner_id,
            blocked_reason=None,
        )
        self.publish(UNIT_EVENTS[state], unit=unit_id)
        self.publish(EventType.UNIT_UPDATED, unit=unit_id, changed_keys=("state", "ownerId", "rentalId"))
        return unit

    def settle_owner(self, owner_id: str) -> None:
        """Bring the tenant's own overdue flag in line with their active rentals (reference, section 4.3)."""
        owner = self.users.get(owner_id)
        is_overdue = any(
            rental.overdue is not None
            for rental in self.rentals
            if rental.owner_id == owner_id and rental.state.is_active
        )
        if is_overdue != (owner.overdue is not None):
            self.users.change(owner_id, overdue=self.clock.now() if is_overdue else None)

    def rental_in(self, rental_id: str, *states: RentalState) -> Rental:
        """Return the rental. Raises `NotFound`, or `NotPossible` when it is in none of `states`."""
        rental = self.rentals.get(rental_id)
        if rental.state not in states:
            raise NotPossible(f"the rental is {rental.state}, not {' or '.join(states)}")
        return rental

    def leavable(self, rental_id: str) -> Rental:
        """Return an occupied rental that nobody moves out of yet. Raises `NotFound` or `NotPossible`."""
        rental = self.rental_in(rental_id, RentalState.OCCUPIED)
        for job in self.jobs:
            if job.state.is_alive and rental_id in {job.data.old_rental_id, job.data.unit_rental_id}:
                raise NotPossible("the rental has a move-out or transfer already")
        return rental

    def free_unit(self, unit_id: str) -> Unit:
        """Return the unit. Raises `NotFound`, or `NotPossible` when somebody has it or it is blocked."""
        unit = self.units.get(unit_id)
        if unit.state is not UnitState.AVAILABLE:
            raise NotPossible(f"unit {unit.name} is {unit.state}, not available")
        return unit

    def _completed(self, step: Step) -> Step:
        if step.state is JobState.COMPLETED:
            return step
        return _complete(step, self.clock.now())


def _complete(step: Step, now: datetime) -> Step:
    return Step(id=step.id, type=step.type, state=JobState.COMPLETED, completed_at=now, result=step.result)
