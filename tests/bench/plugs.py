"""A platform and a vendor that live in the measured process: they take the time that they are told to, and no more.

All else is the bridge's own: receiver, store, worker, converger, leases. They are found by entry points as any others.
"""

import asyncio
import json
import os
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from bridge.sdk import (
    NOWHERE,
    AdapterContext,
    AdapterSpec,
    Capabilities,
    Change,
    ChangedRental,
    Checkpoint,
    ClaimedDelivery,
    CodeRules,
    ConnectionName,
    EntryState,
    Envelope,
    FieldWrites,
    Finding,
    GateCode,
    HmacHeader,
    Kind,
    Located,
    MoveJob,
    Observed,
    Options,
    Person,
    Ref,
    Rental,
    RentalFields,
    RentalId,
    RentalState,
    Resolution,
    SecretText,
    Sighting,
    SiteId,
    SiteListing,
    Snapshot,
    SourceContext,
    SourceSpec,
    StaffTask,
    SubjectKey,
    Target,
    TargetId,
    Tenant,
    TenantId,
    Unit,
    UnitId,
    Whom,
)
from bridge.sources.storeganise.envelope import read_envelope

OVERDUE: Final = "unitRental.markOverdue"
MOVE_IN: Final = "job.unit_moveIn.completed"
TOLD_TO: Final = "GATEBRIDGE_BENCH_TOLD_TO"
"""The environment's name of a file that hears of what was seen and opened at the gate, and when."""


def tenant_of(rental: str) -> TenantId:
    return TenantId(f"tenant-{rental}")


class PlatformOptions(Options):
    """Seconds that a look-up of a delivery takes, and each call of a run."""

    webhook_secrets: tuple[SecretText, ...]
    look_up_seconds: float = 0.0
    call_seconds: float = 0.0


class BenchPlatform:
    """Everybody rents one unit at the one site. Verifies and reads deliveries as Storeganise's source does."""

    def __init__(self, options: PlatformOptions, context: SourceContext) -> None:
        self._options = options
        self._connection = context.connection
        self._site = context.sites[0].id
        self._verifier = HmacHeader(header="sg-signature", secrets=options.webhook_secrets)
        self._overdue: set[RentalId] = set()
        self._codes: dict[RentalId, GateCode] = {}
        self._statuses: dict[RentalId, str] = {}

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        self._verifier.verify(headers, body)

    def read_envelope(self, body: bytes) -> Envelope:
        return read_envelope(body)

    async def resolve(self, delivery: ClaimedDelivery) -> Resolution:
        await _take(self._options.look_up_seconds)
        rental = RentalId(json.loads(delivery.body)["data"]["unitRentalId"])
        if delivery.event_type == OVERDUE:
            self._overdue.add(rental)
        return Resolution(sightings=(sighting_of(self._connection, self._site, rental),))

    async def snapshot(
        self,
        subject: SubjectKey,
        known: Mapping[RentalId, UnitId | None],
        elsewhere: Mapping[RentalId, SiteId] = NOWHERE,
    ) -> Snapshot:
        del elsewhere
        await _take(self._options.call_seconds)
        return Snapshot(
            subject=subject,
            tenant=Tenant(name=str(subject.tenant), email=f"{subject.tenant}@example.net"),
            rentals=tuple(self._rental(rental) for rental in sorted(known)),
        )

    def _rental(self, rental: RentalId) -> Rental:
        return Rental(
            id=rental,
            unit=Unit(id=UnitId(f"unit-{rental}"), name=rental, target=TargetId(f"door-{rental}"), holder=rental),
            state=RentalState.OCCUPIED,
            start_date=date(2025, 1, 1),
            overdue=rental in self._overdue,
            fields=RentalFields(code=self._codes.get(rental), status=self._statuses.get(rental)),
        )

    async def write_back(self, writes: FieldWrites, *, site: SiteId) -> None:
        del site
        await _take(self._options.call_seconds)
        if writes.code is not None:
            self._codes[writes.rental] = writes.code
        if writes.status is not None:
            self._statuses[writes.rental] = writes.status

    async def list_site(self, site: SiteId) -> SiteListing:
        return SiteListing(site=site, sightings=())

    async def list_changed(self, site: SiteId, *, after: datetime) -> Sequence[ChangedRental]:
        del site, after
        return ()

    async def read_job(self, site: SiteId, job: str) -> MoveJob | None:
        del site, job
        return None

    async def list_units(self, site: SiteId) -> Sequence[Unit]:
        del site
        return ()

    async def locate(self, whom: Whom) -> Located:
        del whom
        return Located()

    async def raise_task(self, task: StaffTask) -> str:
        return f"task-{task.unit}"

    async def close_task(self, task_id: str, *, site: SiteId) -> bool:
        del task_id, site
        return True

    async def check(self) -> Sequence[Finding]:
        return ()


class VendorOptions(Options):
    """Seconds that each call takes."""

    call_seconds: float = 0.0


class BenchVendor:
    """What it has for somebody stands in the reference that the bridge keeps for it, so that it outlives a process."""

    def __init__(self, options: VendorOptions, context: AdapterContext) -> None:
        del context
        self._options = options
        self._told_to = os.environ.get(TOLD_TO)

    async def check(self) -> Sequence[Finding]:
        return ()

    async def targets(self) -> Sequence[Target]:
        return ()

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        del targets
        self._tell("seen", person.subject.tenant)
        await _take(self._options.call_seconds)
        entries = {TargetId(target): EntryState(state) for target, state in (ref or {}).items()}
        return Observed(exists=ref is not None, entries=entries)

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        del checkpoint
        await _take(self._options.call_seconds)
        if change.kind is Kind.REMOVE_PERSON:
            return None
        entries: dict[str, Any] = dict(ref or {})
        if change.target is not None and change.kind is Kind.REVOKE:
            entries.pop(change.target, None)
        elif change.target is not None:
            entries[change.target] = "suspended" if change.kind is Kind.SUSPEND else "active"
        if change.kind is Kind.GRANT:
            self._tell("opened", person.subject.tenant)
        return entries

    def _tell(self, what: str, tenant: TenantId) -> None:
        if self._told_to is not None:
            with Path(self._told_to).open("a", encoding="utf-8") as file:
                file.write(f"{what} {tenant} {time.monotonic()} {os.getpid()}\n")


async def _take(seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)


def sighting_of(connection: ConnectionName, site: SiteId, rental: RentalId) -> Sighting:
    return Sighting(subject=SubjectKey(connection=connection, site=site, tenant=tenant_of(rental)), rental=rental)


SOURCE: Final = SourceSpec(
    key="bench",
    title="A platform for measuring",
    options=PlatformOptions,
    kept_headers=("content-type", "user-agent"),
    open=BenchPlatform,
)
ADAPTER: Final = AdapterSpec(
    key="bench",
    title="A vendor for measuring",
    field_prefix="gate",
    options=VendorOptions,
    capabilities=lambda _: Capabilities(code_rules=CodeRules(), reads_codes=False),
    open=BenchVendor,
)
