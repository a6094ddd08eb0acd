"""When a vendor is left alone because it does not answer at a site, and when it is asked again.

closed --(several runs in a row without an answer, of different tenants)--> open --(cool-down)--> half open
half open lets one tenant through, the probe: answered, the breaker closes; not answered, it is open for twice as long.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.domain.ids import SubjectKey

FAILURES: Final = 5
MIN_TENANTS: Final = 2
"""A single tenant whose door does not answer is no outage of the site."""
FIRST_COOL_DOWN: Final = timedelta(seconds=10)
MAX_COOL_DOWN: Final = timedelta(minutes=5)
LONGEST_PROBE: Final = timedelta(minutes=3)
"""Longer than any run: a probe that has said nothing by then was lost on its way, and another one is let through."""
NO_VERDICT_PAUSE: Final = timedelta(seconds=1)
RECOVERY: Final = timedelta(minutes=10)
"""So long after an outage what it has kept waiting is worked off with removals first."""


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """What is known of a vendor at a site. `since` is when the outage began, `probe` who is let through now.

    `probe_at` is when somebody may be, or when the probe was.
    """

    since: datetime | None = None
    probe_at: datetime | None = None
    probe: SubjectKey | None = None
    closed_at: datetime | None = None
    why: str = ""
    failures: int = 0
    cool_downs: int = 0
    failing: frozenset[SubjectKey] = frozenset()

    def state(self, now: datetime) -> BreakerState:
        if self.probe_at is None:
            return BreakerState.CLOSED
        # Further ahead than the longest cool-down, it was set before the clock went back.
        is_cooling = timedelta(0) < self.probe_at - now <= MAX_COOL_DOWN
        return BreakerState.OPEN if is_cooling and self.probe is None else BreakerState.HALF_OPEN

    def wants_probe(self, now: datetime) -> bool:
        is_free = self.probe is None or (self.probe_at is not None and now - self.probe_at >= LONGEST_PROBE)
        return is_free and self.state(now) is BreakerState.HALF_OPEN

    def lets(self, subject: SubjectKey) -> bool:
        """Tell whether this tenant's calls may go out."""
        return self.probe_at is None or self.probe == subject

    def is_recovering(self, now: datetime) -> bool:
        return self.probe_at is None and self.closed_at is not None and now - self.closed_at < RECOVERY

    def probing(self, subject: SubjectKey, *, now: datetime) -> "Breaker":
        return replace(self, probe=subject, probe_at=now)

    def failed(self, subject: SubjectKey, why: str, *, now: datetime, jitter: float) -> "Breaker":
        """Return what is known after a run without an answer; `jitter` is a random number from 0 to 1."""
        if self.probe_at is None:
            failing = self.failing if len(self.failing) >= MIN_TENANTS else self.failing | {subject}
            counted = replace(self, failures=self.failures + 1, failing=failing, why=why)
            is_outage = counted.failures >= FAILURES and len(failing) >= MIN_TENANTS
            return replace(counted, since=now, probe_at=now + cool_down(0, jitter)) if is_outage else counted
        if subject != self.probe:
            return self
        longer = self.cool_downs + 1
        return replace(self, probe=None, cool_downs=longer, probe_at=now + cool_down(longer, jitter), why=why)

    def answered(self, subject: SubjectKey, *, now: datetime) -> "Breaker":
        """Return what is known after a run to which the vendor has answered all the time."""
        if self.probe_at is None:
            return replace(self, failures=0, failing=frozenset(), why="") if self.failures or self.why else self
        return Breaker(closed_at=now) if subject == self.probe else self

    def untold(self, subject: SubjectKey, *, now: datetime) -> "Breaker":
        """Return what is known after a run that says nothing of the vendor: another one may be the probe."""
        return replace(self, probe=None, probe_at=now + NO_VERDICT_PAUSE) if subject == self.probe else self


def cool_down(before: int, jitter: float) -> timedelta:
    """Return for how long nobody is let through after so many probes that failed: 10 s, doubling to 5 minutes."""
    whole: timedelta = min(FIRST_COOL_DOWN * 2 ** min(before, 10), MAX_COOL_DOWN)
    return whole * (0.75 + 0.25 * min(max(jitter, 0.0), 1.0))
