"""What this process holds, and for how long it may rely on that.

A lease runs out by the store's clock. Here it is counted from before it was asked for, by a clock that goes on while
the process is frozen: what has run out here can have been taken by another, and nothing more is done for it.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bridge.domain.errors import BridgeError, LeaseLost
from bridge.ports.store import Claim, LeaseKeeper
from bridge.telemetry import get_logger

RENEWALS: Final = 3
"""So many times a lease is renewed before it could run out."""


class Leases:
    """The claims at work. `seconds` is a clock that never goes back."""

    def __init__(self, keeper: LeaseKeeper, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._keeper = keeper
        self._seconds = seconds
        self._until: dict[Claim, float] = {}
        self._log = get_logger()

    @property
    def pause(self) -> float:
        """Return the seconds between two renewals."""
        return self._keeper.cadence.lease / RENEWALS

    def now(self) -> float:
        """Return the time to hand to `begin`, taken before a claim is asked for."""
        return self._seconds()

    def begin(self, claims: Iterable[Claim], *, asked_at: float) -> None:
        """Take note of claims that were asked for at that time."""
        for claim in claims:
            self._until[claim] = asked_at + self._keeper.cadence.lease

    def end(self, claim: Claim) -> None:
        self._until.pop(claim, None)

    def check(self, claim: Claim) -> None:
        """Return if nobody else can have the claim. Raises `LeaseLost`; asked before each act at a vendor."""
        until = self._until.get(claim)
        if until is None:
            return
        was_dead = until - self._keeper.cadence.lease < self._keeper.certain_since
        if self._seconds() >= until or was_dead or not self._keeper.is_certain:
            raise LeaseLost("the lease may have run out meanwhile")

    async def renew(self) -> Sequence[Claim]:
        """Renew all that is at work; return the claims that are lost, or have run out while the store was away."""
        claims, asked_at = list(self._until), self._seconds()
        if not claims:
            return []
        try:
            lost = await self._keeper.renew(claims)
        except BridgeError as error:
            self._log.warning("leases.not_renewed", why=str(error))
            return [claim for claim in claims if self._until.get(claim, asked_at + 1) <= self._seconds()]
        self.begin((claim for claim in claims if claim in self._until and claim not in lost), asked_at=asked_at)
        return [claim for claim in lost if claim in self._until]  # who ended meanwhile has lost nothing

    async def is_kept(self, claim: Claim) -> bool:
        """Renew this one; tell whether it is still in force. Raises `StoreUnavailable`."""
        asked_at = self._seconds()
        if await self._keeper.renew([claim]):
            return False
        self.begin([claim], asked_at=asked_at)
        return True
