"""How a run ends: a value, decided from the error, the attempts and the time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bridge.domain.errors import BridgeError, PermanentError, TemporaryError, Unauthorized


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Nothing is left to do before `next_due` (UTC), if that is set."""

    next_due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAt:
    """Try again at `when` (UTC). `is_parked`: it waits for a person, and does not count as an attempt."""

    when: datetime
    why: str
    is_parked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    why: str


Outcome = Done | RetryAt | Dead

FIRST_DELAY: Final = timedelta(seconds=0.8)
QUICK_TRIES: Final = 10
QUICK_CAP: Final = timedelta(seconds=60)
SLOW_CAP: Final = timedelta(minutes=15)
PARKED: Final = timedelta(minutes=5)
MAX_RETRY_AFTER: Final = timedelta(hours=1)
MAX_ATTEMPTS: Final = 50
"""With the delays above, about ten hours."""


def after_failure(error: BaseException, *, attempts: int, now: datetime, jitter: float) -> RetryAt | Dead:
    """Decide what follows a failed run.

    `attempts` counts the failed runs with this one, from 1; `jitter` is a random number from 0 to 1. An account that
    refuses our key is asked again at a slow pace without end, uncounted: a person mends it, and no event may be lost
    until then, nor after it for want of attempts.
    An error that is not ours is a defect; it is retried like a temporary one, so that a dead letter keeps it visible.
    """
    why = str(error) if isinstance(error, BridgeError) else f"unexpected {type(error).__name__}"
    if isinstance(error, Unauthorized):
        return RetryAt(when=now + max(PARKED, delay(attempts, jitter)), why=why, is_parked=True)
    if isinstance(error, PermanentError) or attempts >= MAX_ATTEMPTS:
        return Dead(why=why)
    wait = delay(attempts, jitter)
    if isinstance(error, TemporaryError) and error.retry_after is not None:
        asked = timedelta(seconds=min(max(error.retry_after, 0.0), MAX_RETRY_AFTER.total_seconds()))
        wait = max(wait, asked)
    return RetryAt(when=now + wait, why=why)


def hastened(outcome: RetryAt, error: BaseException, *, is_late: bool, now: datetime) -> RetryAt:
    """Return the retry of an emergency: within a minute, and without end once it `is_late`.

    The other side's own word on when to come again counts, and a refused key is a person's to mend.
    """
    if isinstance(error, Unauthorized) or getattr(error, "retry_after", None) is not None:
        return outcome
    return replace(outcome, when=min(outcome.when, now + QUICK_CAP), is_parked=outcome.is_parked or is_late)


def delay(attempts: int, jitter: float) -> timedelta:
    """Return the wait after `attempts` failures: under 1 s, doubling to 60 s for the first ten, then to 15 minutes."""
    cap = QUICK_CAP if attempts <= QUICK_TRIES else SLOW_CAP
    doublings: int = 2 ** min(attempts - 1, 20)
    whole = min(FIRST_DELAY * doublings, cap)
    return whole * (0.75 + 0.25 * min(max(jitter, 0.0), 1.0))
