"""The ledger as proof, as operations of the operator API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from bridge.domain.ids import SiteId, TenantId
from bridge.ports.proof import Extract, LedgerRow
from bridge.service.ledger_proof import MAX_COPIED, BrokenLink, Checked, LedgerProof
from bridge.web.catch_up import since_of
from bridge.web.operations import MAX_REQUEST_BYTES, BadRequest, Operation, number_of
from bridge.web.receiver import read_body
from bridge.web.schemas import Shape


class VerifyIn(Shape):
    """Where to go on, as the answer before said; nothing to begin."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(default=0, ge=0)
    through: int | None = Field(default=None, ge=0)


class BrokenLinkOut(Shape):
    """The first entry that does not hold: it, or one before it, was changed, added or taken away."""

    number: int
    at: datetime | None
    why: str

    @classmethod
    def of(cls, broken: BrokenLink) -> Self:
        return cls(number=broken.number, at=broken.at, why=broken.why)


class VerifiedOut(Shape):
    """`checked` more entries hold. Ask again with `last` as `after`, and `through`, unless it is done or broken."""

    checked: int
    last: int
    through: int
    is_done: bool
    first_at: datetime | None
    last_at: datetime | None
    chain: str | None
    broken: BrokenLinkOut | None

    @classmethod
    def of(cls, found: Checked) -> Self:
        return cls(
            checked=found.checked,
            last=found.last,
            through=found.through,
            is_done=found.is_done,
            first_at=found.first_at,
            last_at=found.last_at,
            chain=found.chain,
            broken=None if found.broken is None else BrokenLinkOut.of(found.broken),
        )


class LedgerRowOut(Shape):
    """One entry, with its chain value and that of the entry before it. A line that cannot be read has no kind."""

    number: int
    at: str | None
    kind: str | None
    what: str | None
    connection: str | None
    site: str | None
    tenant: str | None
    rental: str | None
    target: str | None
    details: dict[str, str]
    previous: str
    chain: str

    @classmethod
    def of(cls, row: LedgerRow) -> Self:
        entry = row.entry
        subject = None if entry is None else entry.subject
        return cls(
            number=row.number,
            at=None if entry is None else entry.at.isoformat(),
            kind=None if entry is None else str(entry.kind),
            what=None if entry is None else entry.what,
            connection=None if subject is None else subject.connection,
            site=None if subject is None else subject.site,
            tenant=None if subject is None else subject.tenant,
            rental=None if entry is None else entry.rental,
            target=None if entry is None else entry.target,
            details={} if entry is None else {str(name): str(text) for name, text in entry.details.items()},
            previous=row.previous,
            chain=row.chain,
        )


class LedgerOut(Shape):
    """Entries, the oldest first. `after` goes on after these, through the same `through`; null where these were all."""

    entries: list[LedgerRowOut]
    after: int | None
    through: int


def ledger_operations(ledger: LedgerProof) -> Sequence[Operation]:
    async def verify(request: Request) -> BaseModel:
        body = await read_body(request, MAX_REQUEST_BYTES)
        asked = VerifyIn.model_validate_json(body) if body else VerifyIn()
        return VerifiedOut.of(await ledger.check(after=asked.after, through=asked.through))

    async def copy(request: Request) -> BaseModel:
        limit = min(max(number_of(request, "limit", MAX_COPIED), 1), MAX_COPIED)
        through = number_of(request, "through", 0) if "through" in request.query_params else None
        after = number_of(request, "after", 0)
        rows, through = await ledger.copy(_extract(request), after=after, through=through, limit=limit)
        more = rows[-1].number if len(rows) == limit else None
        return LedgerOut(entries=[LedgerRowOut.of(row) for row in rows], after=more, through=through)

    return (
        Operation(
            method="GET",
            path="/ledger",
            summary="Entries of the ledger with their chain values, the oldest first",
            gives=LedgerOut,
            call=copy,
            query=(
                *(("since", "string"), ("until", "string"), ("site", "string"), ("tenant", "string")),
                *(("after", "integer"), ("through", "integer"), ("limit", "integer")),
            ),
        ),
        Operation(
            method="POST",
            path="/ledger/verify",
            summary="Check the ledger's chain, a part at a time; a broken one raises an alert",
            gives=VerifiedOut,
            call=verify,
            takes=VerifyIn,
            needs_body=False,
        ),
    )


def _extract(request: Request) -> Extract:
    query = request.query_params
    for name in ("site", "tenant"):
        if "\0" in query.get(name, ""):
            raise BadRequest(f"{name} is not as it should be")
    return Extract(
        since=since_of(query.get("since"), "since"),
        until=since_of(query.get("until"), "until"),
        site=SiteId(query["site"]) if "site" in query else None,
        tenant=TenantId(query["tenant"]) if "tenant" in query else None,
    )
