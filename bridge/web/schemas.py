"""The operator API's shapes, for people and scripts; OpenAPI is made from them."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from bridge.ports.store import AlertRow, DeliveryRow, SubjectRow
from bridge.service.swept import Swept


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class SubjectOut(Shape):
    """A subject that a delivery marked."""

    connection: str
    site: str
    tenant: str
    state: str
    due_at: datetime | None
    attempts: int
    note: str | None

    @classmethod
    def of(cls, row: SubjectRow) -> Self:
        return cls(
            connection=row.key.connection,
            site=row.key.site,
            tenant=row.key.tenant,
            state=row.state,
            due_at=row.due_at,
            attempts=row.attempts,
            note=row.note,
        )


class DeliveryOut(Shape):
    """A delivery without its body."""

    id: int
    connection: str
    event_id: str
    event_type: str
    received_at: datetime
    state: str
    attempts: int
    due_at: datetime | None
    note: str | None

    @classmethod
    def of(cls, row: DeliveryRow) -> Self:
        return cls(**_columns(row))


class DeliveryDetail(DeliveryOut):
    """A delivery with its body, as text, and the subjects that it marked. A body that is no longer kept is null."""

    body: str | None
    headers: dict[str, str]
    subjects: list[SubjectOut]

    @classmethod
    def of(cls, row: DeliveryRow) -> Self:
        return cls(
            **_columns(row),
            body=None if row.body is None else row.body.decode("utf-8", errors="replace"),
            headers=dict(row.headers),
            subjects=[SubjectOut.of(subject) for subject in row.subjects],
        )


class DeliveryList(Shape):
    deliveries: list[DeliveryOut]


class ReplayIn(Shape):
    """Who asks, for the ledger."""

    who: str


class AlertOut(Shape):
    id: int
    at: datetime
    what: str
    connection: str | None
    site: str | None
    tenant: str | None
    rental: str | None
    details: dict[str, str]

    @classmethod
    def of(cls, row: AlertRow) -> Self:
        entry = row.entry
        return cls(
            id=row.id,
            at=entry.at,
            what=entry.what,
            connection=entry.subject.connection if entry.subject else None,
            site=entry.subject.site if entry.subject else None,
            tenant=entry.subject.tenant if entry.subject else None,
            rental=entry.rental,
            details=dict(entry.details),
        )


class AlertList(Shape):
    alerts: list[AlertOut]


class StatusOut(Shape):
    """What waits or needs a person, by queue and state."""

    version: str
    rows: dict[str, int]


class SweepIn(Shape):
    """The platform's id of the site to sweep; all sites without. A word that is not known here widens nothing."""

    model_config = ConfigDict(extra="forbid")

    site: str | None = None


class NotListedOut(Shape):
    """A site whose rentals could not be had from the platform."""

    connection: str
    site: str
    why: str


class SweepOut(Shape):
    """Known tenants that are looked at again or are in step, and tenants found that were not known.

    `not_listed` are sites whose list did not come, `unknown` those whose list is not complete: who is missing there is
    left as they are.
    """

    marked: int
    in_step: int
    found: int
    not_listed: list[NotListedOut]
    unknown: list[NotListedOut]

    @classmethod
    def of(cls, swept: Swept) -> Self:
        missed, doubted = (
            [NotListedOut(connection=one.connection, site=one.site, why=one.why) for one in sites]
            for sites in (swept.not_listed, swept.unknown)
        )
        return cls(marked=swept.known, in_step=swept.in_step, found=swept.found, not_listed=missed, unknown=doubted)


class ErrorOut(Shape):
    message: str


def _columns(row: DeliveryRow) -> dict[str, object]:
    names = ("id", "connection", "event_id", "event_type", "received_at", "attempts", "due_at", "note")
    return {**{name: getattr(row, name) for name in names}, "state": str(row.state)}
