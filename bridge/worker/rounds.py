"""When each site is swept next: on its own interval, a little sooner by chance, so that sites drift apart."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bridge.domain.ids import SiteKey

SOONEST: Final = 0.9
"""The least part of its interval after which a site is swept again."""

_chance = random.SystemRandom()


class Rounds:
    """Times are seconds of one clock that never goes back; `every` says a site's interval."""

    def __init__(
        self,
        every: Mapping[SiteKey, float],
        *,
        now: float,
        first: float,
        chance: Callable[[], float] = _chance.random,
    ) -> None:
        """All are due `first` seconds after `now`, or sooner by their interval. `chance` is from 0 to 1."""
        self._every = every
        self._chance = chance
        self._due = {site: now + min(first, seconds) for site, seconds in every.items()}

    def wait(self, now: float) -> float | None:
        """Return for how long no site is due; None where there is no site."""
        return max(0.0, min(self._due.values()) - now) if self._due else None

    def take(self, now: float) -> Sequence[SiteKey]:
        """Return the sites that are due, the longest first; each is due again after its interval."""
        due = sorted((at, site) for site, at in self._due.items() if at <= now)
        for _, site in due:
            self._due[site] = now + self._every[site] * (SOONEST + (1 - SOONEST) * self._chance())
        return [site for _, site in due]
