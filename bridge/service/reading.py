"""What a run reads before it decides, and what the rules say of it. A run, an explanation and a plan read the same."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.domain.access import AccessRecord, Handover
from bridge.domain.checks import Past, RentalChecks
from bridge.domain.desired import Desired, desired_access
from bridge.domain.ids import RentalId, SubjectKey
from bridge.domain.inheritance import Inheritance, inherited_locks, with_locks
from bridge.domain.policy import SitePolicy
from bridge.domain.records import as_read
from bridge.domain.rotation import without_old_marks
from bridge.domain.tenancy import Snapshot
from bridge.domain.transfers import heirs_to_wait_for
from bridge.ports.adapter import Person, person_key
from bridge.ports.clock import Clock
from bridge.ports.source import TruthReader
from bridge.ports.store import RecordReader, SubjectRecord
from bridge.service.kin import Kin, read_kin


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A subject at the moment `now` (UTC), when the platform had answered.

    `snapshot` has the locks that a transfer hands on, `access` the records as the platform's answer leaves them.
    """

    now: datetime
    record: SubjectRecord
    kin: Kin
    snapshot: Snapshot
    inherited: Inheritance
    access: Mapping[RentalId, AccessRecord]

    @property
    def past(self) -> Past:
        return Past(
            records=self.access,
            links=self.record.links,
            elsewhere=self.kin.records,
            revocation=self.record.revocation,
        )

    @property
    def person(self) -> Person:
        subject = self.snapshot.subject
        return Person(key=person_key(subject), subject=subject, tenant=self.snapshot.tenant)

    def desired(self, policy: SitePolicy, moment: datetime) -> Desired:
        """Return what the rules say for `moment`. Raises `Anomaly` for a rental in a state that is no known word."""
        return desired_access(self.snapshot, policy, moment, self.past)

    def checks(self, policy: SitePolicy, moment: datetime) -> RentalChecks:
        """Return the questions behind `desired`, to be asked one rental at a time."""
        return RentalChecks(self.snapshot, policy, moment, self.past)

    def waits(self, attempts: int) -> dict[RentalId, frozenset[RentalId]]:
        """Return whose door must be seen open before a left one is closed, after `attempts` failed runs.

        Where a person has revoked all access, nothing is waited for.
        """
        if self.record.revocation is not None:
            return {}
        return heirs_to_wait_for(
            self.snapshot, self.record.links, self.access, self.kin.records, now=self.now, attempts=attempts
        )


async def read_case(
    subject: SubjectKey,
    record: SubjectRecord,
    *,
    platform: TruthReader,
    records: RecordReader,
    clock: Clock,
    also: Collection[RentalId] = (),
    timing: AbstractContextManager[None] | None = None,
) -> Reading:
    """Read kin and platform; nothing is changed anywhere. `also` are rentals to ask for beside the recorded ones.

    Raises what the look-ups raise.
    """
    kin = await read_kin(records, record)
    with timing or nullcontext():
        known = {rental: access.unit for rental, access in record.access.items()}
        wanted = dict.fromkeys(also) | known
        read = await platform.snapshot(subject, wanted, kin.left_elsewhere(record.access))
    now = clock.now()
    inherited = inherited_locks(read, {**kin.records, **record.access}, record.links)
    return Reading(
        now=now,
        record=record,
        kin=kin,
        snapshot=with_locks(read, inherited.heirs),
        inherited=inherited,
        access=_up_to_date(record.access, read, inherited, now),
    )


def _up_to_date(
    records: Mapping[RentalId, AccessRecord], snapshot: Snapshot, inherited: Inheritance, now: datetime
) -> dict[RentalId, AccessRecord]:
    """Return the records as the platform's answer leaves them: requests that are gone, locks handed on, debts."""
    updated = as_read(without_old_marks(snapshot.rentals, records), snapshot.rentals, now)
    for rental in inherited.over:
        updated[rental] = replace(updated.get(rental, AccessRecord(rental=rental)), handover=Handover.DONE)
    return updated
