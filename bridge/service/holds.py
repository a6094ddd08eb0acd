"""Losses that the guard holds: what people see, and what they decide."""

from collections.abc import Sequence

from bridge.domain.dead_letters import Signature
from bridge.domain.holds import Hold, of_digest
from bridge.ports.clock import Clock
from bridge.ports.holds import HoldBook


class Holds:
    def __init__(self, *, book: HoldBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def listed(self) -> Sequence[Hold]:
        """Return what is held, by site and kind."""
        return await self._book.list_holds()

    async def show(self, digest: str) -> Hold:
        """Return one. Raises `NotFoundHere`."""
        return of_digest(await self._book.list_holds(), digest)

    async def release(self, digest: str, *, who: str, reason: str) -> Hold:
        """Let these tenants lose their access, and no others. Raises `NotFoundHere` where the list has changed."""
        return await self._book.release_hold(digest, Signature(who=who, at=self._clock.now(), reason=reason))

    async def drop(self, digest: str, *, who: str, reason: str) -> Hold:
        """Forget the hold: each of its tenants is judged anew, at once. Raises as `release` does."""
        return await self._book.drop_hold(digest, Signature(who=who, at=self._clock.now(), reason=reason))
