"""Whether the database is believed, as operations of the operator API."""

from collections.abc import Callable, Sequence

from pydantic import BaseModel
from starlette.requests import Request

from bridge.service.trust import Trust
from bridge.web.holds import DecisionIn
from bridge.web.operations import MAX_REQUEST_BYTES, Operation
from bridge.web.receiver import read_body
from bridge.web.schemas import Shape


class TrustOut(Shape):
    """`doubted` says why no removal passes, null where the database is believed; `freed` losses are judged anew."""

    doubted: str | None
    freed: int = 0


def trust_operations(trust: Trust, nudge: Callable[[], None]) -> Sequence[Operation]:
    async def show(_: Request) -> BaseModel:
        return TrustOut(doubted=await trust.doubted())

    async def doubt(request: Request) -> BaseModel:
        asked = DecisionIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        await trust.doubt(who=asked.who, reason=asked.reason)
        return TrustOut(doubted=await trust.doubted())

    async def believe(request: Request) -> BaseModel:
        asked = DecisionIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        freed = await trust.trust(who=asked.who, reason=asked.reason)
        nudge()
        return TrustOut(doubted=None, freed=freed)

    async def adopt(request: Request) -> BaseModel:
        asked = DecisionIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        await trust.adopt(who=asked.who, reason=asked.reason)
        return TrustOut(doubted=await trust.doubted())

    return (
        Operation(
            method="GET", path="/db/trust", summary="Whether the database is believed", gives=TrustOut, call=show
        ),
        Operation(
            method="POST",
            path="/db/doubt",
            summary="Hold every removal: the database was restored",
            gives=TrustOut,
            call=doubt,
            takes=DecisionIn,
        ),
        Operation(
            method="POST",
            path="/db/trust",
            summary="Believe the database again: what the doubt held is judged by the budgets",
            gives=TrustOut,
            call=believe,
            takes=DecisionIn,
        ),
        Operation(
            method="POST",
            path="/db/adopt",
            summary="Serve the database from this host from now on",
            gives=TrustOut,
            call=adopt,
            takes=DecisionIn,
        ),
    )
