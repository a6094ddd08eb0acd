"""Revoking all access of a person and giving it back, as operations of the operator API."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from bridge.domain.closing import DoorEnd
from bridge.domain.revocations import Revocation
from bridge.service.followed import Progress
from bridge.service.revocations import FOREIGN, Closing, Revocations, SiteEnd
from bridge.web.erasure import Name, Said
from bridge.web.operations import MAX_REQUEST_BYTES, BadRequest, Operation
from bridge.web.receiver import read_body
from bridge.web.schemas import Shape


class RevokeIn(Shape):
    """Whom, and perhaps at one site only; who asks and why, for the ledger and for whoever looks."""

    model_config = ConfigDict(extra="forbid")

    tenant: Name
    connection: Name | None = None
    site: Name | None = None
    who: Said
    reason: Said


class RevocationOut(Shape):
    """`site` is null where it is every site of the connection."""

    connection: str
    tenant: str
    site: str | None
    since: datetime
    who: str
    reason: str

    @classmethod
    def of(cls, one: Revocation) -> Self:
        banned = one.banned
        return cls(
            connection=banned.connection,
            tenant=banned.tenant,
            site=banned.site,
            since=one.since,
            who=one.who,
            reason=one.reason,
        )


class RevocationList(Shape):
    """What stands, the oldest first."""

    revocations: list[RevocationOut]

    @classmethod
    def of(cls, standing: Sequence[Revocation]) -> Self:
        return cls(revocations=[RevocationOut.of(one) for one in standing])


class DoorEndOut(Shape):
    """A door that was not closed before. `why` says what is in the way as long as it is not confirmed to be closed."""

    door: str
    state: str
    accepted_at: datetime | None
    confirmed_at: datetime | None
    foreign: bool
    why: str | None

    @classmethod
    def of(cls, end: DoorEnd, why: str | None) -> Self:
        return cls(
            door=end.door,
            state=end.state,
            accepted_at=end.accepted_at,
            confirmed_at=end.confirmed_at,
            foreign=end.is_foreign,
            why=None if end.is_closed else FOREIGN if end.is_foreign else why,
        )


class SiteEndOut(Shape):
    """How far it is at one site: waiting, running, done, retrying or dead. A pause there is passed by.

    Of a site in shadow the bridge closes nothing.
    """

    site: str
    progress: Progress
    due_at: datetime | None
    why: str | None
    paused: str | None
    in_shadow: bool
    doors: list[DoorEndOut]

    @classmethod
    def of(cls, end: SiteEnd) -> Self:
        return cls(
            site=end.work.subject.site,
            progress=end.work.progress,
            due_at=end.work.due_at,
            why=end.work.why,
            paused=end.paused,
            in_shadow=end.is_shadow,
            doors=[DoorEndOut.of(door, end.why) for door in end.doors],
        )


class ClosingOut(Shape):
    """Where nothing is revoked, the doors are those that the person has now. `open` counts those not closed."""

    connection: str
    tenant: str
    revocation: RevocationOut | None
    open: int
    sites: list[SiteEndOut]

    @classmethod
    def of(cls, closing: Closing) -> Self:
        revocation = closing.revocation
        return cls(
            connection=closing.banned.connection,
            tenant=closing.banned.tenant,
            revocation=None if revocation is None else RevocationOut.of(revocation),
            open=sum(not door.is_closed for site in closing.sites for door in site.doors),
            sites=[SiteEndOut.of(site) for site in closing.sites],
        )


def revocation_operations(revocations: Revocations, nudge: Callable[[], None]) -> Sequence[Operation]:
    async def listed(_: Request) -> BaseModel:
        return RevocationList.of(await revocations.standing())

    async def look(request: Request) -> BaseModel:
        asked = {name: request.query_params.get(name) for name in ("connection", "site")}
        tenant = request.query_params.get("tenant", "")
        if not tenant or not all(text.isprintable() for text in (tenant, *asked.values()) if text is not None):
            raise BadRequest("tenant must be given")
        return ClosingOut.of(await revocations.look(tenant, connection=asked["connection"], site=asked["site"]))

    async def revoke(request: Request) -> BaseModel:
        asked = RevokeIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        closing = await revocations.revoke(**asked.model_dump())
        nudge()
        return ClosingOut.of(closing)

    async def lift(request: Request) -> BaseModel:
        asked = RevokeIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        left = await revocations.lift(**asked.model_dump())
        nudge()
        return RevocationList.of(left)

    return (
        Operation(
            method="GET",
            path="/revocations",
            summary="Whose access a person has revoked, the oldest first",
            gives=RevocationList,
            call=listed,
        ),
        Operation(
            method="GET",
            path="/revocations/doors",
            summary="How far a person's doors are closed, or which they have",
            gives=ClosingOut,
            call=look,
            query=tuple((name, "string") for name in ("tenant", "connection", "site")),
        ),
        Operation(
            method="POST",
            path="/revocations",
            summary="Take all access of a person away at once, ahead of everything, until it is lifted",
            gives=ClosingOut,
            call=revoke,
            takes=RevokeIn,
        ),
        Operation(
            method="POST",
            path="/revocations/lift",
            summary="Have the rules decide again; gives what still stands for the tenant",
            gives=RevocationList,
            call=lift,
            takes=RevokeIn,
        ),
    )
