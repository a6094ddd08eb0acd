"""Why a tenant can enter or not: what a run would read and decide, told in order, and nothing changed anywhere."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bridge.domain.errors import Anomaly, BridgeError, StoreUnavailable, Unreachable
from bridge.domain.explanation import RentalExplanation, explain_rentals
from bridge.domain.ids import ConnectionName, SiteKey, SubjectKey
from bridge.domain.scene import Work
from bridge.domain.whom import By, Whom
from bridge.ports.clock import Clock
from bridge.ports.source import TruthReader
from bridge.ports.store import RecordReader
from bridge.service.foresight import foresee, scene_of, work_of
from bridge.service.pauses import Pauses
from bridge.service.reading import read_case
from bridge.service.sites import ManagedSite
from bridge.service.whereabouts import Answer, Found, Whereabouts, no_answer
from bridge.telemetry import get_logger

SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectExplanation:
    """One tenant at one site, at `moment` (UTC); `moment_at_site` and all texts tell the time by the site's wall clock.

    Where it is not now, what the platform says now is judged for that moment. `work` is None for a tenant of whom the
    bridge has not heard.
    """

    subject: SubjectKey
    moment: datetime
    moment_at_site: str
    is_now: bool
    work: Work | None
    rentals: tuple[RentalExplanation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`notes` tell of what could not be asked beside what was found."""

    subjects: tuple[SubjectExplanation, ...]
    notes: tuple[str, ...] = ()


class Explainer:
    def __init__(
        self,
        *,
        whereabouts: Whereabouts,
        sites: Mapping[SiteKey, ManagedSite],
        platforms: Mapping[ConnectionName, TruthReader],
        records: RecordReader,
        clock: Clock,
        pauses: Pauses | None = None,
    ) -> None:
        """Without `pauses`, nothing is taken for paused."""
        self._pauses = pauses
        self._whereabouts = whereabouts
        self._sites = sites
        self._platforms = platforms
        self._records = records
        self._clock = clock
        self._log = get_logger()

    async def explain(self, whom: Whom, *, at: datetime | None = None) -> Explanation:
        """Explain everybody whom the question is about. `at` without an offset is the site's wall clock.

        Raises `NotFoundHere` where there is nobody, and `Unreachable` where the platform's answers explain nobody.
        """
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._whereabouts.find(whom)
                told = await asyncio.gather(*(self._told(one, whom, answer, at) for one in answer.found))
        except TimeoutError:
            raise Unreachable(f"platform and gate system took more than {SECONDS:.0f} s") from None
        failed = {
            one.subject: result
            for one, result in zip(answer.found, told, strict=True)
            if isinstance(result, BridgeError)
        }
        if len(failed) == len(told):
            error = next(iter(failed.values()))
            raise error if isinstance(error, StoreUnavailable) else no_answer(error)
        notes = tuple(f"site {subject.site} could not be asked: {error}" for subject, error in failed.items())
        keys = dict.fromkeys((one.subject.connection, one.subject.site) for one in answer.found)
        shadows = [key for key in keys if key in self._sites and self._sites[key].is_shadow]
        notes += tuple(f"site {site} is in shadow: nothing of this is done there" for _, site in shadows)
        subjects = tuple(result for result in told if isinstance(result, SubjectExplanation))
        return Explanation(subjects=subjects, notes=(*answer.notes, *notes))

    async def _told(
        self, found: Found, whom: Whom, answer: Answer, at: datetime | None
    ) -> SubjectExplanation | BridgeError:
        try:
            return await self._explain(found, whom, answer, at)
        except BridgeError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a plug-in's defect is an answer too, without what it may quote
            self._log.exception("explain.defect", site=found.subject.site, tenant=found.subject.tenant)
            return Anomaly(f"unexpected {type(error).__name__}")

    async def _explain(self, found: Found, whom: Whom, answer: Answer, at: datetime | None) -> SubjectExplanation:
        subject = found.subject
        site = self._sites[subject.connection, subject.site]
        reading = await read_case(
            subject,
            await self._records.load(subject),
            platform=self._platforms[subject.connection],
            records=self._records,
            clock=self._clock,
            also=found.rentals,
        )
        moment = reading.now if at is None else _by_the_clock_of(site, at)
        work = None if found.row is None else work_of(found.row, await self._paused(subject))
        scene = scene_of(reading, site, work=work, at=None if at is None else moment)
        if at is None:
            scene = (await foresee(scene, site, reading)).told()
        rentals = explain_rentals(scene, reading.checks(site.policy, moment))
        return SubjectExplanation(
            subject=subject,
            moment=moment,
            moment_at_site=scene.local(moment),
            is_now=scene.is_now,
            work=work,
            rentals=_asked_for(rentals, whom, answer),
        )

    async def _paused(self, subject: SubjectKey) -> str:
        pauses = () if self._pauses is None else await self._pauses.of((subject.connection, subject.site))
        return "; ".join(str(pause) for pause in pauses)


def _asked_for(rentals: Sequence[RentalExplanation], whom: Whom, answer: Answer) -> tuple[RentalExplanation, ...]:
    """Return the rentals that the question is about: of a tenant all."""
    if whom.by is By.RENTAL:
        return tuple(rental for rental in rentals if rental.rental == whom.id)
    if whom.by is By.UNIT:
        return tuple(rental for rental in rentals if rental.unit in answer.units) or tuple(rentals)
    return tuple(rentals)


def _by_the_clock_of(site: ManagedSite, at: datetime) -> datetime:
    aware = at if at.tzinfo is not None else at.replace(tzinfo=site.policy.zone)
    return aware.astimezone(UTC)
