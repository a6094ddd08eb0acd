"""What can be made to go wrong."""

from dataclasses import dataclass, replace
from enum import StrEnum


class ApiFaultKind(StrEnum):
    STATUS = "status"
    """An error status with the documented error body."""
    HTML = "html"
    """An error status with a body that is no JSON."""
    EMPTY_PAGE = "empty_page"
    """A list that answers 200 and nothing."""
    RATE_LIMITED = "rate_limited"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFault:
    """What the next `remaining` API calls get whose path, after `/api/v1/admin/`, begins with `path`.

    `method` is that of the calls it meets, all if it is empty.
    """

    kind: ApiFaultKind
    remaining: int = 1
    status: int = 503
    retry_after: float | None = None
    path: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """Everything that is wrong at the moment. Times are in seconds.

    `drop` is the share of deliveries that are never sent, from 0 to 1. `reorder` is how many deliveries are gathered
    and then sent in a shuffled order, one at a time; fewer than that go out after `reorder_wait`.
    """

    latency: float = 0.0
    duplicate: bool = False
    drop: float = 0.0
    delay: float = 0.0
    reorder: int = 0
    reorder_wait: float = 0.5
    api: ApiFault | None = None


class Faults:
    """Holds the plan in force, and counts its API faults down."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan

    def take(self, method: str, path: str, *, is_list: bool) -> ApiFault | None:
        """Return the fault that this API call meets, using it up, or None."""
        fault = self.plan.api
        if fault is None or fault.remaining < 1 or not path.startswith(fault.path):
            return None
        if fault.method not in {"", method} or (fault.kind is ApiFaultKind.EMPTY_PAGE and not is_list):
            return None
        left = replace(fault, remaining=fault.remaining - 1)
        self.plan = replace(self.plan, api=left if left.remaining > 0 else None)
        return fault
