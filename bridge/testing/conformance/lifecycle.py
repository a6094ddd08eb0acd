# ruff: noqa: S101 - pytest asserts
"""What a tenant lives through at a vendor, when nothing goes wrong."""

from dataclasses import replace

import pytest

from bridge.domain.changes import Kind, Observed
from bridge.domain.credential import CodeRefusal, GateCode
from bridge.testing.conformance.bench import Driver, patiently
from bridge.testing.conformance.suite import ACTIVE, GRANTED, NONE, SHUT, SUSPENDED, Suite, codes_by
from bridge.testing.hands import somebody


class LifecycleChecks(Suite):
    async def test_nobody_is_observed_before_the_first_grant(self) -> None:
        async with self.bench() as bench:
            hands = bench.hands()
            hands.touched |= set(bench.simulation.doors)
            assert await hands.observe() == Observed()

    async def test_a_grant_is_observed_with_its_code_and_opens_the_door(self) -> None:
        async with self.bench() as bench:
            hands, (door, other, *_) = bench.hands(), bench.simulation.doors
            await self.grant(bench, hands, door)
            await self.sees(bench, hands, {door: ACTIVE})
            assert bool(hands.made_codes) is self.makes_codes
            assert hands.code is not None
            assert not bench.simulation.opens(hands.code.reveal(), other)

    async def test_a_second_plan_is_empty(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver()
            for statuses in [(GRANTED,), (GRANTED, GRANTED), (SHUT, SHUT), (GRANTED, SHUT), (GRANTED,), (NONE, NONE)]:
                await self.wish(bench, driver, *statuses)
                sent = len(bench.wire.requests)
                assert not (await driver.run()).changes
                assert len(bench.wire.requests) > sent or hasattr(bench.simulation, "shelf")

    async def test_a_grant_again_makes_no_second_credential(self) -> None:
        async with self.bench() as bench:
            hands, door = bench.hands(), bench.simulation.doors[0]
            for _ in range(3):
                await self.grant(bench, hands, door)
            await self.sees(bench, hands, {door: ACTIVE})
            assert (bench.simulation.credentials(door), bench.simulation.made()) == (1, 1)

    async def test_a_second_door_opens_with_the_same_code(self) -> None:
        async with self.bench() as bench:
            hands, (door, other, *_) = bench.hands(), bench.simulation.doors
            await self.grant(bench, hands, door)
            first = hands.code
            await self.grant(bench, hands, other)
            assert hands.code == first
            await self.sees(bench, hands, {door: ACTIVE, other: ACTIVE})

    async def test_a_lost_reference_is_no_reason_to_make_anything_twice(self) -> None:
        async with self.bench() as bench:
            hands, (door, other, *_) = bench.hands(), bench.simulation.doors
            await self.grant(bench, hands, door)
            hands.ref = None
            await self.grant(bench, hands, door, other)
            if self.makes_codes:
                await self.change_code(bench, hands)
            await self.sees(bench, hands, {door: ACTIVE, other: ACTIVE})
            persons = bench.simulation.code_lives_with() == "person"
            assert bench.simulation.made() == (1 if persons else 2)

    async def test_a_restarted_bridge_goes_on_with_the_reference(self) -> None:
        async with self.bench() as bench:
            hands, door = bench.hands(), bench.simulation.doors[0]
            await self.grant(bench, hands, door)
            hands.adapter = bench.open()
            await self.shut(bench, hands, door)
            await self.sees(bench, hands, {door: SUSPENDED})

    async def test_a_new_code_replaces_the_old_one(self) -> None:
        async with self.bench() as bench:
            hands, door = bench.hands(), bench.simulation.doors[0]
            await self.grant(bench, hands, door)
            old = hands.code
            await self.change_code(bench, hands)
            assert old is not None
            assert hands.code != old
            await self.sees(bench, hands, {door: ACTIVE})
            assert not bench.simulation.opens(old.reveal(), door)
            assert bench.simulation.credentials(door) == 1

    async def test_a_new_code_works_at_every_door(self) -> None:
        async with self.bench() as bench:
            hands, (door, other, *_) = bench.hands(), bench.simulation.doors
            await self.grant(bench, hands, door, other)
            await self.change_code(bench, hands)
            await self.sees(bench, hands, {door: ACTIVE, other: ACTIVE})

    async def test_a_code_changed_during_a_suspension_works_after_it_only(self) -> None:
        async with self.bench() as bench:
            hands, door = bench.hands(), bench.simulation.doors[0]
            await self.grant(bench, hands, door)
            await self.shut(bench, hands, door)
            await self.change_code(bench, hands)
            await self.sees(bench, hands, {door: SUSPENDED})
            await self.reopen(bench, hands, door)
            await self.sees(bench, hands, {door: ACTIVE})

    async def test_codes_keep_the_rules_that_are_declared(self) -> None:
        rules = self.declared.code_rules
        async with self.bench() as bench:
            hands = bench.hands()
            await self.grant(bench, hands, bench.simulation.doors[0])
            refusals = {rules.refusal(code) for code in hands.made_codes}
            assert not refusals & {CodeRefusal.LENGTH, CodeRefusal.ALPHABET}

    async def test_leading_zeros_are_kept_or_refused_by_the_rules(self) -> None:
        rules = self.declared.code_rules
        zeros = GateCode("00" + "4821397560"[: rules.max_length - 2])
        if self.makes_codes or rules.refusal(zeros) is not None:
            return
        async with self.bench() as bench:
            await self.wish(bench, bench.driver(), GRANTED, code=zeros)

    @pytest.mark.parametrize("length", ["shortest", "longest"])
    async def test_codes_of_every_declared_length_are_taken(self, length: str) -> None:
        rules = self.declared.code_rules
        self.only_if(not self.makes_codes, "this vendor makes the codes")
        size = rules.min_length if length == "shortest" else rules.max_length
        code = codes_by(replace(rules, min_length=size, max_length=size))[0]
        async with self.bench() as bench:
            await self.wish(bench, bench.driver(), GRANTED, code=code)

    async def test_a_suspension_keeps_the_code(self) -> None:
        async with self.bench() as bench:
            hands, door = bench.hands(), bench.simulation.doors[0]
            await self.grant(bench, hands, door)
            kept = hands.code
            for _ in range(2):
                await self.shut(bench, hands, door)
                await self.sees(bench, hands, {door: SUSPENDED})
            for _ in range(2):
                await self.reopen(bench, hands, door)
                await self.sees(bench, hands, {door: ACTIVE})
            assert hands.code == kept

    async def test_one_of_two_doors_is_closed_by_debt_and_the_other_stays_open(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver()
            await self.wish(bench, driver, GRANTED, GRANTED)
            await self.wish(bench, driver, SHUT, GRANTED)
            await self.wish(bench, driver, GRANTED, GRANTED)

    async def test_everything_is_closed_by_debt_and_opened_by_a_payment(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver()
            await self.wish(bench, driver, GRANTED, GRANTED)
            await self.wish(bench, driver, SHUT, SHUT)
            await self.wish(bench, driver, GRANTED, GRANTED)

    async def test_a_suspended_tenant_is_given_another_unit(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver()
            await self.wish(bench, driver, GRANTED)
            await self.wish(bench, driver, SHUT)
            await self.wish(bench, driver, SHUT, GRANTED)
            await self.wish(bench, driver, SHUT, SHUT)
            await self.wish(bench, driver, GRANTED, GRANTED)

    async def test_one_of_two_doors_is_closed_alone_by_a_move_out(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver()
            await self.wish(bench, driver, GRANTED, GRANTED)
            await self.wish(bench, driver, NONE, GRANTED)
            assert bench.simulation.credentials(driver.doors[0]) == 0

    async def test_a_suspended_door_is_closed_for_good_by_a_move_out(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver()
            await self.wish(bench, driver, GRANTED, GRANTED)
            await self.wish(bench, driver, SHUT, GRANTED)
            await self.wish(bench, driver, NONE, GRANTED)
            await self.wish(bench, driver, NONE, NONE)

    async def test_a_transfer_opens_the_new_door_and_closes_the_old_one(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver()
            await self.wish(bench, driver, GRANTED)
            code = driver.working_code
            await self.wish(bench, driver, NONE, GRANTED)
            assert driver.working_code == code

    async def test_after_the_last_move_out_nothing_is_left_at_the_vendor(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver()
            await self.wish(bench, driver, GRANTED, GRANTED, GRANTED)
            await self.wish(bench, driver, NONE, NONE, NONE)
            assert [bench.simulation.credentials(door) for door in driver.doors] == [0, 0, 0]

    async def test_a_tenant_who_comes_back_is_let_in_again(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver()
            await self.wish(bench, driver, GRANTED)
            await self.wish(bench, driver, NONE)
            await self.wish(bench, driver, GRANTED, code=self.other_code)

    async def test_a_new_name_changes_neither_code_nor_doors(self) -> None:
        self.only_if(self.declared.updates_person, "this vendor changes no names")
        async with self.bench() as bench:
            hands, door = bench.hands(), bench.simulation.doors[0]
            await self.grant(bench, hands, door)
            tenant = replace(
                hands.person.tenant, name="Mira Okafor-Lind", email="mira@example.org", phone="+44 20 7946 0958"
            )
            hands.person = replace(hands.person, tenant=tenant)
            for _ in range(2):
                await patiently(bench, hands, Kind.UPDATE_PERSON, None, None)
                await self.sees(bench, hands, {door: ACTIVE})

    async def test_what_is_gone_already_is_removed_without_an_error(self) -> None:
        async with self.bench() as bench:
            hands, door = bench.hands(), bench.simulation.doors[0]
            await self.grant(bench, hands, door)
            kept = hands.ref
            for ref in (kept, kept, None):
                hands.ref = ref
                await patiently(bench, hands, Kind.REVOKE, door, None)
                hands.ref = ref
                await patiently(bench, hands, Kind.REMOVE_PERSON, None, None)
            bench.clock.advance(600)
            assert await hands.observe() == Observed()
            assert bench.simulation.made() == 0

    async def test_a_change_of_somebody_who_is_not_there_makes_nobody(self) -> None:
        async with self.bench() as bench:
            hands, door = bench.hands(), bench.simulation.doors[0]
            await hands.apply(Kind.CHANGE_CODE, None, self.given(self.other_code))
            await hands.apply(Kind.SUSPEND, door if self.by_target else None)
            if not self.by_target:
                await hands.apply(Kind.RESUME, None, self.given(self.code))
            if self.declared.updates_person:
                await hands.apply(Kind.UPDATE_PERSON)
            await hands.apply(Kind.REVOKE, door)
            await hands.apply(Kind.REMOVE_PERSON)
            assert (await hands.observe(), hands.made_codes) == (Observed(), [])
            assert bench.simulation.made() == 0

    async def test_two_tenants_of_one_name_are_two(self) -> None:
        async with self.bench() as bench:
            mira, ivo = bench.driver(), bench.driver(somebody(tenant="t-2"))
            await self.wish(bench, mira, GRANTED)
            await self.wish(bench, ivo, NONE, GRANTED, code=self.other_code)
            await self.stands(bench, mira)
            await self.wish(bench, mira, NONE)
            await self.stands_alone(ivo)

    async def stands_alone(self, driver: Driver) -> None:
        observed = await driver.hands.observe()
        assert dict(observed.entries) == {driver.doors[1]: ACTIVE}
