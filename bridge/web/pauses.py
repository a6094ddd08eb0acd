"""Pausing and resuming, as operations of the operator API."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from starlette.requests import Request

from bridge.domain.pauses import MAX_WORDS, Pause, Place, Scope
from bridge.service.pauses import Pauses
from bridge.web.operations import MAX_REQUEST_BYTES, Operation
from bridge.web.receiver import read_body
from bridge.web.schemas import Shape

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_WORDS)]


class PlaceIn(Shape):
    """`name` is an adapter's key or the platform's id of a site; empty for all. Who asks is for the ledger."""

    model_config = ConfigDict(extra="forbid")

    scope: Scope
    name: str = ""
    who: Said

    @model_validator(mode="after")
    def _require_name(self) -> Self:
        if (self.scope is Scope.ALL) == bool(self.name):
            raise ValueError("a site and an adapter have a name, and all has none")
        return self

    def place(self) -> Place:
        return Place(scope=self.scope, name=self.name)


class PauseIn(PlaceIn):
    reason: Said


class ResumeIn(PlaceIn):
    reason: Said | None = None


class PauseOut(Shape):
    scope: str
    name: str
    since: datetime
    who: str
    reason: str

    @classmethod
    def of(cls, pause: Pause) -> Self:
        return cls(
            scope=pause.place.scope, name=pause.place.name, since=pause.since, who=pause.who, reason=pause.reason
        )


class PauseList(Shape):
    """What is paused, the oldest first."""

    paused: list[PauseOut]


def pause_operations(pauses: Pauses, nudge: Callable[[], None]) -> Sequence[Operation]:
    async def listed() -> BaseModel:
        return PauseList(paused=[PauseOut.of(pause) for pause in await pauses.current()])

    async def pause(request: Request) -> BaseModel:
        asked = PauseIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        return PauseOut.of(await pauses.pause(asked.place(), who=asked.who, reason=asked.reason))

    async def resume(request: Request) -> BaseModel:
        asked = ResumeIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        await pauses.resume(asked.place(), who=asked.who, reason=asked.reason or "")
        nudge()
        return await listed()

    return (
        Operation(
            method="POST",
            path="/pause",
            summary="Do nothing at the gates of a site, an adapter or all, until it is resumed",
            gives=PauseOut,
            call=pause,
            takes=PauseIn,
        ),
        Operation(
            method="POST",
            path="/resume",
            summary="Go on where it was paused; gives what is still paused",
            gives=PauseList,
            call=resume,
            takes=ResumeIn,
        ),
    )
