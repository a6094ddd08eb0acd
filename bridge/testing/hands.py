"""What applies changes to an adapter as the bridge does, and forgets or dies on demand."""

import json
from enum import StrEnum

from bridge.domain.changes import Change, Kind, Observed
from bridge.domain.credential import GateCode
from bridge.domain.ids import ConnectionName, SiteId, SubjectKey, TargetId, TenantId
from bridge.domain.tenancy import Tenant
from bridge.ports.adapter import Adapter, Person, Ref


class Crash(BaseException):
    """The process ends here. No error of the bridge, so nothing may catch it."""


class Keeping(StrEnum):
    """What an adapter asks its checkpoint to keep."""

    REF = "keep_ref"
    CODE = "keep_code"


def somebody(name: str = "Mira Okafor", tenant: str = "t-1", site: str = "site-1") -> Person:
    subject = SubjectKey(connection=ConnectionName("lakeside"), site=SiteId(site), tenant=TenantId(tenant))
    return Person(key=f"lakeside:{site}:{tenant}", subject=subject, tenant=Tenant(name=name))


class Hands:
    """A person's changes, with the reference and the code that were kept last. It is its own checkpoint.

    `crashes_at` ends the process once, when that is to be kept next, before it is.
    """

    def __init__(self, adapter: Adapter, person: Person) -> None:
        self.adapter = adapter
        self.person = person
        self.ref: Ref | None = None
        self.code: GateCode | None = None
        self.made_codes: list[GateCode] = []
        self.touched: set[TargetId] = set()
        self.crashes_at: Keeping | None = None

    async def keep_ref(self, ref: Ref) -> None:
        self._die_at(Keeping.REF)
        self.ref = _through_a_store(ref)

    async def keep_code(self, code: GateCode) -> None:
        self._die_at(Keeping.CODE)
        self.code = code
        self.made_codes.append(code)

    async def apply(self, kind: Kind, target: TargetId | None = None, code: GateCode | None = None) -> None:
        change = Change(kind=kind, target=target, code=code)
        self.touched |= {target} if target is not None else set()
        ref = await self.adapter.apply(change, self.person, self.ref, self)
        self.ref = None if ref is None else _through_a_store(ref)
        self.code = code or self.code

    async def observe(self) -> Observed:
        return await self.adapter.observe(self.person, self.ref, frozenset(self.touched))

    def _die_at(self, keeping: Keeping) -> None:
        if self.crashes_at is keeping:
            self.crashes_at = None
            raise Crash


def _through_a_store(ref: Ref) -> Ref:
    """Return `ref` as a store gives it back: what is no JSON is found out here."""
    kept: Ref = json.loads(json.dumps(ref))
    return kept
