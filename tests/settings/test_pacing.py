"""What a configuration says of pacing, and which calls it binds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge.domain.errors import ConfigurationError
from bridge.domain.ids import ConnectionName, SiteId, SiteKey
from bridge.domain.turns import Limits
from bridge.service.shares import site_shares
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import Plugs, plug_in

pytestmark = pytest.mark.anyio
CONNECTION = """
[connections.lakeside]
source = "storeganise"
base_url = "https://lakeside.storeganise.com"
api_key = "platform-key"
webhook_secrets = ["whs_secret"]
timezone = "Europe/London"
"""


def site(number: int, *, adapter: str = "seam", key: str = "seam_key_one", pacing: str = "") -> str:
    return f"""
[[sites]]
connection = "lakeside"
id = "site{number}"
adapter = "{adapter}"
[sites.options]
api_key = "{key}"
[sites.pacing]
{pacing}
"""


@asynccontextmanager
async def plugged(folder: Path, text: str) -> AsyncIterator[Plugs]:
    file = folder / "gatebridge.toml"
    file.write_text(text)
    async with plug_in(load(file), Metrics()) as plugs:
        yield plugs


def key(number: int) -> SiteKey:
    return ConnectionName("lakeside"), SiteId(f"site{number}")


async def test_sites_with_one_key_share_an_account_named_after_the_first(tmp_path: Path) -> None:
    text = CONNECTION + site(1) + site(2) + site(3, key="seam_key_two")
    async with plugged(tmp_path, text) as plugs:
        names = [plugs.vendors[key(number)].name for number in (1, 2, 3)]
        assert names == ["seam:lakeside/site1", "seam:lakeside/site1", "seam:lakeside/site3"]
        assert plugs.vendors[key(1)].pacer.limits == Limits(concurrent=16)
        assert plugs.platforms[ConnectionName("lakeside")].name == "connection:lakeside"
        assert "seam_key" not in repr(plugs.vendors)


async def test_the_limits_of_the_configuration_hold_and_the_least_of_an_account(tmp_path: Path) -> None:
    text = (
        CONNECTION
        + "calls_per_second = 10.0\nconcurrent_calls = 4\n"
        + site(1, pacing="account_calls_per_second = 5\naccount_concurrent_calls = 8")
        + site(2, pacing="account_calls_per_second = 1\ncalls_per_second = 0.5")
    )
    async with plugged(tmp_path, text) as plugs:
        assert plugs.vendors[key(1)].pacer.limits == Limits(concurrent=8, rate=1)
        assert plugs.platforms[ConnectionName("lakeside")].pacer.limits == Limits(concurrent=4, rate=10)


async def test_a_site_with_limits_of_its_own_begins_no_more_than_can_make_their_calls(tmp_path: Path) -> None:
    text = CONNECTION + site(1, pacing="calls_per_second = 1") + site(2, key="seam_key_two")
    async with plugged(tmp_path, text) as plugs:
        shares = site_shares(16, plugs.sites, plugs.vendors, plugs.platforms, limited=plugs.limited)
        assert shares.portion(16, []).size == 2
        assert shares.portion(16, [key(1)] * 2).without == {key(1)}
        assert shares.portion(16, [key(2)] * 2).without == frozenset()


async def test_without_a_word_of_it_an_account_takes_what_the_worker_does_at_once(tmp_path: Path) -> None:
    async with plugged(tmp_path, "[worker]\nconcurrency = 32\n" + CONNECTION + site(1)) as plugs:
        assert plugs.vendors[key(1)].pacer.limits == Limits(concurrent=32)


@pytest.mark.parametrize(
    "line",
    [
        "calls_per_second = 0",
        "calls_per_second = -1",
        "calls_per_second = inf",
        "account_calls_per_second = nan",
        "concurrent_calls = 0",
        "account_concurrent_calls = 1.5",
        "account_concurrent_calls = 257",
    ],
)
def test_a_limit_that_is_none_is_refused_and_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "gatebridge.toml"
    file.write_text(CONNECTION + site(1, pacing=line))
    with pytest.raises(ConfigurationError, match=rf"^sites\.0\.pacing\.{line.split(' ', 1)[0]}: "):
        load(file)


def test_the_connections_limits_are_not_the_sources(tmp_path: Path) -> None:
    file = tmp_path / "gatebridge.toml"
    file.write_text(CONNECTION + "concurrent_calls = 0\n" + site(1))
    with pytest.raises(ConfigurationError, match=r"^connections\.lakeside\.concurrent_calls: "):
        load(file)
