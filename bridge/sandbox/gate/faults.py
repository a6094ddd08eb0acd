"""Faults that the controller can be told to have, each for a number of calls."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class FaultKind(StrEnum):
    FAIL = "fail"
    """Answers `status` (and `Retry-After`) instead of doing anything."""
    STALL = "stall"
    """Waits for `seconds`, then works as ever: a caller that gave up meanwhile gets its write late."""
    ERROR_IN_200 = "error_in_200"
    """Answers 200 with the error `code` and `text` inside, and does nothing."""
    GARBAGE = "garbage"
    """Answers 200 with `body`, which may be empty or HTML, and does nothing."""
    LOSE_WRITE = "lose_write"
    """Answers that the write is done, and does nothing."""
    AFTER_WRITE = "after_write"
    """Does the write, then waits for `seconds`, or without them answers `status`: the unknown outcome."""


_OF_WRITES: Final = frozenset({FaultKind.LOSE_WRITE, FaultKind.AFTER_WRITE})


class Fault(BaseModel):
    """One fault. It meets the next `count` calls (None: until it is cleared) that fit `method`, `path` and `site`.

    `path` is a part of the call's path; a filter that is None fits every call. Faults of writes leave reads alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    count: Annotated[int, Field(ge=1)] | None = 1
    method: str | None = None
    path: str | None = None
    site: str | None = None
    status: Annotated[int, Field(ge=300, le=599)] = 500
    retry_after: str | None = None
    seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    code: str = "internal"
    text: str = "something went wrong inside the controller"
    body: str = "<html><body>Service page</body></html>"

    def fits(self, method: str, path: str, site: str) -> bool:
        return (
            (self.kind not in _OF_WRITES or method in WRITES)
            and (self.method is None or self.method.upper() == method)
            and (self.path is None or self.path in path)
            and (self.site is None or self.site == site)
        )


class FaultBook:
    """The faults to come, in the order they were ordered."""

    def __init__(self, latency: float, faults: Sequence[Fault]) -> None:
        self._usual_latency = latency
        self.latency = latency
        self._waiting = list(faults)

    @property
    def waiting(self) -> Sequence[Fault]:
        return tuple(self._waiting)

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults and go back to the latency of the start."""
        self._waiting.clear()
        self.latency = self._usual_latency

    def take(self, method: str, path: str, site: str) -> Fault | None:
        """Return the first fault that fits this call, and count it as met."""
        for place, fault in enumerate(self._waiting):
            if fault.fits(method, path, site):
                self._use(place, fault)
                return fault
        return None

    def _use(self, place: int, fault: Fault) -> None:
        if fault.count is None:
            return
        if fault.count == 1:
            del self._waiting[place]
        else:
            self._waiting[place] = fault.model_copy(update={"count": fault.count - 1})
