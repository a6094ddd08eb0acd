"""Having done what a plan says, and how far it is: `POST /api/v1/resync` and `/api/v1/resync/progress`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request

from bridge.domain.ids import ConnectionName, SiteId, SubjectKey, TenantId
from bridge.domain.whom import Selection
from bridge.service.resync import Followed, Progress, Resynced, Resyncer
from bridge.web.operations import MAX_REQUEST_BYTES, Operation
from bridge.web.plan import NAMES, PlanOut, selection_of, while_asked
from bridge.web.receiver import read_body
from bridge.web.schemas import Shape

MAX_FOLLOWED: Final = 100
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
        given = {name: text for name in NAMES if (text := getattr(self, name)) is not None}
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


def resync_operations(resyncer: Resyncer, nudge: Callable[[], None]) -> Sequence[Operation]:
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
