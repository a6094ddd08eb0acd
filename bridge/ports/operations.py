"""Where operations are kept: what was asked for, of whom, and how far it is. They outlive every restart."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.dead_letters import Signature
from bridge.domain.operations import Cancelled, Item, NewOperation, Operation, OperationId


class OperationFeed(Protocol):
    """The worker's side."""

    async def open_operations(self) -> Sequence[OperationId]:
        """Return those that have somebody to be made due, or to be heard of; the oldest first."""

    async def advance_operation(self, operation: OperationId) -> Operation:
        """Keep what has ended, and make more due while fewer than a portion are; all in one unit of work.

        Harmless to repeat, also by several processes. Raises `NotFoundHere`.
        """


class OperationBook(OperationFeed, Protocol):
    """What people ask. Each decision is in the ledger in the same unit of work; an unknown one is `NotFoundHere`."""

    async def begin_operation(self, new: NewOperation) -> OperationId:
        """Keep it with all its tenants. Raises `AlreadyRunning` where one of many is at work at one of its sites."""

    async def list_operations(self, *, limit: int) -> Sequence[Operation]:
        """Return operations, the newest first."""

    async def show_operation(self, operation: OperationId) -> Operation:
        """Return one."""

    async def list_items(self, operation: OperationId, *, limit: int, after: int = -1) -> Sequence[Item]:
        """Return its tenants in the order in which they are taken up, after a place if that is given."""

    async def cancel_operation(self, operation: OperationId, by: Signature) -> Cancelled:
        """Make nobody more due, and take back those whom nobody has begun; what others have asked for stays due."""

    async def resume_operation(self, operation: OperationId, by: Signature) -> Operation:
        """Take up again those who were cancelled, given up, or left to be tried again. Raises `AlreadyRunning`."""
