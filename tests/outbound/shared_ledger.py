"""A ledger in memory, shared by processes that a test only plays: it can be slow, and unreachable."""

import asyncio

from bridge.domain.errors import StoreUnavailable
from bridge.domain.slots import AccountBook, Ask, Granted, rent
from tests.outbound.timers import SetTimer


class Line:
    """One process's way to the ledger, which it does not use after its death."""

    def __init__(self, ledger: "SharedLedger") -> None:
        self._ledger = ledger
        self.is_dead = False

    async def rent(self, account: str, ask: Ask) -> Granted:
        if self.is_dead:
            raise asyncio.CancelledError
        return await self._ledger.rent(account, ask)


class SharedLedger:
    def __init__(self, timer: SetTimer) -> None:
        self._timer = timer
        self.books: dict[str, AccountBook] = {}
        self.trips = 0
        self.is_away = False
        self.loses_answers = False
        self.seconds = 0.0
        """So long is the way there, and as long the way back."""

    async def _travel(self) -> None:
        there = asyncio.Event()
        self._timer.call_later(self.seconds, there.set)
        await (there.wait() if self.seconds else asyncio.sleep(0))

    async def rent(self, account: str, ask: Ask) -> Granted:
        await self._travel()
        if self.is_away:
            raise StoreUnavailable("the ledger cannot be reached")
        self.trips += 1
        book, granted = rent(self.books.get(account, AccountBook()), ask, self._timer.time())
        self.books[account] = book
        await self._travel()
        if self.loses_answers:
            raise StoreUnavailable("the ledger's answer was lost")
        return granted
