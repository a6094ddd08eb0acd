"""The parameters of a list (reference, section 5)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, TypeVar

from starlette.datastructures import QueryParams

from bridge.sandbox.platform.errors import BadRequest
from bridge.sandbox.platform.records import Record, Rental, RentalState, Unit, User
from bridge.sandbox.platform.settings import PlatformSettings

ACTIVE: Final = "active"
CUSTOM_FIELDS: Final = "customFields"
UNIT: Final = "unit"
OWNER: Final = "owner"
_HIDDEN: Final = frozenset({RentalState.ENDED, RentalState.CANCELLED, RentalState.ABANDONED})

RowT = TypeVar("RowT", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRange:
    """From one day to another, both included; an open end is None."""

    first: date | None
    last: date | None

    def covers(self, day: date | None) -> bool:
        if day is None:
            return False
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What a list is asked for. Parameters that a kind of row does not have are ignored, as are unknown ones."""

    limit: int
    offset: int
    include: frozenset[str]
    ids: frozenset[str] | None
    owner: str | None
    site: str | None
    state: str | None
    search: str | None
    updated_after: datetime | None
    start: DayRange | None
    end: DayRange | None
    hides_ended: bool

    def page(self, rows: Iterable[RowT]) -> list[RowT]:
        """Return the rows that are asked for, the oldest first."""
        found = [row for row in rows if self._covers(row)]
        return found[self.offset : self.offset + self.limit]

    def _covers(self, row: Record) -> bool:
        if self.ids is not None and row.id not in self.ids:
            return False
        if self.updated_after is not None and row.updated <= self.updated_after:
            return False
        match row:
            case Rental():
                return self._covers_rental(row)
            case Unit():
                is_there = self.site in {None, row.site_id} and self.state in {None, row.state}
                return is_there and self._finds(row.name)
            case User():
                return self._finds(f"{row.name} {row.email}")
            case _:
                return True

    def _covers_rental(self, rental: Rental) -> bool:
        if self.state is None:
            is_wanted = self.ids is not None or not (self.hides_ended and rental.state in _HIDDEN)
        else:
            is_wanted = rental.state.is_active if self.state == ACTIVE else rental.state == self.state
        return (
            is_wanted
            and self.owner in {None, rental.owner_id}
            and self.site in {None, rental.site_id}
            and (self.start is None or self.start.covers(rental.start_date))
            and (self.end is None or self.end.covers(rental.end_date))
        )

    def _finds(self, text: str) -> bool:
        return self.search is None or self.search.casefold() in text.casefold()


def read_query(params: QueryParams, settings: PlatformSettings) -> ListQuery:
    """Return what `params` ask for. Raises `BadRequest` for a value that cannot be read."""
    ids = params.get("ids")
    limit = _read(params, "limit", _count)
    return ListQuery(
        limit=min(settings.default_limit if limit is None else limit, settings.max_limit),
        offset=_read(params, "offset", _count) or 0,
        include=read_include(params),
        ids=None if ids is None else frozenset(ids.split(",")),
        owner=params.get("ownerId"),
        site=params.get("siteId"),
        state=params.get("state"),
        search=params.get("search"),
        updated_after=_read(params, "updatedAfter", read_moment),
        start=_read(params, "start", _range),
        end=_read(params, "end", _range),
        hides_ended=settings.list_hides_ended,
    )


def read_include(params: QueryParams) -> frozenset[str]:
    return frozenset(params.get("include", "").split(",")) & {UNIT, OWNER, CUSTOM_FIELDS}


def read_moment(text: str) -> datetime:
    """Return an ISO time stamp as an aware moment; one without an offset is UTC. Raises `ValueError`."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


ValueT = TypeVar("ValueT")


def _read(params: QueryParams, name: str, parse: Callable[[str], ValueT]) -> ValueT | None:
    text = params.get(name)
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError:
        raise BadRequest(f"{name} cannot be read") from None


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _range(text: str) -> DayRange:
    first, _, last = text.partition(",")
    return DayRange(first=date.fromisoformat(first) if first else None, last=date.fromisoformat(last) if last else None)
