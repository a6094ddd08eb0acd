"""What a run of one tenant would do now: one part of a plan, and what a sweep asks before it makes anybody due."""

import asyncio
from collections.abc import Collection, Mapping
from time import perf_counter
from typing import Protocol

from bridge.domain.errors import BridgeError, inert
from bridge.domain.ids import ConnectionName, RentalId, SiteKey, SubjectKey, TargetId, UnitId
from bridge.domain.proposal import PlannedSubject
from bridge.domain.proposing import NOTHING_HELD, planned_subject, unknown_subject
from bridge.domain.rehearsal import HeldBack, gained
from bridge.domain.scene import Scene
from bridge.ports.clock import Clock
from bridge.ports.source import TruthReader
from bridge.ports.store import RecordReader, SubjectRecord
from bridge.service.everybody import Somebody
from bridge.service.foresight import Foresight, foresee, scene_of, work_of
from bridge.service.guarding import Foretold, Losing
from bridge.service.listed_truth import ListedTruth
from bridge.service.occupants import HolderReader, occupied_targets
from bridge.service.paces import Side
from bridge.service.reading import read_case
from bridge.service.settling import RUN_SECONDS
from bridge.service.sites import ManagedSite
from bridge.service.survey import SurveyedAdapter, surveyed
from bridge.service.whereabouts import Found
from bridge.telemetry import get_logger

Answers = dict[Side, float]
"""The seconds in which a platform or a vendor has answered; the fastest, since others may have waited their turn."""


class PlanReader(RecordReader, HolderReader, Protocol):
    """What a plan asks of the store."""


class TenantPlans:
    """Reads as a run reads, and changes nothing."""

    def __init__(
        self,
        *,
        sites: Mapping[SiteKey, ManagedSite],
        platforms: Mapping[ConnectionName, TruthReader],
        records: PlanReader,
        clock: Clock,
    ) -> None:
        self._sites = sites
        self._platforms = platforms
        self._records = records
        self._clock = clock
        self._log = get_logger()

    def at_once(self, site: SiteKey) -> ManagedSite | None:
        """Return the site for one reading of everybody: where its vendor can be read at once, it is, and once."""
        managed = self._sites.get(site)
        return None if managed is None else surveyed(managed, self._clock)

    async def alone(self, found: Found, answers: Answers) -> Foretold:
        """Return what a run would do of a tenant who is read by themselves. Raises `StoreUnavailable` only."""
        record = await self._records.load(found.subject)
        return await self._told(found, record, self._platforms[found.subject.connection], answers)

    async def listed(self, somebody: Somebody, answers: Answers, at_once: ManagedSite | None = None) -> Foretold:
        """Return the same of one of a whole site: from its list, as far as that tells what a run would read.

        `at_once` is the site as it is read for everybody there.
        """
        platform: TruthReader = self._platforms[somebody.subject.connection]
        record = somebody.record
        if somebody.found.row is None:  # of whom nobody has heard, only that their access is revoked may be known
            record = await self._records.load(somebody.subject)
        if somebody.snapshot is not None:
            platform = ListedTruth(somebody.snapshot, platform, resting=somebody.resting)
        return await self._told(somebody.found, record, platform, answers, at_once)

    async def _told(
        self,
        found: Found,
        record: SubjectRecord,
        platform: TruthReader,
        answers: Answers,
        at_once: ManagedSite | None = None,
    ) -> Foretold:
        try:
            async with asyncio.timeout(RUN_SECONDS):
                return await self._planned(found, record, platform, answers, at_once)
        except TimeoutError:
            why = f"platform and gate system took more than {RUN_SECONDS:.0f} s"
        except BridgeError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - a plug-in's defect is an answer too, without what it may quote
            self._log.exception("plan.defect", site=found.subject.site, tenant=found.subject.tenant)
            why = f"unexpected {type(error).__name__}"
        return Foretold(planned=unknown(found, record, inert(why)))

    async def _planned(
        self,
        found: Found,
        record: SubjectRecord,
        platform: TruthReader,
        answers: Answers,
        at_once: ManagedSite | None,
    ) -> Foretold:
        subject, site = found.subject, at_once or self._sites[site_of(found.subject)]
        began = perf_counter()
        reading = await read_case(
            subject, record, platform=platform, records=self._records, clock=self._clock, also=found.rentals
        )
        read = perf_counter()
        foresight = await foresee(
            scene_of(reading, site, work=None if found.row is None else work_of(found.row, "")), site, reading
        )
        if not isinstance(platform, ListedTruth):
            _note(answers, subject.connection, read - began)
        if not isinstance(site.adapter, SurveyedAdapter):
            _note(answers, site_of(subject), perf_counter() - read)
        occupied = await occupied_targets(self._records, subject, site, foresight.scene.desired, reading.access)
        return _foretold(foresight, occupied.keys(), _number(found))


def unknown(found: Found, record: SubjectRecord, why: str) -> PlannedSubject:
    """Return the part of a tenant who could not be read, or is not asked about."""
    return unknown_subject(found.subject, known_rentals(found, record), why, number=_number(found))


def _foretold(foresight: Foresight, occupied: Collection[TargetId], number: int | None) -> Foretold:
    """Return a tenant's part of the plan; what only the guard asks for is kept only where it will ask."""
    site, reading = foresight.site, foresight.reading

    def read(scene: Scene, held: Mapping[RentalId, HeldBack]) -> PlannedSubject:
        checks = reading.checks(site.policy, reading.now)
        return planned_subject(scene, checks, occupied=occupied, held=held, number=number)

    def around(held: Mapping[RentalId, HeldBack]) -> PlannedSubject:
        return read(foresight.told({rental: back.loss for rental, back in held.items()}), held)

    scene = foresight.told()
    planned = read(scene, NOTHING_HELD)
    part = foresight.part(occupied) if scene.plan.changes else None
    if part is None:
        return Foretold(planned=planned)
    if part.loses(scene.plan.changes):
        return Foretold(planned=planned, losing=Losing(part=part, around=around))
    return Foretold(planned=planned, gained=gained(part, reading.now))


def _number(found: Found) -> int | None:
    return None if found.row is None else found.row.number


def _note(answers: Answers, side: Side, seconds: float) -> None:
    answers[side] = min(seconds, answers.get(side, seconds))


def known_rentals(found: Found, record: SubjectRecord) -> dict[RentalId, UnitId | None]:
    """Return the rentals that are known of a tenant, or were listed, with their units."""
    return dict.fromkeys(found.rentals) | {rental: access.unit for rental, access in record.access.items()}


def site_of(subject: SubjectKey) -> SiteKey:
    return subject.connection, subject.site
