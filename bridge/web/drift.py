"""What was found changed at the vendors and left so, as an operation of the operator API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel
from starlette.requests import Request

from bridge.domain.drift import DriftOf
from bridge.domain.ids import SiteId
from bridge.ports.survey import Stranger
from bridge.service.drift import DriftView
from bridge.web.operations import BadRequest, Operation
from bridge.web.schemas import Shape


class DriftOut(Shape):
    """One thing of a tenant at the vendor. `left` says why it is as it is: report, fight, foreign or unsettled.

    `kind` is missing, changed, extra_ours, extra_foreign or unknown; `aspect` is door, code or person.
    """

    connection: str
    site: str
    tenant: str
    kind: str
    aspect: str
    door: str | None
    rentals: list[str]
    since: datetime
    left: str | None

    @classmethod
    def of(cls, row: DriftOf) -> Self:
        return cls(
            connection=row.subject.connection,
            site=row.subject.site,
            tenant=row.subject.tenant,
            kind=row.drift.kind,
            aspect=row.drift.aspect,
            door=row.drift.target,
            rentals=list(row.drift.rentals),
            since=row.drift.since,
            left=row.drift.left,
        )


class DriftList(Shape):
    """What the last runs found changed at the vendors and left so, by tenant."""

    rows: list[DriftOut]


class StrangerOut(Shape):
    """Something at the gate system that no tenant known here has. `ours` says that it bears a mark of a bridge.

    `doors` maps each door to active or suspended, as far as the vendor's form of it is known.
    """

    id: str
    ours: bool
    doors: dict[str, str]

    @classmethod
    def of(cls, row: Stranger) -> Self:
        doors = {str(target): str(state) for target, state in sorted(row.entries.items())}
        return cls(id=row.id, ours=row.is_ours, doors=doors)


class StrangerList(Shape):
    """What the gate system has at the site that is nobody's whom the bridge knows. It is never touched."""

    site: str
    rows: list[StrangerOut]


def drift_operations(drift: DriftView) -> Sequence[Operation]:
    async def listed(request: Request) -> BaseModel:
        site = request.query_params.get("site")
        found = await drift.listed(site=None if site is None else SiteId(site))
        return DriftList(rows=[DriftOut.of(row) for row in found])

    async def strangers(request: Request) -> BaseModel:
        site = request.query_params.get("site")
        if site is None:
            raise BadRequest("site must be given")
        found = await drift.strangers(SiteId(site))
        return StrangerList(site=site, rows=[StrangerOut.of(row) for row in found])

    return (
        Operation(
            method="GET",
            path="/drift/strangers",
            summary="Read a site's gate system now for what no tenant known here has",
            gives=StrangerList,
            call=strangers,
            query=(("site", "string"),),
        ),
        Operation(
            method="GET",
            path="/drift",
            summary="What was found changed at the gate systems and left so, by tenant",
            gives=DriftList,
            call=listed,
            query=(("site", "string"),),
        ),
    )
