"""Rows of one kind, kept in memory by id."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from bridge.sandbox.platform.errors import NotFound
from bridge.sandbox.platform.records import Record

RowT = TypeVar("RowT", bound=Record)


class Table(Generic[RowT]):
    """Keeps rows in the order they were made. `kind` names a row in refusals."""

    def __init__(self, kind: str, now: Callable[[], datetime]) -> None:
        self._kind = kind
        self._now = now
        self._rows: dict[str, RowT] = {}

    def __iter__(self) -> Iterator[RowT]:
        return iter(tuple(self._rows.values()))

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._rows

    def get(self, row_id: str) -> RowT:
        """Return the row. Raises `NotFound`."""
        try:
            return self._rows[row_id]
        except KeyError:
            raise NotFound(f"{self._kind} not found") from None

    def add(self, row: RowT) -> RowT:
        self._rows[row.id] = row
        return row

    def change(self, row_id: str, **changes: Any) -> RowT:
        """Replace the named fields of the row, move its `updated`, and return it. Raises `NotFound`."""
        return self.add(replace(self.get(row_id), updated=self._now(), **changes))
