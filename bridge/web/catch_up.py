"""Looking for what no delivery told: `POST /api/v1/catch-up`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from bridge.domain.ids import ConnectionName
from bridge.service.catch_up import CatchUp
from bridge.web.operations import MAX_REQUEST_BYTES, BadRequest, Operation
from bridge.web.receiver import read_body
from bridge.web.schemas import NotListedOut, Shape

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100


class CatchUpIn(Shape):
    """Of which connection, all without; and how far back beyond the bookmark, as an ISO 8601 time."""

    model_config = ConfigDict(extra="forbid")

    connection: str | None = None
    since: str | None = None


class CatchUpOut(Shape):
    """What was found: changed rentals that are looked at, tenants not known before, moves whose webhooks never came.

    And the sites that were not caught up with.
    """

    changed: int
    found: int
    missed: int
    not_caught_up: list[NotListedOut]


def since_of(text: str | None, name: str = "since") -> datetime | None:
    """Return the moment that `text` names; one without an offset is in UTC. Raises `BadRequest` naming `name`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise BadRequest(f"{name} must be an ISO 8601 time such as 2026-03-05T09:00, in UTC or with an offset")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def catch_up_operation(catch_up: CatchUp, nudge: Callable[[], None]) -> Operation:
    async def call(request: Request) -> BaseModel:
        body = await read_body(request, MAX_REQUEST_BYTES)
        asked = CatchUpIn.model_validate_json(body) if body else CatchUpIn()
        connection = None if asked.connection is None else ConnectionName(asked.connection)
        came_to = await catch_up.catch_up(connection=connection, since=since_of(asked.since))
        nudge()
        return CatchUpOut(
            changed=came_to.changed,
            found=came_to.found,
            missed=came_to.missed,
            not_caught_up=[
                NotListedOut(connection=failed.connection, site=failed.site, why=failed.why)
                for failed in came_to.not_listed
            ],
        )

    return Operation(
        method="POST",
        path="/catch-up",
        summary="Look at what has changed on the platforms since the last time, whatever was delivered",
        gives=CatchUpOut,
        call=call,
        takes=CatchUpIn,
        needs_body=False,
    )
