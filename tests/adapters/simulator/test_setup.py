"""Options, the check, and the value that declares the adapter."""

import pytest
from pydantic import ValidationError

from adapters.simulator import ADAPTER
from adapters.simulator.options import SimulatorOptions
from bridge.catalog import find_adapter
from bridge.domain.capabilities import CodeMaker, SuspendScope
from bridge.domain.credential import Secret
from bridge.ports.findings import Verdict
from bridge.sandbox.gate import GateKind, GateSettings
from tests.adapters.simulator.rig import KINDS, SITE, name_of, options_for, rig

KEY = "k-7731-secret"


def test_the_adapter_is_found_by_its_name() -> None:
    assert find_adapter("simulator", key="sites.0.adapter") is ADAPTER


@pytest.mark.parametrize("url", ["http://127.0.0.1:9100", "http://localhost:9100/", "https://gate.example.com/api"])
def test_a_url_becomes_the_clients_base(url: str) -> None:
    assert SimulatorOptions(url=url).url == url.rstrip("/") + "/"


@pytest.mark.parametrize(
    "url",
    ["http://gate.example.com", "ftp://127.0.0.1", "gate", "", "https://user:pw@gate.example.com", "https://g/?x=1"],
)
def test_a_url_that_keys_must_not_travel_to_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SimulatorOptions(url=url)
    assert [error["loc"] for error in caught.value.errors()] == [("url",)]


@pytest.mark.parametrize("key", ["", "   ", "two words", "line\nbreak", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_refused(key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SimulatorOptions.model_validate({"url": "https://gate.example.com", "api_key": key})
    assert key not in str(caught.value) or not key.strip()


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValidationError):
        SimulatorOptions.model_validate({"url": "https://gate.example.com", "apikey": "x"})


@pytest.mark.parametrize("option", [{"codes": "found"}, {"shows_codes": "perhaps"}, {"suspends": "nobody"}])
def test_a_kind_of_gate_that_does_not_exist_is_refused(option: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        options_for(None, **option)
    assert [error["loc"] for error in caught.value.errors()] == [tuple(option)]


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_what_the_gate_can_do_follows_the_options(kind: GateKind) -> None:
    capabilities = ADAPTER.capabilities(options_for(kind))
    assert (capabilities.code_maker is CodeMaker.VENDOR) is (kind.codes == "made")
    assert (capabilities.suspends is SuspendScope.PERSON) is (kind.suspends == "person")
    assert (capabilities.reads_codes, capabilities.updates_person) == (kind.shows_codes, True)


def test_the_key_is_in_no_dump_of_the_options() -> None:
    options = SimulatorOptions.model_validate({"url": "https://gate.example.com", "api_key": KEY})
    assert KEY not in f"{options!r} {options} {options.model_dump_json()}"


@pytest.mark.anyio
async def test_a_gate_in_order_passes_the_check() -> None:
    async with rig(GateSettings(api_key=Secret(KEY)), api_key=KEY) as bench:
        findings = await bench.adapter.check()
        assert [finding.verdict for finding in findings] == [Verdict.OK]


@pytest.mark.anyio
@pytest.mark.parametrize("given", [None, "another"])
async def test_a_wrong_key_fails_the_check_with_advice(given: str | None) -> None:
    async with rig(GateSettings(api_key=Secret(KEY)), api_key=given) as bench:
        finding = (await bench.adapter.check())[0]
        assert finding.verdict is Verdict.FAILED
        assert "api_key" in finding.advice


@pytest.mark.anyio
async def test_a_site_that_the_gate_does_not_have_fails_the_check_with_advice() -> None:
    async with rig(GateSettings(strict={"elsewhere": frozenset()})) as bench:
        finding = (await bench.adapter.check())[0]
        assert (finding.verdict, bool(finding.advice)) == (Verdict.FAILED, True)


@pytest.mark.anyio
async def test_the_check_changes_nobody() -> None:
    async with rig() as bench:
        await bench.adapter.check()
        assert bench.wire.calls == ["GET"]
        assert bench.wire.requests[0].url.path == f"/v1/sites/{SITE}/"


@pytest.mark.anyio
@pytest.mark.parametrize("kind", KINDS, ids=name_of)
async def test_a_gate_of_the_kind_that_the_options_name_passes_the_check(kind: GateKind) -> None:
    async with rig(GateSettings(kind=kind)) as bench:
        assert [finding.verdict for finding in await bench.adapter.check()] == [Verdict.OK]


@pytest.mark.anyio
@pytest.mark.parametrize("option", [{"codes": "made"}, {"shows_codes": False}, {"suspends": "person"}])
async def test_an_option_that_the_gate_contradicts_is_a_warning_with_advice(option: dict[str, object]) -> None:
    async with rig(options=option) as bench:
        told, warned = await bench.adapter.check()
        assert (told.verdict, warned.verdict) == (Verdict.OK, Verdict.WARNING)
        assert f"options.{next(iter(option))}" in warned.text
        assert warned.advice
