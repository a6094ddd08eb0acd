"""What an operator meets: options, hosts, the check and the list of units."""

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.opentech_cia import ADAPTER
from adapters.opentech_cia.options import CiaOptions
from adapters.opentech_cia.simulation import CiaSimulation
from bridge.ports.findings import Verdict
from bridge.testing.simulation import SimulatedClock
from tests.adapters.opentech_cia.rig import DOOR, instead, rig

pytestmark = pytest.mark.anyio


def options(**changes: Any) -> CiaOptions:
    return CiaOptions.model_validate({**CiaSimulation(SimulatedClock()).options, **changes})


def test_the_hosts_follow_the_suffix_unless_they_are_given() -> None:
    staging = options(host_suffix="CIA-stg-1.aws.insomniaccia.com", access_url="https://gate.example.com/cia")
    assert staging.auth_base == "https://auth.cia-stg-1.aws.insomniaccia.com/"
    assert staging.access_base == "https://gate.example.com/cia/"


WRONG = [
    {"host_suffix": "insomniaccia.com/x"},
    {"host_suffix": "evil.com?"},
    {"auth_url": "http://auth.example.com"},
    {"facility": "../4711"},
    {"facility": ""},
    {"time_group": ""},
    {"code_length": 5},
    {"code_length": 9},
    {"unit_match": "name"},
    {"conflict_words": [""]},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_an_option_that_cannot_be_right_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        options(**wrong)


def test_ids_may_be_written_as_numbers() -> None:
    assert (options(facility=4711).facility, options(time_group=2).time_group) == ("4711", "2")


@pytest.mark.parametrize("length", [6, 7, 8])
def test_codes_are_as_long_as_the_option_says(length: int) -> None:
    rules = ADAPTER.capabilities(options(code_length=length)).code_rules
    assert (rules.min_length, rules.max_length) == (6, length)


async def test_a_good_account_passes_the_check_and_tells_its_units() -> None:
    async with rig() as bench:
        await bench.grant()
        findings = await bench.adapter.check()
        assert {finding.verdict for finding in findings} == {Verdict.OK}
        assert "1 Rented" in findings[1].text
        assert "Lakeside" in findings[0].text


FAILING = [
    pytest.param({"api_secret": "wrong"}, "api_secret", id="a wrong secret"),
    pytest.param({"facility": "4712"}, "facility", id="a facility that the key does not see"),
    pytest.param({"time_group": "Always"}, "24 hours", id="no such time group"),
    pytest.param({"access_profile": "13"}, "Tenants", id="no such access profile"),
]


@pytest.mark.parametrize(("wrong", "advice"), FAILING)
async def test_what_is_wrong_is_found_and_what_is_right_is_named(wrong: dict[str, Any], advice: str) -> None:
    async with rig(**wrong) as bench:
        (failed,) = [one for one in await bench.adapter.check() if one.verdict is Verdict.FAILED]
        assert advice in failed.advice


async def test_an_address_without_cia_fails_the_check() -> None:
    async with rig() as bench:
        bench.bench.wire.arm(instead("/4711", []), times=None)
        (failed,) = await bench.adapter.check()
        assert failed.verdict is Verdict.FAILED


@pytest.mark.parametrize("twice", [True, False])
async def test_missing_units_and_double_numbers_are_warned_of(twice: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    async with rig() as bench:
        if twice:
            bench.facility.add_unit(DOOR)
        else:
            bench.facility.units.clear()
        (warned,) = [one for one in await bench.adapter.check() if one.verdict is Verdict.WARNING]
        assert warned.advice


async def test_the_units_are_listed_with_number_and_status() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.facility.add_unit("  D-001 ")
        listed = [(target.id, target.name, target.kind) for target in await bench.adapter.targets()]
        assert listed[0] == ("B-014", "B-014", "rented unit")
        assert listed[-1] == ("D-001", "D-001", "vacant unit")
