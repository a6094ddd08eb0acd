"""Operations that people have begun, how far they are, and what is decided about them: `/api/v1/operations`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Self

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import SiteKey
from bridge.domain.operations import Cancelled, Item, ItemState, Operation, OperationId, OperationState
from bridge.service.operations import MAX_ROWS, Operations
from bridge.service.pauses import Pauses
from bridge.web import operations as api
from bridge.web.operations import MAX_DIGITS, MAX_REQUEST_BYTES, number_of
from bridge.web.pauses import Said
from bridge.web.receiver import read_body
from bridge.web.schemas import Shape

_LEFT: Final = frozenset({ItemState.WAITING, ItemState.RUNNING})


class OperationOut(Shape):
    """One as it stands. `counts` are tenants by how far they are; `notes` tell what keeps it from going on."""

    id: int
    kind: str
    state: OperationState
    who: str
    asked: str
    plan: str
    at: datetime
    ended_at: datetime | None
    counts: dict[str, int]
    tenants: int
    ended: int
    minutes_left: float
    notes: list[str]

    @classmethod
    def of(cls, one: Operation, notes: Sequence[str] = ()) -> Self:
        return cls(
            id=one.id,
            kind=one.kind,
            state=one.state,
            who=one.who,
            asked=one.asked,
            plan=one.digest,
            at=one.at,
            ended_at=one.ended_at,
            counts={str(state): count for state, count in one.counts.items()},
            tenants=one.total,
            ended=one.ended,
            minutes_left=round(one.seconds_left / 60, 2),
            notes=list(notes),
        )


class OperationList(Shape):
    operations: list[OperationOut]


class ItemOut(Shape):
    """How far it is with a tenant: waiting, running, done, retrying, dead or cancelled."""

    connection: str
    site: str
    tenant: str
    progress: ItemState
    due_at: datetime | None
    why: str | None

    @classmethod
    def of(cls, item: Item) -> Self:
        key = item.subject
        return cls(
            connection=key.connection,
            site=key.site,
            tenant=key.tenant,
            progress=item.state,
            due_at=item.due_at,
            why=item.why,
        )


class ItemList(Shape):
    """A page; `after` is where the next begins, and null on the last."""

    items: list[ItemOut]
    after: int | None


class AskedBy(Shape):
    """Who asks is for the ledger."""

    model_config = ConfigDict(extra="forbid")

    who: Said


class CancelOut(Shape):
    """`never_begun` were not due yet, `taken_back` were, and nobody had begun; `at_work` end by themselves."""

    operation: OperationOut
    never_begun: int
    taken_back: int
    at_work: int

    @classmethod
    def of(cls, cancelled: Cancelled) -> Self:
        return cls(
            operation=OperationOut.of(cancelled.operation),
            never_begun=cancelled.never_begun,
            taken_back=cancelled.taken_back,
            at_work=cancelled.at_work,
        )


def undertaking_operations(
    operations: Operations, pauses: Pauses, nudge: Callable[[], None]
) -> Sequence[api.Operation]:
    async def listed(request: Request) -> BaseModel:
        found = await operations.listed(limit=number_of(request, "limit", 20))
        return OperationList(operations=[OperationOut.of(one) for one in found])

    async def show(request: Request) -> BaseModel:
        found = await operations.show(_id(request))
        return OperationOut.of(found, await _paused(found))

    async def items(request: Request) -> BaseModel:
        after = number_of(request, "after", 0) if "after" in request.query_params else -1
        found = await operations.items(_id(request), limit=MAX_ROWS, after=after)
        return ItemList(
            items=[ItemOut.of(item) for item in found], after=found[-1].place if len(found) == MAX_ROWS else None
        )

    async def cancel(request: Request) -> BaseModel:
        asked = AskedBy.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        cancelled = await operations.cancel(_id(request), who=asked.who)
        nudge()
        return CancelOut.of(cancelled)

    async def resume(request: Request) -> BaseModel:
        asked = AskedBy.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        found = await operations.resume(_id(request), who=asked.who)
        nudge()
        return OperationOut.of(found)

    async def _paused(one: Operation) -> list[str]:
        """Say which pauses keep it waiting, by its next tenants."""
        if one.ended_at is not None or not await pauses.current():
            return []
        left = [item for item in await operations.items(one.id) if item.state in _LEFT]
        sites: set[SiteKey] = {(item.subject.connection, item.subject.site) for item in left}
        return [
            f"site {site} of {name}: {pause}; nothing is done there until it is resumed"
            for name, site in sorted(sites)
            for pause in await pauses.of((name, site))
        ]

    return (
        api.Operation(
            method="GET",
            path="/operations",
            summary="Operations that people have begun, the newest first",
            gives=OperationList,
            call=listed,
            query=(("limit", "integer"),),
        ),
        api.Operation(
            method="GET",
            path="/operations/{id:int}",
            summary="One operation, how far it is and what it waits for",
            gives=OperationOut,
            call=show,
        ),
        api.Operation(
            method="GET",
            path="/operations/{id:int}/items",
            summary="An operation's tenants in the order in which they are taken up",
            gives=ItemList,
            call=items,
            query=(("after", "integer"),),
        ),
        api.Operation(
            method="POST",
            path="/operations/{id:int}/cancel",
            summary="Take up nobody more, and take back who was not begun; those at work end",
            gives=CancelOut,
            call=cancel,
            takes=AskedBy,
        ),
        api.Operation(
            method="POST",
            path="/operations/{id:int}/resume",
            summary="Take up again those who were not put right",
            gives=OperationOut,
            call=resume,
            takes=AskedBy,
        ),
    )


def _id(request: Request) -> OperationId:
    number = request.path_params["id"]
    if len(str(number)) >= MAX_DIGITS:
        raise NotFoundHere("there is no operation with this number")
    return OperationId(number)
