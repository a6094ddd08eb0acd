"""A vendor's simulation behind one address: the options that are printed are ones that work."""

from importlib.metadata import entry_points
from typing import Any, Final

import httpx
import pytest

from bridge.domain.changes import Kind
from bridge.domain.credential import GateCode
from bridge.ports.adapter import Adapter, AdapterContext, AdapterSpec
from bridge.ports.findings import Verdict
from bridge.testing.hands import Hands, somebody
from bridge.testing.report import simulation_of
from bridge.testing.serving import RealClock, as_toml, local_options, served
from bridge.testing.simulation import Simulation

pytestmark = pytest.mark.anyio
ROOT: Final = "http://127.0.0.1:9200"
NAMES: Final = sorted(entry.name for entry in entry_points(group="gatebridge.adapters") if entry.name != "pull_feed")


def opened(name: str) -> tuple[Adapter, Simulation, httpx.ASGITransport, AdapterSpec[Any]]:
    (entry,) = entry_points(group="gatebridge.adapters", name=name)
    spec, simulation = entry.load(), simulation_of(name, RealClock())
    transport = httpx.ASGITransport(app=served(simulation))

    def client_for(url: str) -> httpx.AsyncClient:
        assert url.startswith(ROOT)
        return httpx.AsyncClient(transport=transport, base_url=url)

    options = spec.options.model_validate(local_options(spec, simulation, ROOT))
    context = AdapterContext(site=somebody().subject.site, client_for=client_for)
    return spec.open(options, context), simulation, transport, spec


@pytest.mark.parametrize("name", NAMES)
async def test_each_vendor_answers_behind_one_address(name: str) -> None:
    adapter, simulation, _, _ = opened(name)
    assert not [str(one) for one in await adapter.check() if one.verdict is Verdict.FAILED]
    assert {target.id for target in await adapter.targets()} >= set(simulation.doors)


async def test_the_keypad_tells_what_a_code_opens() -> None:
    adapter, simulation, transport, _ = opened("brivo")
    door = simulation.doors[0]
    await Hands(adapter, somebody()).apply(Kind.GRANT, door, GateCode("048213"))
    async with httpx.AsyncClient(transport=transport, base_url=ROOT) as client:
        tried = [await client.post("/keypad", json={"target": door, "code": code}) for code in ("048213", "590274")]
        elsewhere = await client.post("/keypad", json={"target": "nowhere", "code": "048213"})
        unreadable = await client.post("/keypad", content=b"[]")
    assert [answer.json() for answer in tried] == [{"opened": True}, {"opened": False}]
    assert (elsewhere.status_code, unreadable.status_code) == (404, 400)


def test_options_are_printed_as_toml() -> None:
    lines = as_toml({"a": "x", "b": True, "c": 3, "d": ["y", 1], "e": {"f g": {"h": "z"}}})
    assert list(lines) == ['a = "x"', "b = true", "c = 3", 'd = ["y", 1]', 'e = { "f g" = { "h" = "z" } }']


def test_a_suite_that_is_not_there_is_named() -> None:
    with pytest.raises(LookupError, match="TestNothing is none of TestBrivoById"):
        simulation_of("brivo", RealClock(), "TestNothing")
