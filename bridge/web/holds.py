"""What is held for a person, and their decisions, as operations of the operator API."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from bridge.domain.holds import HeldLoss, Hold
from bridge.service.holds import Holds
from bridge.web.operations import MAX_REQUEST_BYTES, Operation
from bridge.web.pauses import Said
from bridge.web.receiver import read_body
from bridge.web.schemas import Shape


class DecisionIn(Shape):
    model_config = ConfigDict(extra="forbid")

    who: Said
    reason: Said


class HeldOut(Shape):
    tenant: str
    rental: str
    since: datetime
    why: str

    @classmethod
    def of(cls, item: HeldLoss) -> Self:
        return cls(tenant=item.subject.tenant, rental=item.rental, since=item.since, why=item.why)


class HoldOut(Shape):
    """What is held of one kind at a site. `digest` is that of this very list; `why` is what tripped it."""

    digest: str
    connection: str
    site: str
    kind: str
    since: datetime
    why: str
    count: int

    @classmethod
    def of(cls, hold: Hold) -> Self:
        return cls(**_columns(hold))


class HoldDetail(HoldOut):
    """The same with each rental, the oldest first."""

    rentals: list[HeldOut]

    @classmethod
    def of(cls, hold: Hold) -> Self:
        return cls(**_columns(hold), rentals=[HeldOut.of(item) for item in hold.items])


class HoldList(Shape):
    """What is held, by site and kind."""

    holds: list[HoldOut]


def hold_operations(holds: Holds, nudge: Callable[[], None]) -> Sequence[Operation]:
    async def listed(_: Request) -> BaseModel:
        return HoldList(holds=[HoldOut.of(hold) for hold in await holds.listed()])

    async def show(request: Request) -> BaseModel:
        return HoldDetail.of(await holds.show(request.path_params["digest"]))

    async def release(request: Request) -> BaseModel:
        asked = DecisionIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        released = await holds.release(request.path_params["digest"], who=asked.who, reason=asked.reason)
        nudge()
        return HoldDetail.of(released)

    async def drop(request: Request) -> BaseModel:
        asked = DecisionIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        dropped = await holds.drop(request.path_params["digest"], who=asked.who, reason=asked.reason)
        nudge()
        return HoldDetail.of(dropped)

    return (
        Operation(
            method="GET",
            path="/holds",
            summary="What is held for a person, by site and kind",
            gives=HoldList,
            call=listed,
        ),
        Operation(
            method="GET",
            path="/holds/{digest}",
            summary="One hold with each rental",
            gives=HoldDetail,
            call=show,
        ),
        Operation(
            method="POST",
            path="/holds/{digest}/release",
            summary="Let these rentals lose their access; refused where the list has changed",
            gives=HoldDetail,
            call=release,
            takes=DecisionIn,
        ),
        Operation(
            method="POST",
            path="/holds/{digest}/drop",
            summary="Forget the hold: each rental is judged anew; refused where the list has changed",
            gives=HoldDetail,
            call=drop,
            takes=DecisionIn,
        ),
    )


def _columns(hold: Hold) -> dict[str, object]:
    return {
        "digest": hold.digest,
        "connection": hold.site[0],
        "site": hold.site[1],
        "kind": str(hold.loss),
        "since": hold.since,
        "why": hold.why,
        "count": len(hold.items),
    }
