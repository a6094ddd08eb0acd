"""The simulated platform's world: what exists, and everything that may be done to it."""

from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from bridge.ports.clock import Clock
from bridge.sandbox.platform.billing import BatchForm, Billing
from bridge.sandbox.platform.books import Books
from bridge.sandbox.platform.clock import BusinessClock
from bridge.sandbox.platform.daily import DailyRuns
from bridge.sandbox.platform.edits import Edits
from bridge.sandbox.platform.event import Event, EventType
from bridge.sandbox.platform.ids import Ids
from bridge.sandbox.platform.jobs import Jobs
from bridge.sandbox.platform.move_ins import MoveIns
from bridge.sandbox.platform.move_outs import MoveOuts
from bridge.sandbox.platform.records import (
    Addon,
    CustomFields,
    Job,
    JobData,
    Rental,
    Site,
    Unit,
    UnitState,
    User,
)
from bridge.sandbox.platform.transfers import Transfers


class World:
    """One business. Its methods take and check ids, do the whole of one thing, and publish what follows from it.

    Each raises `NotFound` for an unknown id and `NotPossible` where the platform's rules forbid the step. `zone` is the
    business time zone; `base` replaces the machine's clock in tests; worlds with equal seeds make equal ids.
    """

    def __init__(
        self,
        *,
        zone: str = "Europe/London",
        seed: str = "lakesidebox",
        base: Clock | None = None,
        emit_no_change_updates: bool = False,
    ) -> None:
        self.clock = BusinessClock(zone=ZoneInfo(zone), base=base)
        self.books = Books(clock=self.clock, ids=Ids(seed))
        self._move_ins = MoveIns(self.books)
        self._move_outs = MoveOuts(self.books)
        self._transfers = Transfers(self.books)
        self._jobs = Jobs(self.books, self._move_outs)
        self._billing = Billing(self.books)
        self._edits = Edits(self.books, emit_no_change_updates=emit_no_change_updates)
        self._daily = DailyRuns(
            self.clock,
            move_ins=self._move_ins,
            move_outs=self._move_outs,
            transfers=self._transfers,
            billing=self._billing,
        )

    def create_site(self, *, code: str, title: str, site_id: str | None = None) -> Site:
        now = self.clock.now()
        return self.books.sites.add(
            Site(id=site_id or self.books.ids.make(), created=now, updated=now, code=code, title=title)
        )

    def create_unit(
        self, site_id: str, name: str, *, fields: CustomFields | None = None, unit_id: str | None = None
    ) -> Unit:
        now, site = self.clock.now(), self.books.sites.get(site_id)
        return self.books.units.add(
            Unit(
                id=unit_id or self.books.ids.make(),
                created=now,
                updated=now,
                site_id=site.id,
                name=name,
                custom_fields=dict(fields or {}),
            )
        )

    def create_tenant(
        self, *, first_name: str, last_name: str, email: str, phone: str = "", user_id: str | None = None
    ) -> User:
        now = self.clock.now()
        return self.books.users.add(
            User(
                id=user_id or self.books.ids.make(),
                created=now,
                updated=now,
                email=email,
                first_name=first_name,
                last_name=last_name,
                phone=phone,
            )
        )

    def create_addon(self, site_id: str, *, fields: CustomFields | None = None, addon_id: str | None = None) -> Addon:
        now, site = self.clock.now(), self.books.sites.get(site_id)
        made = Addon(
            id=addon_id or self.books.ids.make(),
            created=now,
            updated=now,
            site_id=site.id,
            custom_fields=dict(fields or {}),
        )
        return self.books.addons.add(made)

    def move_in(
        self, tenant_id: str, unit_id: str, start_date: date | None = None, *, auto_complete: bool = True
    ) -> Rental:
        """Move in on `start_date` (the business's day, today if None): now, at that midnight, or when staff say so."""
        return self._move_ins.begin(tenant_id, unit_id, start_date, auto_complete=auto_complete)

    def complete_move_in(self, rental_id: str) -> Rental:
        return self._move_ins.complete(rental_id)

    def cancel_move_in(self, rental_id: str) -> Rental:
        return self._move_ins.cancel(rental_id)

    def schedule_move_out(self, rental_id: str, day: date | None = None) -> Job:
        """Schedule a move-out for `day`, today if None. It never completes by itself."""
        return self._move_outs.schedule(rental_id, day)

    def confirm_move_out(self, rental_id: str, next_state: UnitState = UnitState.AVAILABLE) -> Rental:
        return self._move_outs.confirm(rental_id, next_state)

    def cancel_move_out(self, rental_id: str) -> Rental:
        return self._move_outs.cancel(rental_id)

    def transfer(self, rental_id: str, new_unit_id: str, day: date | None = None) -> Rental:
        """Transfer on `day`, today if None, and return the new rental: a new id without the old one's custom fields."""
        return self._transfers.begin(rental_id, new_unit_id, day)

    def mark_overdue(self, rental_id: str) -> Rental:
        return self._billing.mark_overdue(rental_id)

    def mark_overdue_batch(self, rental_ids: Sequence[str], form: BatchForm = BatchForm.EVENT_EACH) -> None:
        self._billing.mark_overdue_batch(rental_ids, form)

    def pay(self, rental_id: str) -> Rental:
        return self._billing.pay(rental_id)

    def owe(self, rental_id: str, due: date | None) -> Rental:
        """Note an unpaid invoice: the 13:00 run of the day `due`, or of the next one, marks the rental overdue."""
        return self._billing.owe(rental_id, due)

    def edit_rental(self, rental_id: str, fields: CustomFields, *, start_date: date | None = None) -> Rental:
        """Merge custom fields, None clearing one, and set the start date if one is given."""
        return self._edits.rental(rental_id, fields, start_date)

    def edit_unit(self, unit_id: str, fields: CustomFields) -> Unit:
        return self._edits.unit(unit_id, fields)

    def edit_tenant(self, user_id: str, changes: Mapping[str, str]) -> User:
        """Change `first_name`, `last_name`, `email` or `phone`."""
        return self._edits.user(user_id, changes)

    def block_unit(self, unit_id: str, reason: str = "") -> Unit:
        return self._edits.block(unit_id, reason)

    def unblock_unit(self, unit_id: str) -> Unit:
        return self._edits.unblock(unit_id)

    def raise_task(self, data: JobData) -> Job:
        """Put a task before staff."""
        return self._jobs.raise_task(data)

    def complete_step(self, job_id: str, step_id: str, next_state: UnitState | None = None) -> Job:
        """Complete one step of a move-out or a task."""
        return self._jobs.complete_step(job_id, step_id, next_state)

    def job_about(self, event: Event) -> str:
        """Return the job that a legacy delivery of `event` names."""
        return self._jobs.about(event).id

    def fail_job(self, job_id: str) -> None:
        self._jobs.fail(job_id)

    def tell_daily(self) -> Event:
        """Give the add-on's daily sign. When in the day the platform does so is not known."""
        return self.books.publish(EventType.DAILY)

    def catch_up(self) -> int:
        """Do what the clock has made due since the last look, and return how many daily runs that were."""
        return self._daily.catch_up()
