"""Pacing one account in this process: so many calls at once, so many a second, none while it is to be left alone.

Who waits is let through in order, and wakes when the next turn comes: a pacer that looked only now and then would give
out less than it may.
"""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, Protocol

from bridge.domain.errors import RateLimited
from bridge.domain.strain import Strain
from bridge.domain.turns import Block, Bucket, Limits, runs_at_once
from bridge.ports.permits import Permit

PATIENCE: Final = 30.0
"""Who has to wait longer is told to come back, and does not hold a place of the worker meanwhile."""
SHORT_REST: Final = 3.0
LATELY: Final = 2.0
"""Over so many seconds the usual rate is measured."""


class Handle(Protocol):
    def cancel(self) -> None: ...


class Timer(Protocol):
    """The part of an event loop that pacing needs; a test has one of its own."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Handle: ...


class LoopTimer:
    """The running loop's own."""

    def time(self) -> float:
        return asyncio.get_running_loop().time()

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Handle:
        return asyncio.get_running_loop().call_later(delay, callback)


class _Leave:
    """Leave for one call of a pacer's account."""

    def __init__(self, pacer: "Pacer", at: float) -> None:
        self._pacer = pacer
        self._at = at
        self._is_over = False

    def too_many(self, retry_after: float | None) -> None:
        self._pacer.refused(sent_at=self._at, asked=retry_after)

    def give_back(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._pacer.ended(was_sent=True)

    def unused(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._pacer.ended(was_sent=False)


class Pacer:
    """Lets calls of one account go out within its limits; `name` is the account's, for people."""

    def __init__(
        self,
        name: str,
        limits: Limits,
        *,
        timer: Timer | None = None,
        patience: float = PATIENCE,
        on_need: Callable[[], None] | None = None,
    ) -> None:
        """With `on_need` it has no slots and turns of its own: it asks for them by that, and is handed them."""
        self.name = name
        self._limits = limits
        self._usual_runs = runs_at_once(limits.concurrent, limits.rate)
        self._timer = timer or LoopTimer()
        self._patience = patience
        self._on_need = on_need
        self._slots = 0 if on_need else limits.concurrent
        self._until = -math.inf if on_need else math.inf
        self._turns: Bucket | Block = Block()
        self._strain = Strain()
        self._told_until = -math.inf
        self._waiting: deque[asyncio.Future[_Leave]] = deque()
        self._sent: deque[float] = deque()
        self._alarm: Handle | None = None
        self.running = 0

    @property
    def limits(self) -> Limits:
        return self._limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._limits = limits
        self._usual_runs = runs_at_once(limits.concurrent, limits.rate)
        self._slots = self._slots if self._on_need else limits.concurrent

    @property
    def needs(self) -> int:
        """How many calls could run now, if there were slots."""
        return self.running + len(self._waiting)

    @property
    def turns_needed(self) -> int:
        is_spent = isinstance(self._turns, Block) and self._turns.is_spent(self._timer.time())
        return len(self._waiting) if is_spent else 0

    def rate(self) -> float | None:
        """Return how many calls a second may go out now, as configured and as learned; None where none is known."""
        if self._strain.strikes == 0:
            return self._limits.rate
        known = [rate for rate in (self._limits.rate, self._strain.rate_at(self._timer.time())) if rate is not None]
        return min(known, default=None)

    def rest(self) -> float:
        """Return for how many seconds the account is left alone."""
        return max(self.own_rest(), self._told_until - self._timer.time())

    def own_rest(self) -> float:
        """Return for how many seconds by what was heard here: what others heard is not told again, or it would grow."""
        return self._strain.rest(self._timer.time())

    def is_resting(self) -> bool:
        """Tell whether the account is left alone for so long that nothing is worth beginning."""
        return max(self._strain.rest_until, self._told_until) > -math.inf and self.rest() > SHORT_REST

    def runs(self) -> int:
        """Return how many tenants may be brought in step at once through this account."""
        if self._strain.strikes == 0:
            return self._usual_runs
        return runs_at_once(self._limits.concurrent, self.rate())

    async def take(self) -> Permit:
        """Return when a call may go out; see `Permits`."""
        too_long = self._expected()
        if too_long > self._patience:
            raise self._refusal(too_long)
        if not self._waiting and self._blocked() is None:
            return self._let_go()
        place: asyncio.Future[_Leave] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        deadline = self._timer.call_later(self._patience, lambda: self._give_up(place))
        self.go_on()
        try:
            return await place
        except asyncio.CancelledError:
            self._leave_queue(place)
            raise
        finally:
            deadline.cancel()

    def grant(self, slots: int, until: float, turns: Block | None, rest: float) -> None:
        """Take what was rented: slots for calls that start before `until`, perhaps turns, and others' rest."""
        self._slots, self._until = slots, until
        if turns is not None:
            self._turns = turns
        if rest > self.rest():
            self._told_until = self._timer.time() + rest
        self.go_on()

    def keep(self, wanted: int) -> int:
        """Return how many calls run at most until something else is granted: no more than `wanted`, if they end."""
        rented = self._slots if self._timer.time() < self._until else 0
        self._slots = max(self.running, min(rented, wanted))
        return self._slots

    def refused(self, *, sent_at: float, asked: float | None) -> None:
        now = self._timer.time()
        usual = len(self._sent_lately(now)) / LATELY
        usual = usual if self.limits.rate is None else min(usual, self.limits.rate)
        self._strain = self._strain.refused(now=now, sent_at=sent_at, asked=asked, usual=usual)
        if (rest := self.rest()) > self._patience:
            for place in self._places():
                place.set_exception(self._refusal(rest))
            self._waiting.clear()
        if self._on_need is not None:
            self._on_need()

    def ended(self, *, was_sent: bool) -> None:
        self.running -= 1
        if not was_sent and self.rate() is not None:
            self._turns = self._turns.returned()
        self.go_on()

    def go_on(self) -> None:
        """Let through who may go, and see to it that the next one is thought of in time."""
        while self._waiting:
            wait = self._blocked()
            if wait is not None:
                self._wake_in(wait)
                return
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(self._let_go())

    def _let_go(self) -> _Leave:
        now = self._timer.time()
        self.running += 1
        self._sent_lately(now).append(now)
        if self.rate() is not None:
            self._turns = self._turns.taken(now)
        return _Leave(self, now)

    def _blocked(self) -> float | None:
        """Return None if a call may go out, or the seconds until one may; infinite until a call ends, or a grant."""
        now, rate = self._timer.time(), self.rate()
        wait = self.rest()
        if rate is not None:
            if self._on_need is None:
                self._turns = replace(self._turns, rate=rate) if isinstance(self._turns, Bucket) else Bucket(rate=rate)
            wait = max(wait, self._turns.wait(now))
        if self.running >= self._slots or now >= self._until:
            wait = math.inf
        return wait if wait > 0 else None

    def _wake_in(self, wait: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if not math.isinf(wait):
            self._alarm = self._timer.call_later(wait, self.go_on)
        elif self._on_need is not None:
            self._on_need()

    def _expected(self) -> float:
        """Return how long who asks now will wait at least."""
        rate = self.rate()
        return self.rest() + (len(self._waiting) / rate if rate is not None else 0.0)

    def _refusal(self, wait: float) -> RateLimited:
        return RateLimited(f"{self.name}: no call may go out for now", retry_after=max(wait, 1.0))

    def _give_up(self, place: asyncio.Future[_Leave]) -> None:
        if not place.done():
            place.set_exception(self._refusal(self._expected()))
            self._waiting.remove(place)

    def _leave_queue(self, place: asyncio.Future[_Leave]) -> None:
        """Somebody was cancelled: what was given just then goes to the next."""
        if place.done() and not place.cancelled() and place.exception() is None:
            place.result().unused()
            return
        with contextlib.suppress(ValueError):
            self._waiting.remove(place)
        self.go_on()

    def _places(self) -> Iterator[asyncio.Future[_Leave]]:
        return (place for place in self._waiting if not place.done())

    def _sent_lately(self, now: float) -> deque[float]:
        while self._sent and self._sent[0] <= now - LATELY:
            self._sent.popleft()
        return self._sent
