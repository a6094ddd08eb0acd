"""What runs would do, and having it done: `GET /api/v1/plan`, `POST /api/v1/resync` and how far that is."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request

from bridge.domain.changes import Kind
from bridge.domain.errors import Unreachable
from bridge.domain.ids import ConnectionName, SiteId, SubjectKey, TenantId
from bridge.domain.proposal import PlannedRental, PlannedSubject, Proposal, Standing
from bridge.domain.whom import Selection
from bridge.service.resync import Followed, Progress, Resynced, Resyncer
from bridge.web.operations import MAX_REQUEST_BYTES, BadRequest, Operation
from bridge.web.receiver import read_body
from bridge.web.schemas import Shape

T = TypeVar("T")
MAX_FOLLOWED: Final = 100
LOOK_SECONDS: Final = 0.5
_NAMES: Final = ("tenant", "rental", "unit", "site")


class StepOut(Shape):
    """One change at the gate system; `waits_for` are rentals whose doors must be seen open first."""

    kind: Kind
    target: str | None
    waits_for: list[str]


class PlannedOut(Shape):
    """One rental. `does` says in words what is done; `calls` are those that applying takes."""

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
            totals={**totals, "foreign": len(foreign)},
            tenants=len(proposal.to_run),
            calls=proposal.calls,
            minutes=round(proposal.seconds / 60, 2),
            notes=list(proposal.notes),
        )


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ResyncIn(Shape):
    """Whom it is about, as for a plan. `plan` is the digest of one that was made before; who asks is for the ledger."""

    model_config = ConfigDict(extra="forbid")

    tenant: Text | None = None
    rental: Text | None = None
    unit: Text | None = None
    site: Text | None = None
    all: bool = False
    plan: Text | None = None
    who: Text

    def selection(self) -> Selection:
        given = {name: text for name in _NAMES if (text := getattr(self, name)) is not None}
        return selection_of({**given, **({"all": "true"} if self.all else {})})


class SubjectName(Shape):
    model_config = ConfigDict(extra="forbid")

    connection: str
    site: str
    tenant: str

    @classmethod
    def of(cls, key: SubjectKey) -> Self:
        return cls(connection=key.connection, site=key.site, tenant=key.tenant)

    def key(self) -> SubjectKey:
        return SubjectKey(
            connection=ConnectionName(self.connection), site=SiteId(self.site), tenant=TenantId(self.tenant)
        )


class ResyncOut(Shape):
    """The plan as it was made now, and the tenants that are due for it. `is_live`: they go with the live events."""

    plan: PlanOut
    marked: list[SubjectName]
    is_live: bool

    @classmethod
    def of(cls, resynced: Resynced) -> Self:
        return cls(
            plan=PlanOut.of(resynced.proposal),
            marked=[SubjectName.of(key) for key in resynced.marked],
            is_live=resynced.is_live,
        )


class FollowIn(Shape):
    model_config = ConfigDict(extra="forbid")

    subjects: Annotated[list[SubjectName], Field(max_length=MAX_FOLLOWED)]


class FollowedOut(Shape):
    """How far a tenant's work is: waiting, running, done, retrying or dead."""

    subject: SubjectName
    progress: Progress
    due_at: datetime | None
    why: str | None

    @classmethod
    def of(cls, one: Followed) -> Self:
        return cls(subject=SubjectName.of(one.subject), progress=one.progress, due_at=one.due_at, why=one.why)


class FollowOut(Shape):
    subjects: list[FollowedOut]


def plan_operations(resyncer: Resyncer, nudge: Callable[[], None]) -> Sequence[Operation]:
    async def plan(request: Request) -> BaseModel:
        selection = selection_of(request.query_params)
        return PlanOut.of(await while_asked(request, resyncer.plan(selection)))

    async def resync(request: Request) -> BaseModel:
        asked = ResyncIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        work = resyncer.resync(asked.selection(), who=asked.who, approved=asked.plan)
        resynced = await while_asked(request, work)
        nudge()
        return ResyncOut.of(resynced)

    async def follow(request: Request) -> BaseModel:
        asked = FollowIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        followed = await resyncer.follow([one.key() for one in asked.subjects])
        return FollowOut(subjects=[FollowedOut.of(one) for one in followed])

    return (
        Operation(
            method="GET",
            path="/plan",
            summary="What runs would do for a tenant, a rental, a unit, a site or all; changes nothing",
            gives=PlanOut,
            call=plan,
            query=(*((name, "string") for name in _NAMES), ("all", "boolean")),
        ),
        Operation(
            method="POST",
            path="/resync",
            summary="Have it done, all of it or only as it was planned before",
            gives=ResyncOut,
            call=resync,
            takes=ResyncIn,
        ),
        Operation(
            method="POST",
            path="/resync/progress",
            summary="How far the work on these tenants is",
            gives=FollowOut,
            call=follow,
            takes=FollowIn,
        ),
    )


def selection_of(query: Mapping[str, str]) -> Selection:
    """Return whom the query is about. Raises `BadRequest` where it names nobody, or all and somebody."""
    given = {name: query[name].strip() for name in _NAMES if name in query}
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
