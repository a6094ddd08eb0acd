"""What waits for a thread that writes."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from bridge.store.rows import Values

T = TypeVar("T")
Unit = Callable[[sa.Connection], T]
"""A unit of work: plain, synchronous, on the connection that it is given, and nothing else."""


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
