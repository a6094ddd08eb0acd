"""How the work stands, as an operation of the operator API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel
from starlette.requests import Request

from bridge.domain.ids import SiteId
from bridge.domain.pauses import Pause
from bridge.ports.queue import QueuedWork, QueueView
from bridge.service.breakers import Breakers, NotAnswering
from bridge.service.desk import Desk
from bridge.service.pauses import Pauses
from bridge.web.operations import Operation, number_of
from bridge.web.pauses import PauseOut
from bridge.web.schemas import Shape


class QueuedWorkOut(Shape):
    """A subject (`s17`) or a delivery (`d42`). `at` is its next try or the end of its lease, `why` its last failure."""

    id: str
    connection: str
    site: str | None
    tenant: str | None
    event_type: str | None
    at: datetime
    since: datetime | None
    attempts: int
    why: str | None

    @classmethod
    def of(cls, work: QueuedWork) -> Self:
        return cls(
            id=str(work.id),
            connection=work.connection,
            site=work.site,
            tenant=work.tenant,
            event_type=work.event_type,
            at=work.at,
            since=work.since,
            attempts=work.attempts,
            why=work.why,
        )


class NotAnsweringOut(Shape):
    """A site whose gate system does not answer, `open` or `half_open`: it is left alone until `next_probe`."""

    connection: str
    site: str
    adapter: str
    state: str
    since: datetime
    next_probe: datetime
    why: str

    @classmethod
    def of(cls, row: NotAnswering) -> Self:
        return cls(
            connection=row.site[0],
            site=row.site[1],
            adapter=row.adapter,
            state=row.state,
            since=row.since,
            next_probe=row.next_probe,
            why=row.why,
        )


class QueueOut(Shape):
    """Deliveries of all sites and subjects, by state; the oldest event owed; what is next, runs and is held up."""

    at: datetime
    deliveries: dict[str, int]
    subjects: dict[str, int]
    oldest: datetime | None
    oldest_seconds: float | None
    next_tries: list[QueuedWorkOut]
    running: list[QueuedWorkOut]
    paused: list[PauseOut]
    not_answering: list[NotAnsweringOut]

    @classmethod
    def of(cls, view: QueueView, pauses: Sequence[Pause], not_answering: Sequence[NotAnswering]) -> Self:
        return cls(
            at=view.at,
            deliveries=dict(view.deliveries),
            subjects=dict(view.subjects),
            oldest=view.oldest,
            oldest_seconds=None if view.oldest is None else max((view.at - view.oldest).total_seconds(), 0.0),
            next_tries=[QueuedWorkOut.of(work) for work in view.next_tries],
            running=[QueuedWorkOut.of(work) for work in view.running],
            paused=[PauseOut.of(pause) for pause in pauses],
            not_answering=[NotAnsweringOut.of(row) for row in not_answering],
        )


def queue_operation(desk: Desk, pauses: Pauses, breakers: Breakers) -> Operation:
    async def call(request: Request) -> BaseModel:
        site = request.query_params.get("site")
        chosen = None if site is None else SiteId(site)
        view = await desk.queue(site=chosen, limit=number_of(request, "limit", 10))
        return QueueOut.of(view, await pauses.current(), breakers.not_answering())

    return Operation(
        method="GET",
        path="/queue",
        summary="How the work stands: by state, the oldest event, the next tries, what runs; or a site's subjects",
        gives=QueueOut,
        call=call,
        query=(("site", "string"), ("limit", "integer")),
    )
