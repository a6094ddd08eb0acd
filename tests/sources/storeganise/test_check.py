from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from bridge.ports.findings import Finding, Verdict
from tests.sources.storeganise.platform_wire import ADDON, ADDON_KEY, SITE, PlatformWire, fixture, open_source, site

pytestmark = pytest.mark.anyio

FILLED = {"gate_pinCode": "482913", "gate_overlocked": True, "gate_status": "granted"}


@pytest.fixture
def wire() -> PlatformWire:
    platform = PlatformWire()
    platform.answer("settings", fixture("settings"))
    platform.answer(f"sites/{SITE}", fixture("site"))
    platform.listing("units", [fixture("unit")])
    platform.answer("unit-rentals", [fixture("rental_occupied", customFields=FILLED)])
    return platform


def about(findings: Sequence[Finding], subject: str) -> Finding:
    return next(finding for finding in findings if finding.subject == subject)


async def test_an_account_in_order_has_nothing_to_advise(wire: PlatformWire) -> None:
    findings = await open_source(wire).check()
    assert {finding.verdict for finding in findings} == {Verdict.OK}
    assert [finding.subject for finding in findings] == [
        "API key",
        "webhook secret",
        f"site {SITE}",
        f"site {SITE} units",
        f"site {SITE} rental fields",
    ]


async def test_a_check_only_reads(wire: PlatformWire) -> None:
    await open_source(wire).check()
    assert {request.method for request in wire.asked} == {"GET"}


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "admin role"), (403, "admin role"), (404, "business code"), (400, "business code"), (503, "again")],
)
async def test_a_key_that_fails_says_what_to_do_and_stops_the_check(
    wire: PlatformWire, status: int, advice: str
) -> None:
    wire.answer("settings", {"error": {"type": "no"}}, status=status)
    findings = await open_source(wire).check()
    key = about(findings, "API key")
    assert key.verdict is Verdict.FAILED
    assert advice in key.advice
    assert [finding.subject for finding in findings] == ["API key", "webhook secret"]


async def test_a_platform_that_is_away_is_a_finding_and_no_error(wire: PlatformWire) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    wire.answer_with("settings", away)
    assert about(await open_source(wire).check(), "API key").verdict is Verdict.FAILED


async def test_a_site_that_the_platform_does_not_know_is_told(wire: PlatformWire) -> None:
    wire.answer(f"sites/{SITE}", fixture("error_not_found"), status=404)
    finding = about(await open_source(wire).check(), f"site {SITE}")
    assert finding.verdict is Verdict.FAILED
    assert finding.advice


async def test_a_sites_code_in_the_place_of_its_id_is_told(wire: PlatformWire) -> None:
    wire.answer(f"sites/{SITE}", fixture("site", id="66f1a0c2b7d4e90015c0e00f"))
    assert "code" in about(await open_source(wire).check(), f"site {SITE}").text


async def test_a_site_that_fails_does_not_hide_the_next(wire: PlatformWire) -> None:
    wire.answer("sites/s2", {"error": {"type": "no"}}, status=403)
    findings = await open_source(wire, [site(type(SITE)("s2")), site()]).check()
    assert about(findings, "site s2").verdict is Verdict.FAILED
    assert about(findings, f"site {SITE}").verdict is Verdict.OK


async def test_units_are_counted_by_their_mapping(wire: PlatformWire) -> None:
    def unit(number: int, **changes: Any) -> dict[str, Any]:
        return fixture("unit", id=f"u{number}", name=f"A-{number:03}", **changes)

    wire.listing(
        "units",
        [
            *(unit(n) for n in range(120)),
            unit(200, customFields={"gate_id": "NONE"}),
            unit(201, customFields={}),
            unit(202, customFields=None),
            unit(203, customFields={"gate_id": ["x"]}),
            unit(204, customFields={}, state="archived"),
        ],
    )
    finding = about(await open_source(wire).check(), f"site {SITE} units")
    assert finding.verdict is Verdict.WARNING
    assert finding.text == (
        "120 of 124 units have gate_id, 1 are NONE, 3 have none that can be used: A-201, A-202, A-203"
    )
    assert "gate_id" in finding.advice


async def test_only_the_first_few_unmapped_units_are_named(wire: PlatformWire) -> None:
    wire.listing("units", [fixture("unit", id=f"u{n}", name=f"A-{n}", customFields={}) for n in range(33)])
    assert about(await open_source(wire).check(), f"site {SITE} units").text.endswith("A-0, A-1, A-2, A-3, A-4, ...")


async def test_fields_that_no_rental_shows_are_named(wire: PlatformWire) -> None:
    wire.answer("unit-rentals", [fixture("rental_occupied", customFields={"gate_pinCode": "1"})])
    finding = about(await open_source(wire).check(), f"site {SITE} rental fields")
    assert finding.verdict is Verdict.WARNING
    assert "gate_overlocked, gate_status" in finding.text


async def test_every_finding_that_is_not_ok_says_what_to_do(wire: PlatformWire) -> None:
    wire.listing("units", [fixture("unit", customFields={})])
    wire.answer("unit-rentals", [])
    for finding in await open_source(wire).check():
        assert (finding.verdict is Verdict.OK) == (finding.advice == "")


async def test_an_add_on_account_is_checked_with_its_own_key(wire: PlatformWire) -> None:
    findings = await open_source(wire, [site(addon_id=ADDON)], api_key=None, addon_key=ADDON_KEY).check()
    assert about(findings, "add-on key").verdict is Verdict.OK
    assert wire.keys == {f"Addon {ADDON}|{ADDON_KEY}"}
