"""A plan of what runs would do, read as they read, and nothing changed anywhere."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Protocol

from bridge.domain.errors import BridgeError, inert
from bridge.domain.ids import ConnectionName, RentalId, SiteKey, SubjectKey, UnitId
from bridge.domain.proposal import PlannedSubject, Proposal
from bridge.domain.proposing import planned_subject, unknown_subject
from bridge.domain.whom import Selection
from bridge.ports.clock import Clock
from bridge.ports.source import TruthReader
from bridge.ports.store import RecordReader, SubjectRecord
from bridge.service.foresight import foreseen, scene_of, work_of
from bridge.service.occupants import HolderReader, occupied_targets
from bridge.service.paces import Paces, Side
from bridge.service.pauses import Pauses
from bridge.service.reading import read_case
from bridge.service.selecting import Selector
from bridge.service.settling import RUN_SECONDS
from bridge.service.sites import ManagedSite
from bridge.service.whereabouts import Found
from bridge.telemetry import get_logger


class PlanReader(RecordReader, HolderReader, Protocol):
    """What a plan asks of the store."""


class Planner:
    def __init__(
        self,
        *,
        selector: Selector,
        sites: Mapping[SiteKey, ManagedSite],
        platforms: Mapping[ConnectionName, TruthReader],
        records: PlanReader,
        clock: Clock,
        paces: Paces | None = None,
        pauses: Pauses | None = None,
    ) -> None:
        """Without `pauses`, nothing is taken for paused; without `paces`, nothing is paced."""
        self._selector = selector
        self._sites = sites
        self._platforms = platforms
        self._records = records
        self._clock = clock
        self._paces = paces or Paces()
        self._pauses = pauses
        self._log = get_logger()

    async def plan(self, selection: Selection) -> Proposal:
        """Return what runs of those who are meant would do now. Who cannot be read is in it as unknown.

        Raises what `Selector.select` raises.
        """
        selected = await self._selector.select(selection)
        answers: dict[Side, float] = {}
        subjects = sorted(await self._read_all(selected.found, answers), key=lambda one: one.subject)
        to_run = [one for one in subjects if one.needs_run]
        proposal = Proposal(
            made_at=self._clock.now(),
            subjects=tuple(subjects),
            seconds=self._paces.seconds(to_run, answers),
            notes=(*selected.notes, *await self._paused({_site(one.subject) for one in to_run})),
        )
        self._log.info("plan.made", digest=proposal.digest(), subjects=len(subjects), to_run=len(to_run))
        return proposal

    async def _read_all(self, found: Sequence[Found], answers: dict[Side, float]) -> list[PlannedSubject]:
        """Read a few tenants of a platform side by side; a site whose vendor is slow keeps no other one waiting."""
        sites: dict[SiteKey, list[Found]] = {}
        for one in found:
            sites.setdefault(_site(one.subject), []).append(one)
        places = {name: asyncio.Semaphore(self._paces.readers([name])) for name, _ in sites}
        done: list[PlannedSubject] = []

        async def read_on(todo: Iterator[Found]) -> None:
            for one in todo:
                async with places[one.subject.connection]:
                    done.append(await self._told(one, answers))

        try:
            async with asyncio.TaskGroup() as group:
                for site, waiting in sites.items():
                    todo = iter(waiting)
                    for _ in range(min(self._paces.readers([site]), len(waiting))):
                        group.create_task(read_on(todo))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return done

    async def _told(self, found: Found, answers: dict[Side, float]) -> PlannedSubject:
        record = await self._records.load(found.subject)
        try:
            async with asyncio.timeout(RUN_SECONDS):
                return await self._planned(found, record, answers)
        except TimeoutError:
            why = f"platform and gate system took more than {RUN_SECONDS:.0f} s"
        except BridgeError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - a plug-in's defect is an answer too, without what it may quote
            self._log.exception("plan.defect", site=found.subject.site, tenant=found.subject.tenant)
            why = f"unexpected {type(error).__name__}"
        return unknown_subject(found.subject, _known(found, record), inert(why))

    async def _planned(self, found: Found, record: SubjectRecord, answers: dict[Side, float]) -> PlannedSubject:
        subject, site = found.subject, self._sites[_site(found.subject)]
        began = perf_counter()
        reading = await read_case(
            subject,
            record,
            platform=self._platforms[subject.connection],
            records=self._records,
            clock=self._clock,
            also=found.rentals,
        )
        read = perf_counter()
        scene = await foreseen(
            scene_of(reading, site, work=None if found.row is None else work_of(found.row, "")), site, reading
        )
        _note(answers, subject.connection, read - began)
        _note(answers, _site(subject), perf_counter() - read)
        occupied = await occupied_targets(self._records, subject, site, scene.desired, reading.access)
        return planned_subject(scene, reading.checks(site.policy, reading.now), occupied=occupied.keys())

    async def _paused(self, sites: Collection[SiteKey]) -> tuple[str, ...]:
        shadows = tuple(
            f"site {key[1]} of {key[0]} is in shadow: nothing of this is done there"
            for key in sorted(sites)
            if self._sites[key].is_shadow
        )
        return (*shadows, *await self._by_pauses(sites))

    async def _by_pauses(self, sites: Collection[SiteKey]) -> tuple[str, ...]:
        if self._pauses is None:
            return ()
        paused = [(site, await self._pauses.of(site)) for site in sorted(sites)]
        return tuple(
            f"site {site[1]} of {site[0]}: {pause}; nothing is done there until it is resumed"
            for site, pauses in paused
            for pause in pauses
        )


def _note(answers: dict[Side, float], side: Side, seconds: float) -> None:
    """Keep the fastest: the others may have waited for their turn."""
    answers[side] = min(seconds, answers.get(side, seconds))


def _known(found: Found, record: SubjectRecord) -> dict[RentalId, UnitId | None]:
    return dict.fromkeys(found.rentals) | {rental: access.unit for rental, access in record.access.items()}


def _site(subject: SubjectKey) -> SiteKey:
    return subject.connection, subject.site
