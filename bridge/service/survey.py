"""One reading of a vendor for many questions, and whom nobody here knows in it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol, cast

from bridge.domain.changes import Change, Observed
from bridge.domain.errors import NotFoundHere, Unsupported, inert
from bridge.domain.ids import SiteId, SiteKey, TargetId
from bridge.ports.adapter import Adapter, Checkpoint, Person, Ref, Target, person_key
from bridge.ports.clock import Clock
from bridge.ports.findings import Finding
from bridge.ports.store import OperatorDesk, RecordReader
from bridge.ports.survey import Stranger, Survey, Surveyor
from bridge.service.sites import ManagedSite

FRESH_FOR: Final = timedelta(minutes=2)
PAGE: Final = 500
MAX_ID: Final = 64


def surveyed(site: ManagedSite, clock: Clock, *, fresh_for: timedelta = FRESH_FOR) -> ManagedSite:
    """Return the site with an adapter that looks at everybody at once, where its vendor can be read so; else as it is.

    For who asks about many and changes nothing. A site behind its breaker is to be guarded afterwards.
    """
    if not site.capabilities.surveys:
        return site
    return replace(site, adapter=SurveyedAdapter(site.adapter, clock, fresh_for=fresh_for))


class SurveyedAdapter:
    """An adapter whose `observe` answers from one survey while that is fresh.

    A survey that fails is everybody's answer for as long: what cannot be read at once is not asked one by one. Only of
    whom a survey cannot tell, the vendor is asked by themselves. A change ends the survey.
    """

    def __init__(self, adapter: Adapter, clock: Clock, *, fresh_for: timedelta = FRESH_FOR) -> None:
        self._adapter = adapter
        self._clock = clock
        self._fresh_for = fresh_for
        self._reading: asyncio.Task[Survey] | None = None
        self._since: datetime | None = None

    async def check(self) -> Sequence[Finding]:
        return await self._adapter.check()

    async def targets(self) -> Sequence[Target]:
        return await self._adapter.targets()

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        seen = (await self._survey()).observe(person, ref, targets)
        return seen if seen is not None else await self._adapter.observe(person, ref, targets)

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        self._reading = None
        return await self._adapter.apply(change, person, ref, checkpoint)

    async def _survey(self) -> Survey:
        """Return the survey; who is cut off while it is read does not end the reading of the others."""
        now = self._clock.now()
        is_old = self._since is None or abs(now - self._since) >= self._fresh_for
        if self._reading is None or (self._reading.done() and is_old):
            self._reading, self._since = asyncio.create_task(cast("Surveyor", self._adapter).survey()), now
            self._reading.add_done_callback(_heard)
        return await asyncio.shield(self._reading)


def _heard(reading: asyncio.Task[Survey]) -> None:
    """Take note of a failure that nobody waited for any more."""
    with suppress(asyncio.CancelledError):
        reading.exception()


class StrangersDesk(OperatorDesk, RecordReader, Protocol):
    """What is asked of the store to know one's own."""


class Strangers:
    def __init__(self, *, sites: Mapping[SiteKey, ManagedSite], desk: StrangersDesk) -> None:
        self._sites = sites
        self._desk = desk

    async def at(self, site: SiteId) -> Sequence[Stranger]:
        """Return what the vendor has at a site that no tenant known to the bridge has, at any of its sites.

        Raises `NotFoundHere`, `Unsupported` where the vendor cannot be read at once, and what the reading raises.
        """
        found = [key for key in self._sites if key[1] == site]
        if not found:
            raise NotFoundHere(f"there is no site {inert(site, MAX_ID) or 'without an id'} in the configuration")
        managed = self._sites[found[0]]
        if not managed.capabilities.surveys:
            raise Unsupported(f"what {managed.adapter_key} has cannot be read at once: see its page")
        survey = await cast("Surveyor", managed.adapter).survey()
        return survey.strangers(await self._known(found[0]))

    async def _known(self, here: SiteKey) -> dict[str, Ref | None]:
        """Return the persons of all sites: several may share an account. References are needed of this one only."""
        known: dict[str, Ref | None] = {}
        for site in self._sites:
            rows = await self._desk.list_subjects(site, limit=PAGE)
            while rows:
                for row in rows:
                    ref = (await self._desk.load(row.key)).ref if site == here else None
                    known[person_key(row.key)] = ref
                rows = await self._desk.list_subjects(site, limit=PAGE, after=rows[-1].key.tenant)
        return known
