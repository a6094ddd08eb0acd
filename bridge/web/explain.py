"""Why a tenant can enter or not, as an operation of the operator API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol, Self

from pydantic import BaseModel
from starlette.requests import Request

from bridge.domain.checks import Check
from bridge.domain.explanation import RentalExplanation
from bridge.domain.ids import SiteId
from bridge.domain.scene import Work
from bridge.domain.whom import By, Whom
from bridge.service.explain import Explanation, SubjectExplanation
from bridge.web.operations import BadRequest, Operation
from bridge.web.schemas import Shape

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2199
"""The same as of the dates that are read from a platform."""


class Explain(Protocol):
    async def __call__(self, whom: Whom, *, at: datetime | None = None) -> Explanation: ...


class CheckOut(Shape):
    """One question: `verdict` is pass, fail or unknown. `since` and `turns` say since when, and when it may change."""

    name: str
    verdict: str
    evidence: str
    since: datetime | None
    turns: datetime | None

    @classmethod
    def of(cls, check: Check) -> Self:
        return cls(
            name=check.name, verdict=check.verdict, evidence=check.evidence, since=check.since, turns=check.turns
        )


class RentalOut(Shape):
    """One rental: its checks in their order, what they come to, what the bridge does next, and what to do."""

    rental: str
    unit: str | None
    checks: list[CheckOut]
    status: str
    since: datetime | None
    follows: list[str]
    next_change: datetime | None
    advice: list[str]

    @classmethod
    def of(cls, told: RentalExplanation) -> Self:
        return cls(
            rental=told.rental,
            unit=told.unit,
            checks=[CheckOut.of(check) for check in told.checks],
            status=told.status,
            since=told.since,
            follows=list(told.follows),
            next_change=told.next_change,
            advice=list(told.advice),
        )


class WorkOut(Shape):
    """The tenant's place in the queue: `state` is idle, ready, running or dead."""

    state: str
    due_at: datetime | None
    attempts: int
    note: str | None

    @classmethod
    def of(cls, row: Work) -> Self:
        return cls(state=row.state, due_at=row.due_at, attempts=row.attempts, note=row.note)


class ExplainedOut(Shape):
    """One tenant at one site at one moment. `work` is null for a tenant of whom the bridge has not heard."""

    connection: str
    site: str
    tenant: str
    moment: datetime
    moment_at_site: str
    is_now: bool
    work: WorkOut | None
    rentals: list[RentalOut]

    @classmethod
    def of(cls, told: SubjectExplanation) -> Self:
        return cls(
            connection=told.subject.connection,
            site=told.subject.site,
            tenant=told.subject.tenant,
            moment=told.moment,
            moment_at_site=told.moment_at_site,
            is_now=told.is_now,
            work=None if told.work is None else WorkOut.of(told.work),
            rentals=[RentalOut.of(rental) for rental in told.rentals],
        )


class ExplainOut(Shape):
    """Everybody whom the question is about; `notes` tell of what could not be asked."""

    subjects: list[ExplainedOut]
    notes: list[str]


def explain_operation(explain: Explain) -> Operation:
    async def call(request: Request) -> BaseModel:
        query = request.query_params
        told = await explain(whom_of(query), at=moment_of(query.get("at")))
        return ExplainOut(subjects=[ExplainedOut.of(one) for one in told.subjects], notes=list(told.notes))

    return Operation(
        method="GET",
        path="/explain",
        summary="Why a tenant can enter or not, now or by the rules at another moment, and what to do",
        gives=ExplainOut,
        call=call,
        query=(("tenant", "string"), ("rental", "string"), ("unit", "string"), ("site", "string"), ("at", "string")),
    )


def whom_of(query: Mapping[str, str]) -> Whom:
    """Return whom the query is about. Raises `BadRequest` where it does not name exactly one."""
    named = [(by, query[by].strip()) for by in By if by in query]
    if len(named) != 1:
        raise BadRequest("exactly one of tenant, rental and unit must be given")
    by, text = named[0]
    if not text:
        raise BadRequest(f"{by} must not be blank")
    site = query.get("site")
    return Whom(by=by, id=text, site=None if site is None else SiteId(site))


def moment_of(text: str | None) -> datetime | None:
    """Return the moment that `text` names, without an offset where it has none. Raises `BadRequest`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise BadRequest("at must be an ISO 8601 time such as 2026-03-05T09:00, by the site's clock or with an offset")
    return moment
