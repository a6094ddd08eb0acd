"""What waits for a thread that writes."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from bridge.domain.errors import LeaseLost
from bridge.store.rows import Values

T = TypeVar("T")
A_contra = TypeVar("A_contra", contravariant=True)
Unit = Callable[[sa.Connection], T]
"""A unit of work: plain, synchronous, on the connection that it is given, and nothing else."""


class Joint(Protocol[A_contra]):
    """What is done for several at once, in one transaction; says of each whether it was refused.

    Of whom is refused nothing is kept. Raises what is wrong with one in the way of the others: nothing is kept then.
    """

    def __call__(
        self, connection: sa.Connection, items: Sequence[A_contra], /, *, now: datetime
    ) -> Sequence[LeaseLost | None]: ...


class Job:
    """Who waits, and for what; filled in by the thread, read by the loop after the commit."""

    __slots__ = ("error", "future", "size", "value")

    def __init__(self, future: "asyncio.Future[Any]", size: int = 0) -> None:
        self.future = future
        self.size = size
        self.value: Any = None
        self.error: Exception | None = None


class Put(Job):
    __slots__ = ("values",)

    def __init__(self, future: "asyncio.Future[Any]", values: Values, size: int) -> None:
        super().__init__(future, size)
        self.values = values


class Work(Job):
    __slots__ = ("unit",)

    def __init__(self, future: "asyncio.Future[Any]", unit: Unit[Any]) -> None:
        super().__init__(future)
        self.unit = unit
