"""Who can open which door, now and then, as operations of the operator API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Self

from pydantic import BaseModel
from starlette.requests import Request

from bridge.domain.errors import inert
from bridge.domain.ids import SiteId, TargetId, TenantId, UnitId, is_safe_target
from bridge.domain.intervals import Interval
from bridge.ports.proof import Held
from bridge.service.who import MAX_HOLDERS, OnceThere, Standing, Who
from bridge.web.explain import moment_of
from bridge.web.operations import BadRequest, Operation, number_of
from bridge.web.schemas import Shape

MAX_ID: Final = 256


class IntervalOut(Shape):
    """What the ledger tells of a door from `since` until before `until`; null: still.

    `state` is open, suspended, closed or unknown; `stage` how far the last change had come; only `confirmed`, and
    `failed` for a change that was refused, say what the door was. `by` are the entries that say so. `found_otherwise`
    is the entry that found the door different at the end though the bridge had not changed it.
    """

    state: str
    stage: str
    since: datetime
    until: datetime | None
    why: str
    by: list[int]
    towards: str | None
    foreign: bool
    found_otherwise: int | None

    @classmethod
    def of(cls, interval: Interval) -> Self:
        return cls(
            state=interval.state,
            stage=interval.stage,
            since=interval.since,
            until=interval.until,
            why=interval.why,
            by=list(interval.by),
            towards=interval.towards,
            foreign=interval.is_foreign,
            found_otherwise=interval.found_otherwise,
        )


class StandingOut(Shape):
    """A rental at a door: what is wanted, how surely the rental has it, and what the ledger tells of the door."""

    connection: str
    site: str
    tenant: str
    rental: str | None
    unit: str | None
    door: str | None
    wanted: str | None
    wanted_since: datetime | None
    certainty: str
    at_door: IntervalOut | None

    @classmethod
    def of(cls, row: Standing) -> Self:
        return cls(
            connection=row.subject.connection,
            site=row.subject.site,
            tenant=row.subject.tenant,
            rental=row.rental,
            unit=row.unit,
            door=row.door,
            wanted=row.wanted,
            wanted_since=row.since,
            certainty=row.certainty,
            at_door=None if row.interval is None else IntervalOut.of(row.interval),
        )


class StandingsOut(Shape):
    """`after` goes on after these tenants where there may be more; null where these were the last."""

    rows: list[StandingOut]
    after: int | None


class OnceThereOut(Shape):
    """A person who could open the door, or `unknown`: of whom it is not known that they could not."""

    connection: str
    site: str
    tenant: str
    rentals: list[str]
    at_door: IntervalOut

    @classmethod
    def of(cls, row: OnceThere) -> Self:
        return cls(
            connection=row.subject.connection,
            site=row.subject.site,
            tenant=row.subject.tenant,
            rentals=list(row.interval.rentals),
            at_door=IntervalOut.of(row.interval),
        )


class OnceOut(Shape):
    """Who could open the door at `moment`, from the ledger."""

    moment: datetime
    door: str
    rows: list[OnceThereOut]


def who_operations(who: Who) -> Sequence[Operation]:
    async def now(request: Request) -> BaseModel:
        query = request.query_params
        door, site = door_of(query), _id(query, "site")
        tenant, unit = _id(query, "tenant"), _id(query, "unit")
        held = Held(
            site=None if site is None else SiteId(site),
            tenant=None if tenant is None else TenantId(tenant),
            unit=None if unit is None else UnitId(unit),
            door=door,
        )
        limit = number_of(request, "limit", MAX_HOLDERS)
        found = await who.now(held, after=number_of(request, "after", 0), limit=limit)
        return StandingsOut(rows=[StandingOut.of(row) for row in found.rows], after=found.after)

    async def then(request: Request) -> BaseModel:
        query = request.query_params
        door, named, site = door_of(query), moment_of(query.get("at")), _id(query, "site")
        if door is None or named is None:
            raise BadRequest("at and door must be given")
        chosen = None if site is None else SiteId(site)
        try:
            moment = who.moment(named, chosen)
        except ValueError as error:
            raise BadRequest(str(error)) from None
        rows = await who.at(moment, door, site=chosen)
        return OnceOut(moment=moment, door=door, rows=[OnceThereOut.of(row) for row in rows])

    site, door = ("site", "string"), ("door", "string")
    return (
        Operation(
            method="GET",
            path="/who",
            summary="Who can open which door now: what is wanted, what is known of the door, and how",
            gives=StandingsOut,
            call=now,
            query=(site, door, ("tenant", "string"), ("unit", "string"), ("after", "integer"), ("limit", "integer")),
        ),
        Operation(
            method="GET",
            path="/who/then",
            summary="Who could open a door at a moment, from the ledger",
            gives=OnceOut,
            call=then,
            query=(("at", "string"), door, site),
        ),
    )


def door_of(query: Mapping[str, str]) -> TargetId | None:
    text = query.get("door")
    if text is not None and not is_safe_target(text):
        raise BadRequest(f"{inert(text, 64) or 'that'} is no door: give it as `gatebridge targets` lists it")
    return None if text is None else TargetId(text)


def _id(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name)
    if text is not None and not (text.isprintable() and 0 < len(text) <= MAX_ID):
        raise BadRequest(f"{name} is not as it should be")
    return text
