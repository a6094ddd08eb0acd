"""How long the tests wait for a server."""

import time
from collections.abc import Callable
from typing import Final

WAIT_SECONDS: Final = 60.0


def until(is_so: Callable[[], bool]) -> None:
    """Return as soon as it is so; raise `TimeoutError`."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)
