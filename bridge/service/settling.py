"""From an error to an outcome, with the jitter that the pure rule is handed."""

import random
from datetime import datetime

from bridge.domain.outcome import Dead, RetryAt, after_failure

_jitter = random.SystemRandom()


def outcome_of(error: BaseException, *, failed_before: int, now: datetime) -> RetryAt | Dead:
    """Return what follows a run that ended in `error`, after `failed_before` failed runs."""
    return after_failure(error, attempts=failed_before + 1, now=now, jitter=_jitter.random())
