"""Where plans are kept that may be approved: by their digest, until they expire, through every restart."""

from typing import Protocol

from bridge.domain.proposal import Approvable


class ApprovalBook(Protocol):
    async def keep_approvable(self, plan: Approvable) -> None:
        """Keep it in place of an earlier one with this digest; what has expired is forgotten."""

    async def find_approvable(self, digest: str) -> Approvable | None:
        """Return the plan with this digest, expired or not, or None."""
