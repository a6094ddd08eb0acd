# ruff: noqa: S101 - pytest asserts
"""A survey shows what looking at each by themselves shows, costs no call a tenant, and tells others from our own."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Final, cast

import pytest

from bridge.domain.changes import Observed
from bridge.domain.errors import BridgeError, Unsupported
from bridge.domain.ids import TargetId
from bridge.ports.adapter import Ref
from bridge.ports.survey import Stranger, Survey, Surveyor
from bridge.testing import wire as faults
from bridge.testing.conformance.bench import Bench, Driver
from bridge.testing.conformance.suite import GRANTED, NONE, SHUT, Suite
from bridge.testing.hands import Hands, somebody

MAX_CALLS: Final = 60
CROWD: Final = 130
Surveyed = tuple[Sequence[Observed | None], Sequence[Stranger]]


class SurveyChecks(Suite):
    async def test_a_survey_shows_of_everybody_what_looking_at_them_shows(self) -> None:
        async with self.bench() as bench:
            self._only_if_it_surveys(bench)
            drivers = await self._tenants(bench)
            nobody = bench.hands(somebody("Nobody Here", "t-404"))
            for forgets in (False, True):
                survey = await self._survey(bench)
                for hands in (*(driver.hands for driver in drivers), nobody):
                    hands.ref = None if forgets else hands.ref
                    doors = frozenset(hands.touched)
                    assert survey.observe(hands.person, hands.ref, doors) == await hands.observe()

    async def test_who_has_gone_is_never_gone_by_a_survey_alone(self) -> None:
        async with self.bench() as bench:
            self._only_if_it_surveys(bench)
            driver = bench.driver()
            await self.wish(bench, driver, GRANTED)
            kept, code = driver.hands.ref, driver.hands.code
            await self.wish(bench, driver, NONE)
            survey = await self._survey(bench)
            driver.hands.ref, driver.hands.code = kept, code
            seen = survey.observe(driver.hands.person, kept, frozenset(driver.hands.touched))
            assert seen is None or seen == await driver.hands.observe()

    async def test_a_survey_takes_as_many_calls_as_its_lists_have_pages(self) -> None:
        async with self.bench() as bench:
            self._only_if_it_surveys(bench)
            (first, *others) = await self._tenants(bench)
            await first.hands.observe()
            before = len(bench.wire.requests)
            await self._survey(bench)
            few = len(bench.wire.requests) - before
            for driver in others:
                await self.wish(bench, driver, NONE, NONE, NONE)
            before = len(bench.wire.requests)
            survey = await self._survey(bench)
            assert len(bench.wire.requests) - before == few
            for driver in (first, *others):
                survey.observe(driver.hands.person, driver.hands.ref, frozenset(driver.hands.touched))
            survey.strangers({})
            assert len(bench.wire.requests) - before == few

    async def test_a_survey_tells_what_nobody_known_has_and_whether_the_bridge_made_it(self) -> None:
        async with self.bench() as bench:
            self._only_if_it_surveys(bench)
            drivers = await self._tenants(bench)
            bench.simulation.add_by_hand(self.strangers_code.reveal(), drivers[0].doors[0], "Installer")
            known = {driver.hands.person.key: driver.hands.ref for driver in drivers}
            survey = await self._survey(bench)
            assert [one.is_ours for one in survey.strangers(known)] == [False]
            forgotten = drivers[0].hands
            del known[forgotten.person.key]
            ours = [one for one in survey.strangers(known) if one.is_ours]
            assert {door for one in ours for door in one.entries} == (await forgotten.observe()).entries.keys()
            assert self.strangers_code.reveal() not in repr(survey.strangers({}))
            assert len(survey.strangers({})) >= len(drivers) + 1

    async def test_a_survey_that_breaks_off_is_no_survey(self) -> None:
        broken = faults.answers(200, b'{"data": [{"id": "1", "na', {"Content-Type": "application/json"})
        async with self.bench() as bench:
            self._only_if_it_surveys(bench)
            bench.simulation.crowd(CROWD)
            drivers = await self._tenants(bench)
            seen, strangers = await self._surveyed(bench, drivers)
            for fault in (faults.answers(500, "{}"), faults.answers(200, "[]"), faults.answers(200, "{}"), broken):
                for call in range(MAX_CALLS):
                    bench.wire.arm(fault, at=call, times=2)
                    told: Surveyed = ([], [])
                    with contextlib.suppress(BridgeError):
                        told = await self._surveyed(bench, drivers)
                    had_its_turn = bench.wire.mend()
                    if not had_its_turn:
                        break
                    assert all(one is None or one == true for one, true in zip(told[0], seen, strict=False))
                    assert all(one in strangers for one in told[1])

    async def test_an_adapter_that_surveys_says_so(self) -> None:
        async with self.bench() as bench:
            if bench.capabilities.surveys:
                await self._survey(bench)
            elif hasattr(bench.adapter, "survey"):
                with pytest.raises(Unsupported):
                    await self._survey(bench)

    async def _tenants(self, bench: Bench) -> list[Driver]:
        """Let two people in: one has a door that is open and one that is shut, the other has one."""
        drivers = [bench.driver(somebody(f"Tenant {letter}", f"t-{letter}")) for letter in "ab"]
        drivers[1].doors = tuple(reversed(drivers[1].doors))
        await self.wish(bench, drivers[0], GRANTED, SHUT, code=self.code)
        await self.wish(bench, drivers[1], GRANTED, code=self.other_code)
        return drivers

    async def _survey(self, bench: Bench) -> Survey:
        return await cast("Surveyor", bench.adapter).survey()

    async def _surveyed(self, bench: Bench, drivers: list[Driver]) -> Surveyed:
        survey = await self._survey(bench)
        known: Mapping[str, Ref | None] = {driver.hands.person.key: driver.hands.ref for driver in drivers}
        seen = [survey.observe(one.hands.person, one.hands.ref, _touched(one.hands)) for one in drivers]
        return seen, survey.strangers(known)

    def _only_if_it_surveys(self, bench: Bench) -> None:
        self.only_if(bench.capabilities.surveys, "this vendor cannot be read at once")


def _touched(hands: Hands) -> frozenset[TargetId]:
    return frozenset(hands.touched)
