"""How sites in shadow agree with what is done there now: `GET /api/v1/shadow`."""

from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel
from starlette.requests import Request

from bridge.domain.agreement import Compared, Turn
from bridge.service.shadow_report import ShadowReport, SiteAgreement
from bridge.web.explain import moment_of
from bridge.web.operations import BadRequest, Operation
from bridge.web.schemas import Shape


class TurnOut(Shape):
    """From `at` on the door was to be `to`. The other side came at most so many `minutes` later; null: not yet."""

    at: datetime
    to: str
    they_follow: bool
    minutes: float | None

    @classmethod
    def of(cls, turn: Turn) -> Self:
        minutes = None if turn.seconds is None else round(turn.seconds / 60, 1)
        return cls(at=turn.at, to=turn.to, they_follow=turn.they_follow, minutes=minutes)


class ComparedOut(Shape):
    """One rental at its own door: agree, we_open, they_open or unknown; `held` says what the guard would have said."""

    tenant: str
    rental: str
    door: str
    ours: str
    theirs: str
    standing: str
    since: datetime
    turns: list[TurnOut]
    held: str | None

    @classmethod
    def of(cls, row: Compared) -> Self:
        return cls(
            tenant=row.subject.tenant,
            rental=row.rental,
            door=row.door,
            ours=row.ours,
            theirs=row.theirs,
            standing=row.standing,
            since=row.since,
            turns=[TurnOut.of(turn) for turn in row.turns],
            held=row.held,
        )


class SiteAgreementOut(Shape):
    """`percent` is of the rentals that can be compared, null without any; minutes are of what they followed."""

    connection: str
    site: str
    percent: float | None
    totals: dict[str, int]
    they_followed: int
    we_followed: int
    median_minutes: float | None
    most_minutes: float | None
    would: dict[str, int]
    held: int
    rentals: list[ComparedOut]

    @classmethod
    def of(cls, one: SiteAgreement) -> Self:
        told = one.agreement
        return cls(
            connection=one.site[0],
            site=one.site[1],
            percent=told.percent,
            totals={str(standing): count for standing, count in told.totals.items()},
            they_followed=told.they_followed,
            we_followed=told.we_followed,
            median_minutes=told.median_minutes,
            most_minutes=told.most_minutes,
            would=dict(told.would),
            held=told.held,
            rentals=[ComparedOut.of(row) for row in told.rows],
        )


class ShadowOut(Shape):
    sites: list[SiteAgreementOut]


def shadow_operation(report: ShadowReport) -> Operation:
    async def call(request: Request) -> BaseModel:
        site, since = request.query_params.get("site"), since_of(request.query_params.get("since"))
        return ShadowOut(sites=[SiteAgreementOut.of(one) for one in await report.report(site, since=since)])

    return Operation(
        method="GET",
        path="/shadow",
        summary="How sites in shadow agree with what is done there now, rental by rental",
        gives=ShadowOut,
        call=call,
        query=(("site", "string"), ("since", "string")),
    )


def since_of(text: str | None) -> datetime | None:
    """Return the moment, in UTC where it has no offset. Raises `BadRequest`."""
    try:
        named = moment_of(text)
    except BadRequest:
        raise BadRequest("since must be an ISO 8601 time such as 2026-03-05T09:00, in UTC or with an offset") from None
    if named is None:
        return None
    return named.replace(tzinfo=UTC) if named.tzinfo is None else named.astimezone(UTC)
