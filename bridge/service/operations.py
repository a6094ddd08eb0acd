"""Operations: work that people asked for, fed to the queue in portions, and what they may decide about it."""

from collections.abc import Mapping, Sequence
from typing import Final

from bridge.domain.dead_letters import Signature
from bridge.domain.operations import Cancelled, Item, NewOperation, Operation, OperationId
from bridge.ports.clock import Clock
from bridge.ports.operations import OperationBook
from bridge.telemetry import get_logger

MAX_ROWS: Final = 500


class Operations:
    def __init__(self, *, book: OperationBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._log = get_logger()

    async def begin(self, new: NewOperation) -> Operation:
        """Keep it, and make the first portion due. After a crash in between, the worker does the rest.

        Raises `AlreadyRunning` where one of many is at work at one of its sites.
        """
        number = await self._book.begin_operation(new)
        begun = await self._book.advance_operation(number)
        self._log.info("operation.begun", operation=number, kind=new.kind, subjects=begun.total)
        return begun

    async def advance(self) -> Mapping[OperationId, int]:
        """Bring every operation that is open as far as it comes now; return how many have ended of those that go on."""
        goes_on: dict[OperationId, int] = {}
        for number in await self._book.open_operations():
            found = await self._book.advance_operation(number)
            if found.ended_at is None:
                goes_on[number] = found.ended
                continue
            counts = {str(state): count for state, count in found.counts.items() if count}
            self._log.info("operation.ended", operation=number, kind=found.kind, outcome=str(found.state), **counts)
        return goes_on

    async def listed(self, *, limit: int = 50) -> Sequence[Operation]:
        """Return operations, the newest first."""
        return await self._book.list_operations(limit=min(max(limit, 1), MAX_ROWS))

    async def show(self, number: OperationId) -> Operation:
        """Return one. Raises `NotFoundHere`."""
        return await self._book.show_operation(number)

    async def items(self, number: OperationId, *, limit: int = MAX_ROWS, after: int = -1) -> Sequence[Item]:
        """Return its tenants in their order, after a place if that is given. Raises `NotFoundHere`."""
        return await self._book.list_items(number, limit=min(max(limit, 1), MAX_ROWS), after=after)

    async def cancel(self, number: OperationId, *, who: str) -> Cancelled:
        """Make nobody more due; those at work end. One that is over stays as it is. Raises `NotFoundHere`."""
        return await self._book.cancel_operation(number, self._signed(who))

    async def resume(self, number: OperationId, *, who: str) -> Operation:
        """Take up again those who were not put right. Raises `NotFoundHere` and `AlreadyRunning`."""
        await self._book.resume_operation(number, self._signed(who))
        return await self._book.advance_operation(number)

    def _signed(self, who: str) -> Signature:
        return Signature(who=who, at=self._clock.now(), reason="")
