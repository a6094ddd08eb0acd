"""Where it is kept what waits for a person before tenants lose access: it outlives every restart."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.dead_letters import Signature
from bridge.domain.holds import Hold


class HoldBook(Protocol):
    """`release_hold` and `drop_hold` mark the tenants due and write the ledger in the same unit of work.

    Both raise `NotFoundHere` where no hold has this digest now: what is held has changed since it was looked at.
    """

    async def list_holds(self) -> Sequence[Hold]:
        """Return what is held, by site and kind."""

    async def release_hold(self, digest: str, by: Signature) -> Hold:
        """Let these rentals lose their access, whatever the budgets say."""

    async def drop_hold(self, digest: str, by: Signature) -> Hold:
        """Forget that they are held: the next run of each judges anew."""
