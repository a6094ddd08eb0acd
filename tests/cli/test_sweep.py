"""`gatebridge sweep` over a store that no running bridge owns, in this process."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bridge.cli.app import app
from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import ConnectionName, SiteId, SubjectKey, TenantId
from bridge.ports.clock import SystemClock
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import open_store
from tests.contracts.store_builders import mark

SITE = "66f1a0c2b7d4e90015c0e001"
OTHER_SITE = "66f1a0c2b7d4e90015c0e002"
TEXT = """
[store]
url = "sqlite:///{folder}/gatebridge.db"
[connections.lakeside]
source = "storeganise"
base_url = "http://127.0.0.1:9"
api_key = "a-key"
webhook_secrets = ["a-secret"]
timezone = "Europe/London"
[[sites]]
connection = "lakeside"
id = "66f1a0c2b7d4e90015c0e001"
adapter = "simulator"
[sites.options]
url = "http://127.0.0.1:9"
[[sites]]
connection = "lakeside"
id = "66f1a0c2b7d4e90015c0e002"
adapter = "simulator"
[sites.options]
url = "http://127.0.0.1:9"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gatebridge.toml"
    file.write_text(TEXT.format(folder=tmp_path))
    asyncio.run(know(file))
    return file


async def know(file: Path) -> None:
    """Leave two tenants at one site and one at another in the store."""
    tenants = [(SITE, "t1"), (SITE, "t2"), (OTHER_SITE, "t3")]
    lakeside = ConnectionName("lakeside")
    keys = [SubjectKey(connection=lakeside, site=SiteId(site), tenant=TenantId(tenant)) for site, tenant in tenants]
    async with open_store(load(file), Metrics(), SystemClock()) as store:
        await mark(store, *keys)


def sweep(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["sweep", "--config", str(config), *arguments])


@pytest.mark.parametrize(("arguments", "marked"), [((), 3), (("--site", SITE), 2), (("--site", OTHER_SITE), 1)])
def test_a_sweep_says_how_many_it_marked(config: Path, arguments: tuple[str, ...], marked: int) -> None:
    assert sweep(config, *arguments).output == f"Known tenants to be looked at again: {marked}\n"
    assert json.loads(sweep(config, *arguments, "--json").output) == {"marked": marked}


def test_a_site_that_is_not_configured_is_a_clear_mistake(config: Path) -> None:
    result = sweep(config, "--site", "lakeside")
    assert isinstance(result.exception, NotFoundHere)
    assert str(result.exception) == "there is no site lakeside in the configuration"
