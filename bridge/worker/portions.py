"""Claiming in portions, so that one claim gives nobody more than a fair share."""

from collections.abc import Callable, Collection, Sequence
from typing import Generic, Protocol, TypeVar

from bridge.domain.errors import BridgeError
from bridge.service.shares import Shares

T = TypeVar("T")
K = TypeVar("K")
K_contra = TypeVar("K_contra", contravariant=True)
T_co = TypeVar("T_co", covariant=True)


class Claim(Protocol[T_co, K_contra]):
    async def __call__(self, limit: int, /, *, without: Collection[K_contra]) -> Sequence[T_co]: ...


class Portions(Generic[T, K]):
    """Claims beside what runs, within the shares. `whose` tells of whom a claim is."""

    def __init__(
        self, shares: Shares[K], *, claim: Claim[T, K], whose: Callable[[T], K], running: Callable[[], Collection[T]]
    ) -> None:
        self._shares = shares
        self._claim = claim
        self._whose = whose
        self._running = running

    async def claim(self, limit: int) -> Sequence[T]:
        claims: list[T] = []
        while len(claims) < limit:
            portion = self._shares.portion(limit - len(claims), map(self._whose, (*self._running(), *claims)))
            try:
                got = await self._claim(portion.size, without=portion.without)
            except BridgeError:
                if not claims:
                    raise
                return claims  # they are leased already
            claims += got
            if len(got) < portion.size:
                break
        return claims

    def without(self) -> Collection[K]:
        """Return of whom nothing is begun now."""
        return self._shares.portion(1, map(self._whose, self._running())).without
