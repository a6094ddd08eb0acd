"""What an account's "too many requests" teach: to leave it alone for a while, and then to ask less often."""

import math
from dataclasses import dataclass, replace
from typing import Final

from bridge.domain.outcome import MAX_RETRY_AFTER

FIRST_PAUSE: Final = 1.0
MAX_PAUSE: Final = 60.0
MIN_RATE: Final = 0.1
"""A call each ten seconds: less often is not learned, only asked for."""
SURE_RATE: Final = 2.0
"""Of a few calls nobody can tell that they came too often: only further refusals lead below half of this."""
RECOVERY: Final = 60.0
"""After so many seconds without another refusal the learned rate has doubled."""
FORGOTTEN: Final = 10 * RECOVERY


@dataclass(frozen=True, slots=True, kw_only=True)
class Strain:
    """Times are seconds of one clock. `rate` is what was learned at `lowered_at`, calls a second."""

    rest_until: float = -math.inf
    lowered_at: float = -math.inf
    rate: float = math.inf
    strikes: int = 0

    def rest(self, now: float) -> float:
        """Return for how many seconds no call goes out."""
        return max(0.0, self.rest_until - now)

    def rate_at(self, now: float) -> float | None:
        """Return the learned rate, which grows again with time, or None when nothing is left of it."""
        quiet = now - max(self.rest_until, self.lowered_at)
        if quiet >= FORGOTTEN or math.isinf(self.rate):
            return None
        return float(self.rate * 2 ** (max(0.0, quiet) / RECOVERY))

    def refused(self, *, now: float, sent_at: float, asked: float | None, usual: float) -> "Strain":
        """Return what is known after a 429 to a call that went out at `sent_at`.

        `asked` is the `Retry-After` in seconds, if there was one that can be kept; `usual` the rate of calls lately.
        Calls that were under way together are one lesson, whatever their number.
        """
        pause = None if asked is None or asked <= 0 else min(asked, MAX_RETRY_AFTER.total_seconds())
        if sent_at <= self.lowered_at:
            return self if pause is None else replace(self, rest_until=max(self.rest_until, now + pause))
        quiet = now - max(self.rest_until, self.lowered_at)
        strikes = 1 if quiet > RECOVERY else self.strikes + 1
        if pause is None:
            pause = min(FIRST_PAUSE * 2.0 ** min(strikes - 1, 20), MAX_PAUSE)
        learned = self.rate_at(now)
        before = max(usual, SURE_RATE) if learned is None else min(max(usual, SURE_RATE), learned)
        return Strain(
            rest_until=max(self.rest_until, now + pause),
            lowered_at=now,
            rate=max(MIN_RATE, before / 2),
            strikes=strikes,
        )
