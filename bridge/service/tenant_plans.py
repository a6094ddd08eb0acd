"""What a run of one tenant would do now: one part of a plan, and what a sweep asks before it makes anybody due."""

import asyncio
from collections.abc import Mapping
from time import perf_counter
from typing import Protocol

from bridge.domain.errors import BridgeError, inert
from bridge.domain.ids import ConnectionName, RentalId, SiteKey, SubjectKey, UnitId
from bridge.domain.proposal import PlannedSubject
from bridge.domain.proposing import planned_subject, unknown_subject
from bridge.ports.clock import Clock
from bridge.ports.source import TruthReader
from bridge.ports.store import RecordReader, SubjectRecord
from bridge.service.everybody import Somebody
from bridge.service.foresight import foreseen, scene_of, work_of
from bridge.service.listed_truth import ListedTruth
from bridge.service.occupants import HolderReader, occupied_targets
from bridge.service.paces import Side
from bridge.service.reading import read_case
from bridge.service.settling import RUN_SECONDS
from bridge.service.sites import ManagedSite
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

    async def alone(self, found: Found, answers: Answers) -> PlannedSubject:
        """Return what a run would do of a tenant who is read by themselves. Raises `StoreUnavailable` only."""
        record = await self._records.load(found.subject)
        return await self._told(found, record, self._platforms[found.subject.connection], answers)

    async def listed(self, somebody: Somebody, answers: Answers) -> PlannedSubject:
        """Return the same of one of a whole site: from its list, as far as that tells what a run would read."""
        platform: TruthReader = self._platforms[somebody.subject.connection]
        record = somebody.record
        if somebody.found.row is None:  # of whom nobody has heard, only that their access is revoked may be known
            record = await self._records.load(somebody.subject)
        if somebody.snapshot is not None:
            platform = ListedTruth(somebody.snapshot, platform, resting=somebody.resting)
        return await self._told(somebody.found, record, platform, answers)

    async def _told(
        self, found: Found, record: SubjectRecord, platform: TruthReader, answers: Answers
    ) -> PlannedSubject:
        try:
            async with asyncio.timeout(RUN_SECONDS):
                return await self._planned(found, record, platform, answers)
        except TimeoutError:
            why = f"platform and gate system took more than {RUN_SECONDS:.0f} s"
        except BridgeError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - a plug-in's defect is an answer too, without what it may quote
            self._log.exception("plan.defect", site=found.subject.site, tenant=found.subject.tenant)
            why = f"unexpected {type(error).__name__}"
        return unknown_subject(found.subject, known_rentals(found, record), inert(why))

    async def _planned(
        self, found: Found, record: SubjectRecord, platform: TruthReader, answers: Answers
    ) -> PlannedSubject:
        subject, site = found.subject, self._sites[site_of(found.subject)]
        began = perf_counter()
        reading = await read_case(
            subject, record, platform=platform, records=self._records, clock=self._clock, also=found.rentals
        )
        read = perf_counter()
        scene = await foreseen(
            scene_of(reading, site, work=None if found.row is None else work_of(found.row, "")), site, reading
        )
        if not isinstance(platform, ListedTruth):
            _note(answers, subject.connection, read - began)
        _note(answers, site_of(subject), perf_counter() - read)
        occupied = await occupied_targets(self._records, subject, site, scene.desired, reading.access)
        return planned_subject(scene, reading.checks(site.policy, reading.now), occupied=occupied.keys())


def _note(answers: Answers, side: Side, seconds: float) -> None:
    answers[side] = min(seconds, answers.get(side, seconds))


def known_rentals(found: Found, record: SubjectRecord) -> dict[RentalId, UnitId | None]:
    """Return the rentals that are known of a tenant, or were listed, with their units."""
    return dict.fromkeys(found.rentals) | {rental: access.unit for rental, access in record.access.items()}


def site_of(subject: SubjectKey) -> SiteKey:
    return subject.connection, subject.site
