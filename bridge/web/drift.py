"""What was found changed at the vendors and left so, as an operation of the operator API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel
from starlette.requests import Request

from bridge.domain.drift import DriftOf
from bridge.domain.ids import SiteId
from bridge.service.drift import DriftView
from bridge.web.operations import Operation
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


def drift_operations(drift: DriftView) -> Sequence[Operation]:
    async def listed(request: Request) -> BaseModel:
        site = request.query_params.get("site")
        found = await drift.listed(site=None if site is None else SiteId(site))
        return DriftList(rows=[DriftOut.of(row) for row in found])

    return (
        Operation(
            method="GET",
            path="/drift",
            summary="What was found changed at the gate systems and left so, by tenant",
            gives=DriftList,
            call=listed,
            query=(("site", "string"),),
        ),
    )
