# ruff: noqa: S101 - pytest asserts
"""What every adapter must keep, as tests that an author subclasses.

::

    class TestMyAdapter(AdapterConformance):
        @asynccontextmanager
        async def open_adapter(self):
            yield MyAdapter(options, context)   # over an empty account, or a simulation of one
"""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

import pytest

from bridge.domain.credential import GateCode
from bridge.domain.ids import ConnectionName, SiteId, SubjectKey, TargetId, TenantId
from bridge.domain.plan import Change, EntryState, Kind, Observed
from bridge.domain.tenancy import Tenant
from bridge.ports.adapter import Adapter, Person, Ref


class Crash(BaseException):
    """The process ends here. No error of the bridge, so nothing may catch it."""


def somebody(name: str = "Mira Okafor", tenant: str = "t-1", site: str = "site-1") -> Person:
    subject = SubjectKey(connection=ConnectionName("lakeside"), site=SiteId(site), tenant=TenantId(tenant))
    return Person(key=f"lakeside:{site}:{tenant}", subject=subject, tenant=Tenant(name=name))


class Hands:
    """Applies changes as the bridge does: with the reference that was kept last, or with none."""

    def __init__(self, adapter: Adapter, person: Person) -> None:
        self.adapter = adapter
        self.person = person
        self.ref: Ref | None = None

    async def keep(self, ref: Ref) -> None:
        self.ref = ref

    async def apply(self, kind: Kind, target: TargetId | None = None, code: GateCode | None = None) -> None:
        change = Change(kind=kind, target=target, code=code)
        self.ref = await self.adapter.apply(change, self.person, self.ref, self.keep)

    async def observe(self) -> Observed:
        return await self.adapter.observe(self.person, self.ref)


class AdapterConformance(ABC):
    """Subclass as `Test...` and say how the adapter is opened, over an account without anybody in it."""

    pytestmark: ClassVar = [pytest.mark.anyio]
    door: ClassVar[TargetId] = TargetId("B-014")
    other_door: ClassVar[TargetId] = TargetId("B-021")
    code: ClassVar[GateCode] = GateCode("048213")
    other_code: ClassVar[GateCode] = GateCode("590274")

    @abstractmethod
    def open_adapter(self) -> AbstractAsyncContextManager[Adapter]:
        """Give the adapter for the length of a block."""

    async def test_nobody_is_observed_before_the_first_grant(self) -> None:
        async with self.open_adapter() as adapter:
            assert await Hands(adapter, somebody()).observe() == Observed()

    async def test_a_grant_is_observed_with_its_code(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await hands.apply(Kind.GRANT, self.door, self.code)
            seen = await hands.observe()
            assert (seen.exists, seen.code) == (True, self.code)
            assert seen.entries == {self.door: EntryState.ACTIVE}

    async def test_a_grant_without_its_reference_adopts_what_exists(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await hands.apply(Kind.GRANT, self.door, self.code)
            first, hands.ref = hands.ref, None
            await hands.apply(Kind.GRANT, self.other_door, self.code)
            seen = await hands.observe()
            assert hands.ref == first
            assert seen.entries == {self.door: EntryState.ACTIVE, self.other_door: EntryState.ACTIVE}

    async def test_a_grant_goes_on_after_a_crash_at_its_checkpoint(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())

            async def crash(_: Ref) -> None:
                raise Crash

            change = Change(kind=Kind.GRANT, target=self.door, code=self.code)
            with pytest.raises(Crash):
                await adapter.apply(change, hands.person, None, crash)
            await hands.apply(Kind.GRANT, self.door, self.code)
            seen = await hands.observe()
            assert (seen.code, seen.entries) == (self.code, {self.door: EntryState.ACTIVE})

    async def test_a_suspension_keeps_the_code(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await hands.apply(Kind.GRANT, self.door, self.code)
            await hands.apply(Kind.SUSPEND, self.door)
            seen = await hands.observe()
            assert (seen.code, seen.entries) == (self.code, {self.door: EntryState.SUSPENDED})

    async def test_a_resumed_door_is_open(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await hands.apply(Kind.GRANT, self.door, self.code)
            await hands.apply(Kind.SUSPEND, self.door)
            await hands.apply(Kind.RESUME, self.door, self.code)
            assert (await hands.observe()).entries == {self.door: EntryState.ACTIVE}

    async def test_one_of_two_doors_is_closed_alone(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await hands.apply(Kind.GRANT, self.door, self.code)
            await hands.apply(Kind.GRANT, self.other_door, self.code)
            await hands.apply(Kind.REVOKE, self.door)
            assert (await hands.observe()).entries == {self.other_door: EntryState.ACTIVE}

    async def test_a_new_code_replaces_the_old_one(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await hands.apply(Kind.GRANT, self.door, self.code)
            await hands.apply(Kind.CHANGE_CODE, None, self.other_code)
            seen = await hands.observe()
            assert (seen.code, seen.entries) == (self.other_code, {self.door: EntryState.ACTIVE})

    async def test_what_is_gone_already_is_removed_without_an_error(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await hands.apply(Kind.GRANT, self.door, self.code)
            kept = hands.ref
            for ref in (kept, kept, None):
                hands.ref = ref
                await hands.apply(Kind.REVOKE, self.door)
                hands.ref = ref
                await hands.apply(Kind.REMOVE_PERSON)
            assert await hands.observe() == Observed()

    async def test_another_persons_access_is_left_alone(self) -> None:
        async with self.open_adapter() as adapter:
            mira, other = Hands(adapter, somebody()), Hands(adapter, somebody("Ivo", "t-2"))
            await mira.apply(Kind.GRANT, self.door, self.code)
            await other.apply(Kind.GRANT, self.door, self.other_code)
            await mira.apply(Kind.REMOVE_PERSON)
            seen = await other.observe()
            assert (seen.code, seen.entries) == (self.other_code, {self.door: EntryState.ACTIVE})
