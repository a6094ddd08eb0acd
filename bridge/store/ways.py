"""How units of work get to a database: what SQLite and PostgreSQL differ in."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

import sqlalchemy as sa

from bridge.domain.deliveries import NewDelivery, Receipt
from bridge.ports.clock import Clock
from bridge.ports.store import Cadence
from bridge.store.jobs import Joint, Unit

T = TypeVar("T")
A = TypeVar("A")


class Ways(Protocol):
    """Every way raises `StoreUnavailable` when the database takes no work now, and whatever the unit itself raises.

    A unit may be run again where its transaction came to nothing: it has no effect beside its connection.
    """

    @property
    def cadence(self) -> Cadence:
        """Return the store's times."""

    @property
    def clock(self) -> Clock:
        """Return the clock by which the process reckons times that the store is to keep."""

    @property
    def owner(self) -> int:
        """Return the number under which this process has its leases now."""

    @property
    def is_certain(self) -> bool:
        """Tell whether nobody can have taken this process for dead."""

    @property
    def certain_since(self) -> float:
        """Return when that may have been so last, in seconds of `time.monotonic`."""

    def moment(self, connection: sa.Connection) -> datetime:
        """Return the time by which leases run out and work is due, in UTC."""

    async def put(self, delivery: NewDelivery) -> Receipt:
        """Insert durably, within the budget."""

    async def write(self, unit: Unit[T]) -> T:
        """Run `unit` in a transaction of its own and return its value once that is durable."""

    async def join(self, joint: Joint[A], item: A) -> None:
        """Do `joint` for `item` as `write` runs a unit, or for more that wait at the same time. Raises `LeaseLost`."""

    async def write_in_budget(self, unit: Unit[T]) -> T:
        """Run `unit` on the way that deliveries go, within their budget."""

    async def read(self, unit: Unit[T]) -> T:
        """Run `unit`, which changes nothing, on one snapshot."""

    async def ask(self, unit: Unit[T]) -> T:
        """Run `unit`, which changes nothing and is as good where its statements see different moments."""

    def on_work(self, heard: Callable[[], None]) -> None:
        """Have `heard` called in the event loop soon after another process has stored a delivery."""

    async def close(self) -> None:
        """Finish what was accepted and let go of the database."""
