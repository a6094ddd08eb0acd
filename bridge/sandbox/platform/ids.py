"""Ids as the platform makes them: 24 lower-case hex characters."""

import hashlib
from itertools import count
from typing import Final

_PREFIX_LENGTH: Final = 18
_FIRST: Final = 0x100000


class Ids:
    """Makes ids that are the same in every run with the same seed, and sort by age."""

    def __init__(self, seed: str) -> None:
        self._prefix = hashlib.sha256(seed.encode()).hexdigest()[:_PREFIX_LENGTH]
        self._numbers = count(_FIRST)

    def make(self) -> str:
        return f"{self._prefix}{next(self._numbers):06x}"
