"""Whether the database is believed, as operations of the operator API."""

from collections.abc import Awaitable, Callable, Sequence

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

    def deciding(verb: str, summary: str, act: Callable[..., Awaitable[int | None]]) -> Operation:
        async def decide(request: Request) -> BaseModel:
            asked = DecisionIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
            freed = await act(who=asked.who, reason=asked.reason)
            nudge()
            return TrustOut(doubted=await trust.doubted(), freed=freed or 0)

        path = f"/db/{verb}"
        return Operation(method="POST", path=path, summary=summary, gives=TrustOut, call=decide, takes=DecisionIn)

    return (
        Operation(
            method="GET", path="/db/trust", summary="Whether the database is believed", gives=TrustOut, call=show
        ),
        deciding("doubt", "Hold every removal: the database was restored", trust.doubt),
        deciding("trust", "Believe the database again: what the doubt held is judged by the budgets", trust.trust),
        deciding("adopt", "Serve the database from this host from now on", trust.adopt),
    )
