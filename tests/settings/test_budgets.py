"""The budgets of the configuration are those that the sites are judged by; none written means the usual ones."""

from pathlib import Path

import pytest

from bridge.domain.budgets import Budget, Budgets, SiteBudgets
from bridge.domain.errors import ConfigurationError
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import plug_in

CONFIG = """
[store]
url = "sqlite:///{folder}/gatebridge.db"
[connections.lakeside]
source = "storeganise"
base_url = "http://127.0.0.1:9"
api_key = "an-api-key"
webhook_secrets = ["a-secret"]
timezone = "Europe/London"
{of_connection}
[[sites]]
connection = "lakeside"
id = "66f1a0c2b7d4e90015c0e001"
adapter = "simulator"
[sites.options]
url = "http://127.0.0.1:9"
{of_site}
"""


def configured(folder: Path, of_site: str = "", of_connection: str = "") -> Path:
    file = folder / "gatebridge.toml"
    file.write_text(CONFIG.format(folder=folder, of_site=of_site, of_connection=of_connection), encoding="utf-8")
    return file


async def budgets_in(file: Path) -> SiteBudgets:
    async with plug_in(load(file), Metrics()) as plugs:
        (site,) = plugs.sites.values()
        return site.budgets


@pytest.mark.anyio
async def test_a_site_without_any_has_the_usual_ones(tmp_path: Path) -> None:
    usual = Budgets(removals=Budget(per_hour=10, percent_per_day=20))
    assert await budgets_in(configured(tmp_path)) == SiteBudgets(site=usual)


@pytest.mark.anyio
async def test_what_is_written_is_what_is_judged_by(tmp_path: Path) -> None:
    of_site = "[sites.budget]\nremovals_per_hour = 0\nremovals_percent_per_day = 100\nsuspensions_per_hour = 7"
    of_connection = "[connections.lakeside.budget]\nremovals_per_hour = 50\nsuspensions_percent_per_day = 2.5"
    found = await budgets_in(configured(tmp_path, of_site, of_connection))
    assert found.site == Budgets(
        removals=Budget(per_hour=0, percent_per_day=100), suspensions=Budget(per_hour=7, percent_per_day=None)
    )
    assert found.connection == Budgets(removals=Budget(per_hour=50), suspensions=Budget(percent_per_day=2.5))


@pytest.mark.parametrize(
    ("of_site", "of_connection", "key"),
    [
        ("removals_per_hour = -1", "", "sites.0.budget.removals_per_hour"),
        ("removals_percent_per_day = 101", "", "sites.0.budget.removals_percent_per_day"),
        ("removals_percent_per_day = nan", "", "sites.0.budget.removals_percent_per_day"),
        ("removals_per_day = 3", "", "sites.0.budget.removals_per_day"),
        ("", "suspensions_per_hour = 1.5", "connections.lakeside.budget.suspensions_per_hour"),
        ("", "removal_per_hour = 3", "connections.lakeside.budget.removal_per_hour"),
    ],
)
def test_a_mistake_is_named_by_its_key(tmp_path: Path, of_site: str, of_connection: str, key: str) -> None:
    file = configured(
        tmp_path,
        f"[sites.budget]\n{of_site}" if of_site else "",
        f"[connections.lakeside.budget]\n{of_connection}" if of_connection else "",
    )
    with pytest.raises(ConfigurationError) as mistake:
        load(file)
    assert str(mistake.value).startswith(f"{key}:")
