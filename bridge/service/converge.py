"""Bring one tenant at one site in step: read the truth, decide, apply, confirm, write back, remember.

Events, retries, replays and the sweep all end here, so none of them can do anything that the others cannot.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, Problem, RentalAccess
from bridge.domain.changes import Observed
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.desired import Desired, held_back, revoked_access
from bridge.domain.errors import (
    Anomaly,
    BridgeError,
    LeaseLost,
    NoCapacity,
    PermanentError,
    Unauthorized,
    Unreachable,
)
from bridge.domain.fields import field_writes
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey
from bridge.domain.ledger import LedgerEntry
from bridge.domain.outcome import Dead, Done, Outcome
from bridge.domain.records import after_run, as_held
from bridge.domain.tenancy import Snapshot, Tenant
from bridge.ports.adapter import Person, person_key
from bridge.ports.clock import Clock
from bridge.ports.shadow import ShadowBook
from bridge.ports.source import Platform
from bridge.ports.store import SubjectCommit, SubjectRecord, SubjectRecords
from bridge.service.aftermath import Aftermath
from bridge.service.alerts import Alerts
from bridge.service.codes import CodeKeeper
from bridge.service.kin import Kin
from bridge.service.leases import Leases
from bridge.service.occupants import occupied_targets
from bridge.service.progress import Case, Progress
from bridge.service.read_back import read_back
from bridge.service.reading import read_case
from bridge.service.run import GateRun
from bridge.service.settling import RUN_SECONDS
from bridge.service.shadow import Shadow
from bridge.service.sites import ManagedSite
from bridge.service.tasks import TaskBoard, TaskEnds, TaskNews, staff_problems
from bridge.service.watch import Watch
from bridge.service.write_back import FieldWriter
from bridge.telemetry import Metrics, get_logger


class RunRecords(SubjectRecords, ShadowBook, Protocol):
    """What runs remember."""


class Converger:
    """Runs claimed subjects to their end."""

    def __init__(
        self,
        *,
        sites: Mapping[tuple[ConnectionName, SiteId], ManagedSite],
        platforms: Mapping[ConnectionName, Platform],
        records: RunRecords,
        leases: Leases,
        alerts: Alerts,
        clock: Clock,
        metrics: Metrics,
        watch: Watch | None = None,
    ) -> None:
        """Without `watch`, nothing is known of what is done now at sites in shadow."""
        self._shadow = Shadow(records=records, watch=watch or Watch({}, clock), clock=clock)
        self._sites = sites
        self._platforms = platforms
        self._records = records
        self._alerts = alerts
        self._clock = clock
        self._metrics = metrics
        self._keeper = CodeKeeper(records, clock)
        self._leases = leases
        self._gate = GateRun(
            records=records, keeper=self._keeper, leases=leases, alerts=alerts, clock=clock, metrics=metrics
        )
        self._fields = FieldWriter(records=records, clock=clock, metrics=metrics)
        self._tasks = TaskBoard()
        self._aftermath = Aftermath(alerts, clock)
        self._log = get_logger()

    async def run(self, claim: ClaimedSubject, worked: Callable[[], None] = lambda: None) -> None:
        """Bring `claim`'s subject in step and settle it; whatever fails is settled as a retry or a dead letter.

        `worked` is called when nothing more is done at the vendor and on the platform, and only the store is left.
        """
        end: SubjectCommit | None = None
        try:
            end = await self._work(claim)
            worked()
            await self._records.commit(claim, end)
        except LeaseLost:
            self._alerts.take_back(end.entries if end else ())
            self._log.warning("subject.lease_lost", **_named(claim.key))
            return
        except BridgeError:
            self._alerts.take_back(end.entries if end else ())
            raise
        outcome = type(end.outcome).__name__.lower()
        why = None if isinstance(end.outcome, Done) else end.outcome.why
        self._metrics.settled.labels("subjects", outcome).inc()
        self._log.info("subject.settled", **_named(claim.key), outcome=outcome, why=why, failed_before=claim.attempts)

    async def _work(self, claim: ClaimedSubject) -> SubjectCommit:
        site = self._sites.get((claim.key.connection, claim.key.site))
        platform = self._platforms.get(claim.key.connection)
        if site is None or platform is None:
            return SubjectCommit(outcome=Dead(why="the site is no longer configured; nothing was changed there"))
        progress = Progress()
        try:
            async with asyncio.timeout(RUN_SECONDS):
                record = await self._records.begin(claim)
                if site.is_shadow:
                    return await self._shadow.run(claim, site, platform, record)
                progress.begin(record)
                return await self._bring_in_step(claim, site, platform, record, progress)
        except LeaseLost:
            raise
        except TimeoutError:
            error: Exception = Unreachable(f"the run was cut off after {RUN_SECONDS:.0f} s")
        except Exception as caught:  # noqa: BLE001 - every failure becomes a settlement, so that nothing is lost
            error = caught
            if not isinstance(caught, BridgeError):
                self._log.exception("subject.defect", site=claim.key.site, tenant=claim.key.tenant)
        outcome, alerts = self._aftermath.of_failure(error, claim, progress)
        progress.drift.fail(self._clock.now())
        return SubjectCommit(
            outcome=outcome,
            sight=progress.drift.sight,
            is_first_sight=progress.drift.is_first,
            access=tuple(progress.access.values()),
            taken_code=progress.newly_taken,
            profile=progress.newly_told,
            closes=progress.removes,
            entries=(*progress.entries, *alerts),
        )

    async def _bring_in_step(
        self,
        claim: ClaimedSubject,
        site: ManagedSite,
        platform: Platform,
        record: SubjectRecord,
        progress: Progress,
    ) -> SubjectCommit:
        before = record
        if record.revocation is not None and _has_doors(record):
            record = await self._take_away(claim, site, record, progress)
        reading = await read_case(
            claim.key,
            record,
            platform=platform,
            records=self._records,
            clock=self._clock,
            timing=self._metrics.time_step("snapshot"),
        )
        progress.access = dict(reading.access)
        snapshot, inherited = reading.snapshot, reading.inherited
        desired = reading.desired(site.policy, reading.now)
        progress.removes = _takes_away(desired, progress.access)
        chosen = await self._keeper.in_force(
            claim,
            snapshot,
            desired,
            progress.codes,
            capabilities=site.capabilities,
            records=progress.access,
            inherited=reading.kin.codes,
        )
        progress.choose(chosen)
        progress.drift.begin(record, snapshot, site.policy.drift)

        case = Case(
            claim=claim,
            site=site,
            person=reading.person,
            snapshot=snapshot,
            desired=desired,
            waits=reading.waits(claim.attempts),
            occupied=await occupied_targets(self._records, claim.key, site, desired, progress.access),
        )
        await self._gate.bring(case, progress)
        failures = _failed_rentals(progress)
        desired = _with_problems(desired, failures)
        self._remember(case, desired, record, progress)
        desired = held_back(desired, progress.held, progress.access)

        problems = staff_problems(
            snapshot,
            desired,
            progress.refused_codes,
            failures,
            field_prefix=site.field_prefix,
            records=progress.access,
        )
        self._leases.check(claim)
        news = await self._tasks.tell_staff(platform, problems, record.open_tasks)
        # What staff typed is not replaced before they are told what is wrong with it.
        settled = {r.rental for r in desired.rentals if _is_settled(r, progress) and r.unit not in news.untold}
        writes = field_writes(
            snapshot.rentals, desired.rentals, progress.access, progress.codes, settled, heirs=inherited.heirs
        )
        write_error = await self._fields.write(claim, platform, writes, progress)
        unread = [Anomaly(why) for why in snapshot.unreadable.values()]
        error = (
            progress.error(case) or write_error or next(iter(news.untold.values()), None) or next(iter(unread), None)
        )
        ends = TaskEnds()
        if error is None:
            mended = {unit: task for unit, task in record.open_tasks.items() if unit not in problems}
            has_new_code = progress.codes.current != record.codes.current
            ends = await self._tasks.close_mended(platform, claim.key.site, mended, has_new_code=has_new_code)
            error = ends.error
        outcome = self._aftermath.of_success(case, progress, record.links)
        alerts = self._aftermath.noteworthy(case, progress)
        if error is not None:
            outcome, more = self._aftermath.of_failure(
                error,
                claim,
                progress,
                wake=desired.next_change,
                is_told=bool(snapshot.unreadable) and not progress.removes,
            )
            alerts = (*alerts, *more)
        end = self._commit(desired, outcome, progress, (news, ends), alerts)
        over = progress.let_go(record.holds, case.desired)
        woken = await self._woken(case, before, reading.kin, progress)
        # What was rehearsed while the site was in shadow is over, and nothing of it was ever ours.
        rehearsed: dict[str, object] | None = {} if record.shadow else None
        return replace(end, access=_to_be_kept(record, progress), wake=woken, let_go=over, shadow=rehearsed)

    async def _take_away(
        self, claim: ClaimedSubject, site: ManagedSite, record: SubjectRecord, progress: Progress
    ) -> SubjectRecord:
        """Close every door of a tenant whose access a person has revoked, and return what is then known of them.

        Our own records say what is to be closed: the platform need not answer for it. Raises what keeps a door open;
        what was done is in `progress`.
        """
        desired = revoked_access(claim.key, record.access)
        tenant = Tenant(name="")  # nothing is made for them, and the vendor knows them by their key
        case = Case(
            claim=claim,
            site=site,
            person=Person(key=person_key(claim.key), subject=claim.key, tenant=tenant),
            snapshot=Snapshot(subject=claim.key, tenant=tenant, rentals=()),
            desired=desired,
            waits={},
        )
        progress.removes = True
        progress.drift.begin(record, case.snapshot, site.policy.drift)
        await self._gate.bring(case, progress)
        self._remember(case, desired, record, progress)
        error = progress.error(case)
        if error is not None:
            raise error
        progress.end_part()
        sight = progress.drift.sight or record.sight
        return replace(record, access=dict(progress.access), ref=progress.ref, sight=sight)

    async def _woken(self, case: Case, record: SubjectRecord, kin: Kin, progress: Progress) -> frozenset[SubjectKey]:
        """Return who waits for this run: left rentals at other sites, and earlier tenants of the units it opened.

        Only what has changed since the run before is told, or two subjects would wake each other without end.
        """
        before = record.access
        changed = {one for one, now in progress.access.items() if _stage(before.get(one)) != _stage(now)}
        opened = {one for one in changed if progress.access[one].status is AccessStatus.GRANTED}
        units = {rental.unit.id for rental in case.snapshot.rentals if rental.id in opened and rental.unit.id}
        earlier = await self._records.holders(case.claim.key, units) if units else ()
        occupants = case.occupied.values() if _reminds(case.claim.attempts) else ()
        return frozenset(earlier).union(*occupants) | kin.waiting_for(changed)

    def _remember(self, case: Case, desired: Desired, record: SubjectRecord, progress: Progress) -> None:
        """Turn the last observation into records and read-back entries."""
        now = self._clock.now()
        observed = progress.observed or Observed()
        certainty = progress.certainty(desired)
        progress.access = after_run(progress.wanted(desired), progress.access, observed, certainty, now)
        progress.access |= {rental: as_held(progress.access[rental]) for rental in progress.held}
        progress.drift.end(observed, now)
        progress.entries += read_back(case.claim.key, record.access.values(), progress, now)
        if progress.tried and not progress.unfinished.changes:
            took = (now - case.claim.since).total_seconds()
            self._metrics.event_to_gate.labels(case.site.adapter_key).observe(took)

    def _commit(
        self,
        desired: Desired,
        outcome: Outcome,
        progress: Progress,
        tasks: tuple[TaskNews, TaskEnds],
        alerts: Sequence[LedgerEntry],
    ) -> SubjectCommit:
        is_gone = progress.observed is not None and not progress.observed.exists
        return SubjectCommit(
            outcome=outcome,
            retire_code=is_gone and not desired.needs_code and progress.codes.current is not None,
            taken_code=progress.newly_taken,
            profile=progress.newly_told,
            sight=progress.drift.sight,
            is_first_sight=progress.drift.is_first,
            closes=progress.removes,
            entries=(*progress.entries, *alerts),
            tasks=tasks[0].raised,
            mended=tasks[1].over,
        )


def _named(subject: SubjectKey) -> dict[str, str]:
    return {"connection": subject.connection, "site": subject.site, "tenant": subject.tenant}


def _to_be_kept(record: SubjectRecord, progress: Progress) -> tuple[AccessRecord, ...]:
    """Return the records to be written: of a run that has written nothing yet, those that are not as they were read."""
    if progress.entries or progress.codes != record.codes:
        return tuple(progress.access.values())
    return tuple(one for one in progress.access.values() if one != record.access.get(one.rental))


def _reminds(attempts: int) -> bool:
    """Tell whether a run that waits for a unit wakes who has it: after 0, 1, 2, 4, 8, ... failed runs.

    Two who wait for each other's unit would else run without a pause for as long as neither can be moved out.
    """
    return attempts & (attempts - 1) == 0


def _stage(record: AccessRecord | None) -> tuple[AccessStatus | None, bool]:
    """Return what others wait for: what a rental has, and whether it was seen."""
    return (None, False) if record is None else (record.status, record.certainty is Certainty.CONFIRMED)


def _has_doors(record: SubjectRecord) -> bool:
    return any(one.targets | one.unsure for one in record.access.values())


def _takes_away(desired: Desired, records: Mapping[RentalId, AccessRecord]) -> bool:
    gone = (records.get(access.rental) for access in desired.rentals if not access.is_served)
    return any(record is not None and record.targets for record in gone)


def _failed_rentals(progress: Progress) -> dict[RentalId, tuple[Problem, str]]:
    """Return the rentals whose change the vendor refused for good, with what staff may read of it."""
    left = {change.step for change in progress.unfinished.changes}
    failed: dict[RentalId, tuple[Problem, str]] = {}
    for step, error in progress.failures.items():
        if step not in left or not isinstance(error, PermanentError) or isinstance(error, Unauthorized):
            continue
        problem = Problem.NO_CAPACITY if isinstance(error, NoCapacity) else Problem.REFUSED_BY_VENDOR
        for rental in progress.tried[step].rentals:
            failed[rental] = (problem, str(error))
    return failed


def _with_problems(desired: Desired, failures: Mapping[RentalId, tuple[Problem, str]]) -> Desired:
    rentals = tuple(
        replace(access, problem=failures[access.rental][0]) if access.rental in failures else access
        for access in desired.rentals
    )
    return replace(desired, rentals=rentals)


def _is_settled(access: RentalAccess, progress: Progress) -> bool:
    return access.problem is not None or progress.access[access.rental].certainty is Certainty.CONFIRMED
