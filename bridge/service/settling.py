"""From an error to an outcome, with the jitter that the pure rule is handed."""

import random
from datetime import datetime
from typing import Final

from bridge.domain.outcome import Dead, RetryAt, after_failure

RUN_SECONDS: Final = 90.0
"""A run that takes longer is cut off; its lease outlives it."""

_jitter = random.SystemRandom()


def outcome_of(error: BaseException, *, failed_before: int, now: datetime) -> RetryAt | Dead:
    """Return what follows a run that ended in `error`, after `failed_before` failed runs."""
    return after_failure(error, attempts=failed_before + 1, now=now, jitter=_jitter.random())
