"""Forgetting a tenant, as operations of the operator API."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request

from bridge.domain.dead_letters import MAX_REASON
from bridge.domain.erasure import PersonalData
from bridge.domain.ids import ConnectionName, TenantId
from bridge.service.erasures import Erasures
from bridge.web.operations import MAX_REQUEST_BYTES, BadRequest, Operation
from bridge.web.receiver import read_body
from bridge.web.schemas import Shape

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON)]
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,256}$")]


class EraseIn(Shape):
    """Whom to forget; who asks and why, for the ledger."""

    model_config = ConfigDict(extra="forbid")

    tenant: Name
    connection: Name | None = None
    who: Said
    reason: Said


class PersonalOut(Shape):
    """What is, or was, kept of a tenant at one site; `why_kept` says why it cannot be erased now."""

    connection: str
    site: str
    tenant: str
    deliveries: int
    codes: int
    has_reference: bool
    why_kept: str | None

    @classmethod
    def of(cls, found: PersonalData) -> Self:
        return cls(
            connection=found.subject.connection,
            site=found.subject.site,
            tenant=found.subject.tenant,
            deliveries=found.deliveries,
            codes=found.codes,
            has_reference=found.has_reference,
            why_kept=found.why_kept(),
        )


class PersonalList(Shape):
    sites: list[PersonalOut]


def erasure_operations(erasures: Erasures) -> Sequence[Operation]:
    async def look(request: Request) -> BaseModel:
        tenant, name = request.query_params.get("tenant", ""), request.query_params.get("connection")
        if not tenant or not tenant.isprintable():
            raise BadRequest("tenant must be given")
        connection = None if name is None else ConnectionName(name)
        found = await erasures.look(TenantId(tenant), connection=connection)
        return PersonalList(sites=[PersonalOut.of(one) for one in found])

    async def erase(request: Request) -> BaseModel:
        asked = EraseIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        connection = None if asked.connection is None else ConnectionName(asked.connection)
        found = await erasures.erase(TenantId(asked.tenant), who=asked.who, reason=asked.reason, connection=connection)
        return PersonalList(sites=[PersonalOut.of(one) for one in found])

    return (
        Operation(
            method="GET",
            path="/personal-data",
            summary="What is kept of a tenant that is more than ids",
            gives=PersonalList,
            call=look,
            query=(("tenant", "string"), ("connection", "string")),
        ),
        Operation(
            method="POST",
            path="/personal-data/erase",
            summary="Erase it; not while a door may be open",
            gives=PersonalList,
            call=erase,
            takes=EraseIn,
        ),
    )
