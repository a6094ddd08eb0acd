"""Looking at what the present integration has made at a vendor, seldom enough for many who are looked at."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from bridge.domain.changes import EntryState
from bridge.domain.errors import BridgeError
from bridge.domain.ids import SiteKey, TargetId
from bridge.ports.clock import Clock
from bridge.ports.survey import Surveyor
from bridge.service.sites import ManagedSite
from bridge.telemetry import get_logger

BELIEVED_FOR: Final = timedelta(seconds=45)
"""So long one reading of a site serves all who are looked at."""
LISTING_SECONDS: Final = 120.0


def surveyors(sites: Mapping[SiteKey, ManagedSite]) -> dict[SiteKey, Surveyor]:
    """Return the adapters of sites in shadow whose vendor can be read at once."""
    return {
        key: cast("Surveyor", site.adapter)
        for key, site in sites.items()
        if site.is_shadow and site.capabilities.surveys
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenDoors:
    """The doors at which anybody has an entry, each with whether one of them opens it, at `at` (UTC).

    None where somebody has what may open any door: then nothing is known of the others.
    """

    at: datetime
    open: Mapping[TargetId, bool] | None


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
            strangers = survey.strangers({})
            states = {one for stranger in strangers for one in stranger.entries.items()}
            found = {door: (door, EntryState.ACTIVE) in states for door, _ in states}
            is_told = all(stranger.tells_doors for stranger in strangers)
            self._seen[site] = SeenDoors(at=at, open=found if is_told else None)
            return self._seen[site]
