# ruff: noqa: S101 - pytest asserts
"""What every adapter must keep, as tests that an author subclasses.

::

    class TestMyAdapter(AdapterConformance):
        capabilities = CAPABILITIES   # what the adapter declares for the options below

        @asynccontextmanager
        async def open_adapter(self):
            yield MyAdapter(options, context)   # over an empty account, or a simulation of one

The checks follow the capabilities; those of an ability that the vendor does not have are skipped.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import ClassVar

import pytest

from bridge.domain.capabilities import Capabilities, CodeMaker, SuspendScope
from bridge.domain.changes import EntryState, Kind, Observed
from bridge.domain.credential import CodeRefusal, CodeRules, GateCode
from bridge.domain.ids import TargetId
from bridge.ports.adapter import Adapter
from bridge.testing.hands import Crash, Hands, Keeping, somebody

ACTIVE, SUSPENDED = EntryState.ACTIVE, EntryState.SUSPENDED


class AdapterConformance(ABC):
    """Subclass as `Test...` and say how the adapter is opened, over an account without anybody in it."""

    pytestmark: ClassVar = [pytest.mark.anyio]
    capabilities: ClassVar[Capabilities] = Capabilities(code_rules=CodeRules())
    door: ClassVar[TargetId] = TargetId("B-014")
    other_door: ClassVar[TargetId] = TargetId("B-021")
    code: ClassVar[GateCode] = GateCode("048213")
    other_code: ClassVar[GateCode] = GateCode("590274")

    @abstractmethod
    def open_adapter(self) -> AbstractAsyncContextManager[Adapter]:
        """Give the adapter for the length of a block."""

    async def opens(self, code: GateCode, door: TargetId) -> bool | None:  # noqa: ARG002 - for those who can tell
        """Say whether `code` opens `door` now, where the opened account can be tried; None where nobody can tell."""
        return None

    async def test_nobody_is_observed_before_the_first_grant(self) -> None:
        async with self.open_adapter() as adapter:
            assert await Hands(adapter, somebody()).observe() == Observed()

    async def test_a_grant_is_observed_with_its_code(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await self._grant(hands, self.door)
            await self._sees(hands, {self.door: ACTIVE})
            assert bool(hands.made_codes) is self._makes_codes

    async def test_a_second_door_opens_with_the_same_code(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await self._grant(hands, self.door)
            first = hands.code
            await self._grant(hands, self.other_door)
            assert hands.code == first
            await self._sees(hands, {self.door: ACTIVE, self.other_door: ACTIVE})

    async def test_a_grant_without_its_reference_adopts_what_exists(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await self._grant(hands, self.door)
            first, hands.ref = hands.ref, None
            await self._grant(hands, self.other_door)
            await self._change_code(hands)
            assert hands.ref == first
            await self._sees(hands, {self.door: ACTIVE, self.other_door: ACTIVE})

    @pytest.mark.parametrize("keeping", Keeping)
    async def test_a_grant_goes_on_after_a_crash_at_its_checkpoint(self, keeping: Keeping) -> None:
        self._only_if(keeping is Keeping.REF or self._makes_codes, "no code is made at this vendor")
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            hands.crashes_at = keeping
            with pytest.raises(Crash):
                await self._grant(hands, self.door)
            await self._grant(hands, self.door)
            if self._makes_codes:
                await self._change_code(hands)
            await self._sees(hands, {self.door: ACTIVE})

    @pytest.mark.parametrize("crashes", [False, True])
    async def test_a_new_code_replaces_the_old_one(self, crashes: bool) -> None:  # noqa: FBT001 - pytest passes it by name
        self._only_if(not crashes or self._makes_codes, "no code is made at this vendor")
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await self._grant(hands, self.door)
            old = hands.code
            if crashes:
                hands.crashes_at = Keeping.CODE
                with pytest.raises(Crash):
                    await self._change_code(hands)
                assert self.capabilities.reads_codes or (await hands.observe()).code_in_doubt
            await self._change_code(hands)
            assert old is not None
            assert hands.code != old
            await self._sees(hands, {self.door: ACTIVE})
            assert await self.opens(old, self.door) is not True

    async def test_codes_keep_the_rules_that_are_declared(self) -> None:
        rules = self.capabilities.code_rules
        assert [rules.refusal(code) for code in (self.code, self.other_code)] == [None, None]
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await self._grant(hands, self.door)
            refusals = {rules.refusal(code) for code in hands.made_codes}
            assert not refusals & {CodeRefusal.LENGTH, CodeRefusal.ALPHABET}

    async def test_a_suspension_keeps_the_code(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await self._grant(hands, self.door)
            for _ in range(2):
                await hands.apply(Kind.SUSPEND, self._suspends(self.door))
                await self._sees(hands, {self.door: SUSPENDED})

    async def test_a_resumed_door_is_open(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await self._grant(hands, self.door)
            await hands.apply(Kind.SUSPEND, self._suspends(self.door))
            for _ in range(2):
                await hands.apply(Kind.RESUME, self._suspends(self.door), self._given(self.code))
                await self._sees(hands, {self.door: ACTIVE})

    async def test_one_of_two_doors_is_suspended_alone(self) -> None:
        self._only_if(self.capabilities.suspends is SuspendScope.TARGET, "this vendor suspends the whole person")
        async with self.open_adapter() as adapter:
            hands = await self._with_two_doors(adapter)
            await hands.apply(Kind.SUSPEND, self.door)
            await self._sees(hands, {self.door: SUSPENDED, self.other_door: ACTIVE})

    async def test_a_suspended_person_opens_no_door_and_a_resumed_one_each(self) -> None:
        self._only_if(self.capabilities.suspends is SuspendScope.PERSON, "this vendor suspends targets")
        async with self.open_adapter() as adapter:
            hands = await self._with_two_doors(adapter)
            await hands.apply(Kind.SUSPEND)
            await self._sees(hands, {self.door: SUSPENDED, self.other_door: SUSPENDED})
            await hands.apply(Kind.RESUME, None, self._given(self.code))
            await self._sees(hands, {self.door: ACTIVE, self.other_door: ACTIVE})

    async def test_a_grant_leaves_a_suspended_person_suspended(self) -> None:
        self._only_if(self.capabilities.suspends is SuspendScope.PERSON, "this vendor suspends targets")
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await self._grant(hands, self.door)
            await hands.apply(Kind.SUSPEND)
            await self._grant(hands, self.other_door)
            await self._sees(hands, {self.door: SUSPENDED, self.other_door: SUSPENDED})

    async def test_one_of_two_doors_is_closed_alone(self) -> None:
        async with self.open_adapter() as adapter:
            hands = await self._with_two_doors(adapter)
            await hands.apply(Kind.REVOKE, self.door)
            await self._sees(hands, {self.other_door: ACTIVE})

    async def test_a_new_name_changes_neither_code_nor_doors(self) -> None:
        self._only_if(self.capabilities.updates_person, "this vendor changes no names")
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await self._grant(hands, self.door)
            tenant = replace(
                hands.person.tenant, name="Mira Okafor-Lind", email="mira@example.org", phone="+44 20 1234"
            )
            hands.person = replace(hands.person, tenant=tenant)
            for _ in range(2):
                await hands.apply(Kind.UPDATE_PERSON)
                await self._sees(hands, {self.door: ACTIVE})

    async def test_what_is_gone_already_is_removed_without_an_error(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await self._grant(hands, self.door)
            kept = hands.ref
            for ref in (kept, kept, None):
                hands.ref = ref
                await hands.apply(Kind.REVOKE, self.door)
                hands.ref = ref
                await hands.apply(Kind.REMOVE_PERSON)
            assert await hands.observe() == Observed()

    async def test_a_change_of_somebody_who_is_not_there_makes_nobody(self) -> None:
        async with self.open_adapter() as adapter:
            hands = Hands(adapter, somebody())
            await self._change_code(hands)
            await hands.apply(Kind.SUSPEND, self._suspends(self.door))
            if self.capabilities.suspends is SuspendScope.PERSON:
                await hands.apply(Kind.RESUME, None, self._given(self.code))
            if self.capabilities.updates_person:
                await hands.apply(Kind.UPDATE_PERSON)
            assert (await hands.observe(), hands.made_codes) == (Observed(), [])

    async def test_another_persons_access_is_left_alone(self) -> None:
        async with self.open_adapter() as adapter:
            mira, other = Hands(adapter, somebody()), Hands(adapter, somebody("Ivo", "t-2"))
            await self._grant(mira, self.door)
            await other.apply(Kind.GRANT, self.door, self._given(self.other_code))
            await mira.apply(Kind.SUSPEND, self._suspends(self.door))
            await mira.apply(Kind.REMOVE_PERSON)
            await self._sees(other, {self.door: ACTIVE})

    @property
    def _makes_codes(self) -> bool:
        return self.capabilities.code_maker is CodeMaker.VENDOR

    def _given(self, code: GateCode) -> GateCode | None:
        return None if self._makes_codes else code

    def _suspends(self, door: TargetId) -> TargetId | None:
        return door if self.capabilities.suspends is SuspendScope.TARGET else None

    async def _grant(self, hands: Hands, door: TargetId) -> None:
        await hands.apply(Kind.GRANT, door, self._given(self.code))

    async def _with_two_doors(self, adapter: Adapter) -> Hands:
        hands = Hands(adapter, somebody())
        await self._grant(hands, self.door)
        await self._grant(hands, self.other_door)
        return hands

    async def _change_code(self, hands: Hands) -> None:
        await hands.apply(Kind.CHANGE_CODE, None, self._given(self.other_code))

    async def _sees(self, hands: Hands, entries: Mapping[TargetId, EntryState]) -> None:
        """Assert that the person is observed with these entries and the code that was kept last, and that it works."""
        seen = await hands.observe()
        assert (seen.exists, seen.entries, seen.code_in_doubt) == (True, entries, False)
        assert hands.code is not None
        assert seen.code == (hands.code if self.capabilities.reads_codes else None)
        for door, state in entries.items():
            assert await self.opens(hands.code, door) in {state is ACTIVE, None}

    @staticmethod
    def _only_if(applies: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence where it stands
        if not applies:
            pytest.skip(why)
