"""What runs would do: `GET /api/v1/plan`."""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import datetime
from typing import Any, Final, Self, TypeVar

from pydantic import BaseModel
from starlette.requests import Request

from bridge.domain.changes import Kind
from bridge.domain.errors import Unreachable
from bridge.domain.ids import SiteId
from bridge.domain.proposal import PlannedRental, PlannedSubject, Proposal, Standing
from bridge.domain.whom import Selection
from bridge.service.resync import Resyncer
from bridge.web.operations import BadRequest, Operation
from bridge.web.schemas import Shape

T = TypeVar("T")
LOOK_SECONDS: Final = 0.5
NAMES: Final = ("tenant", "rental", "unit", "site")


class StepOut(Shape):
    """One change at the gate system; `waits_for` are rentals whose doors must be seen open first."""

    kind: Kind
    target: str | None
    waits_for: list[str]


class PlannedOut(Shape):
    """One rental. `does` says in words what is done; `calls` are those that applying takes.

    `held` says why the rental would keep what it has until a person decides, and is null where it would not.
    """

    connection: str
    site: str
    tenant: str
    rental: str
    unit: str | None
    standing: Standing
    status: str
    changes: list[StepOut]
    fields: list[str]
    does: list[str]
    reasons: list[str]
    calls: int
    held: str | None

    @classmethod
    def of(cls, subject: PlannedSubject, planned: PlannedRental) -> Self:
        steps = [StepOut(kind=s.kind, target=s.target, waits_for=list(s.waits_for)) for s in planned.steps]
        return cls(
            connection=subject.subject.connection,
            site=subject.subject.site,
            tenant=subject.subject.tenant,
            rental=planned.rental,
            unit=planned.unit,
            standing=planned.standing,
            status=planned.status,
            changes=steps,
            fields=list(planned.fields),
            does=list(planned.does),
            reasons=list(planned.reasons),
            calls=planned.calls,
            held=None if planned.held is None else planned.held.why,
        )


class ForeignOut(Shape):
    """Something of a tenant's at the gate system that the bridge did not make."""

    connection: str
    site: str
    tenant: str
    target: str


class PlanOut(Shape):
    """An item a rental. `calls` and `minutes` are about what applying takes; `tenants` how many it is applied to."""

    digest: str
    made_at: datetime
    expires_at: datetime
    items: list[PlannedOut]
    foreign: list[ForeignOut]
    totals: dict[str, int]
    tenants: int
    calls: int
    minutes: float
    notes: list[str]

    @classmethod
    def of(cls, proposal: Proposal) -> Self:
        foreign = [
            ForeignOut(
                connection=one.subject.connection, site=one.subject.site, tenant=one.subject.tenant, target=target
            )
            for one in proposal.subjects
            for target in one.foreign
        ]
        totals = {str(standing): count for standing, count in proposal.totals().items()}
        return cls(
            digest=proposal.digest(),
            made_at=proposal.made_at,
            expires_at=proposal.expires_at,
            items=[PlannedOut.of(subject, planned) for subject, planned in proposal.items()],
            foreign=foreign,
            totals={**totals, "foreign": len(foreign), "held": proposal.held},
            tenants=len(proposal.to_run),
            calls=proposal.calls,
            minutes=round(proposal.seconds / 60, 2),
            notes=list(proposal.notes),
        )


def plan_operation(resyncer: Resyncer) -> Operation:
    async def call(request: Request) -> BaseModel:
        selection = selection_of(request.query_params)
        return PlanOut.of(await while_asked(request, resyncer.plan(selection)))

    return Operation(
        method="GET",
        path="/plan",
        summary="What runs would do for a tenant, a rental, a unit, a site or all; changes nothing",
        gives=PlanOut,
        call=call,
        query=(*((name, "string") for name in NAMES), ("all", "boolean")),
    )


def selection_of(query: Mapping[str, str]) -> Selection:
    """Return whom the query is about. Raises `BadRequest` where it names nobody, or all and somebody."""
    given = {name: query[name].strip() for name in NAMES if name in query}
    is_all = query.get("all", "false").lower() in {"true", "1"}
    if is_all == bool(given):
        raise BadRequest("one or more of tenant, rental, unit and site must be given, or all alone")
    for name, text in given.items():
        if not text:
            raise BadRequest(f"{name} must not be blank")
    site = given.pop("site", None)
    return Selection(**given, site=None if site is None else SiteId(site))


async def while_asked(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do the work for as long as somebody waits for the answer: a plan for all can take long."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
            if await request.is_disconnected():
                raise Unreachable("nobody waits for the answer any more")
    finally:
        if not task.done():
            task.cancel()
    return await task
