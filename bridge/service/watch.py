"""Looking at what the present integration has made at a vendor, seldom enough for many who are looked at."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, cast

from bridge.domain.changes import EntryState
from bridge.domain.errors import BridgeError
from bridge.domain.ids import SiteKey, TargetId
from bridge.ports.clock import Clock
from bridge.service.sites import ManagedSite
from bridge.telemetry import get_logger

BELIEVED_FOR: Final = timedelta(seconds=45)
"""So long one reading of a site serves all who are looked at."""
LISTING_SECONDS: Final = 120.0


class Stranger(Protocol):
    """Something that a vendor has of somebody whom the question leaves out."""

    @property
    def entries(self) -> Mapping[TargetId, EntryState]: ...


class Survey(Protocol):
    def strangers(self, known: Mapping[str, Mapping[str, Any] | None], /) -> Sequence[Stranger]:
        """Return what nobody of these has, who are persons' keys with their references."""


class Surveyor(Protocol):
    """An adapter that reads all that its vendor has at the site at once."""

    async def survey(self) -> Survey:
        """Read it. Changes nothing. A listing that is not whole is an error, never a shorter one."""


def surveyors(sites: Mapping[SiteKey, ManagedSite]) -> dict[SiteKey, Surveyor]:
    """Return the adapters of sites in shadow that can read all at once; the others do not have it."""
    return {
        key: cast(Surveyor, site.adapter)
        for key, site in sites.items()
        if site.is_shadow and hasattr(site.adapter, "survey")
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenDoors:
    """The doors at which anybody has an entry, each with whether one of them opens it, at `at` (UTC)."""

    at: datetime
    open: Mapping[TargetId, bool]


class Watch:
    def __init__(self, surveyors: Mapping[SiteKey, Surveyor], clock: Clock) -> None:
        """`surveyors` are the sites whose vendor can be read at once; of the others nothing is known."""
        self._surveyors = surveyors
        self._clock = clock
        self._seen: dict[SiteKey, SeenDoors] = {}
        self._locks = {site: asyncio.Lock() for site in surveyors}
        self._log = get_logger()

    async def doors(self, site: SiteKey) -> SeenDoors | None:
        """Return the doors, or None where they cannot be seen now: that proves nothing of any."""
        surveyor = self._surveyors.get(site)
        if surveyor is None:
            return None
        async with self._locks[site]:
            seen = self._seen.get(site)
            if seen is not None and abs(self._clock.now() - seen.at) < BELIEVED_FOR:
                return seen
            try:
                async with asyncio.timeout(LISTING_SECONDS):
                    at, survey = self._clock.now(), await surveyor.survey()
            except (BridgeError, TimeoutError) as error:
                self._log.warning("shadow.not_seen", connection=site[0], site=site[1], why=str(error) or "no answer")
                return None
            states = {one for stranger in survey.strangers({}) for one in stranger.entries.items()}
            found = {door: (door, EntryState.ACTIVE) in states for door, _ in states}
            self._seen[site] = SeenDoors(at=at, open=found)
            return self._seen[site]
