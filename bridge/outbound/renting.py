"""Pacing one account together with other processes: slots and turns are rented from a ledger that all share.

What is rented is used without asking: in quiet there is no trip to the ledger, under load about one a second, and a few
more while processes change places. Who has more than its fair share gives it back as its calls end; what is idle for a
second goes back too.
"""

import asyncio
import contextlib
from typing import Final

from bridge.domain.errors import BridgeError
from bridge.domain.slots import MISSED_SECONDS, Ask, Granted
from bridge.domain.turns import Block, Limits
from bridge.outbound.pacing import PATIENCE, LoopTimer, Pacer, Timer
from bridge.ports.permits import Permit, SlotLedger

BEAT_SECONDS: Final = 1.0
CONTENDED_SECONDS: Final = 0.1
"""So soon it asks again where it has less than it needs, or more than its share."""


class RentedSlots:
    """Permits of one account, rented by one process under the name `holder`."""

    def __init__(
        self,
        account: str,
        limits: Limits,
        *,
        ledger: SlotLedger,
        holder: str,
        timer: Timer | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._account = account
        self._ledger = ledger
        self._holder = holder
        self._timer = timer or LoopTimer()
        self.pacer = Pacer(account, limits, timer=self._timer, patience=patience, on_need=self._need)
        self._booked = 0
        self._most = 0
        self._renting: asyncio.Task[None] | None = None
        self._nudged = asyncio.Event()

    async def take(self) -> Permit:
        permit = await self.pacer.take()
        self._most = max(self._most, self.pacer.needs)
        return permit

    async def aclose(self) -> None:
        """Give everything back that no call runs in; what is left runs out by itself."""
        if self._renting is not None:
            self._renting.cancel()
            await asyncio.gather(self._renting, return_exceptions=True)
        if self._booked:
            keeps, self._booked = self.pacer.keep(0), 0
            with contextlib.suppress(BridgeError):
                await self._ledger.rent(self._account, self._ask(keeps=keeps, wants=0, turns=0))

    def _need(self) -> None:
        """Have something rented. Called by the pacer when somebody waits and nothing is left."""
        self._nudged.set()
        if self._renting is None or self._renting.done():
            self._renting = asyncio.get_running_loop().create_task(self._rent())

    async def _rent(self) -> None:
        """Rent as long as anything is needed or kept."""
        while True:
            self._nudged.clear()
            asked_at = self._timer.time()
            wants, self._most = max(self._most, self.pacer.needs), self.pacer.needs
            # From here to the answer no more may run than the ledger is told, since it may give the others the rest.
            keeps = self.pacer.keep(wants)
            ask = self._ask(keeps=keeps, wants=wants, turns=self.pacer.turns_needed)
            try:
                granted = await self._ledger.rent(self._account, ask)
            except BridgeError:
                self._booked = max(self._booked, keeps)
                await self._sleep(BEAT_SECONDS, is_fixed=True)
                if not self.pacer.needs:
                    return
                continue
            self._take(granted, ask, asked_at)
            if not granted.booked and not self.pacer.needs:
                return
            is_full = self.pacer.needs > granted.slots
            is_contended = granted.booked > granted.slots or (is_full and granted.is_shared)
            is_short = is_contended or (is_full and ask.rate is not None)
            await self._sleep(CONTENDED_SECONDS if is_short else BEAT_SECONDS, is_fixed=is_contended or is_full)

    def _ask(self, *, keeps: int, wants: int, turns: int) -> Ask:
        limits = self.pacer.limits
        return Ask(
            holder=self._holder,
            cap=limits.concurrent,
            keeps=keeps,
            wants=min(wants, limits.concurrent),
            rate=self.pacer.rate(),
            turns=turns,
            rest=self.pacer.own_rest(),
        )

    def _take(self, granted: Granted, ask: Ask, asked_at: float) -> None:
        self._booked = granted.booked
        turns = None
        if granted.turns and ask.rate is not None:
            # Counted from when it came, not from when it was asked: too late is in the vendor's favour.
            due = self._timer.time() + granted.turns_in
            interval = 1 / ask.rate
            until = due + granted.turns * interval + MISSED_SECONDS
            turns = Block(left=granted.turns, due=due, interval=interval, until=until)
        self.pacer.grant(granted.slots, asked_at + granted.seconds, turns, granted.rest)

    async def _sleep(self, seconds: float, *, is_fixed: bool) -> None:
        """Wait so long, or until something is needed before; with `is_fixed`, that does not count."""
        over = asyncio.Event()
        alarm = self._timer.call_later(seconds, over.set if is_fixed else self._nudged.set)
        try:
            await (over if is_fixed else self._nudged).wait()
        finally:
            alarm.cancel()
