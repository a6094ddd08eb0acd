"""Having done what a plan says: `POST /api/v1/resync`. How far it is, its operation tells."""

from collections.abc import Callable, Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request

from bridge.domain.ids import SubjectKey
from bridge.domain.whom import Selection
from bridge.service.resync import Resynced, Resyncer
from bridge.web.operations import MAX_REQUEST_BYTES, Operation
from bridge.web.plan import NAMES, PlanOut, selection_of, while_asked
from bridge.web.receiver import read_body
from bridge.web.schemas import Shape
from bridge.web.undertakings import OperationOut

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


class ResyncOut(Shape):
    """The plan as it was made now, and the operation that does it for these tenants: null where nothing is to be done.

    `is_live`: they go with the live events.
    """

    plan: PlanOut
    marked: list[SubjectName]
    is_live: bool
    operation: OperationOut | None

    @classmethod
    def of(cls, resynced: Resynced) -> Self:
        return cls(
            plan=PlanOut.of(resynced.proposal),
            marked=[SubjectName.of(key) for key in resynced.marked],
            is_live=resynced.is_live,
            operation=None if resynced.operation is None else OperationOut.of(resynced.operation),
        )


def resync_operations(resyncer: Resyncer, nudge: Callable[[], None]) -> Sequence[Operation]:
    async def resync(request: Request) -> BaseModel:
        asked = ResyncIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        work = resyncer.resync(asked.selection(), who=asked.who, approved=asked.plan)
        resynced = await while_asked(request, work)
        nudge()
        return ResyncOut.of(resynced)

    return (
        Operation(
            method="POST",
            path="/resync",
            summary="Have it done, all of it or only as it was planned before",
            gives=ResyncOut,
            call=resync,
            takes=ResyncIn,
        ),
    )
