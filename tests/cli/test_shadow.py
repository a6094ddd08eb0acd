"""`gatebridge shadow report` over a store that no running bridge owns, and `check` of a site in shadow."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bridge.cli.app import app
from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import RentalId, SiteId, SubjectKey, TenantId
from bridge.ports.clock import SystemClock
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import open_store
from tests.cli.terminal import invoke
from tests.cli.test_mistakes import GOOD
from tests.contracts.losing import housed
from tests.contracts.store_builders import LAKESIDE
from tests.web.test_shadow import NOTES, note

SITE = "66f1a0c2b7d4e90015c0e001"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLI_API_KEY", "key-of-the-cli-tests")
    file = tmp_path / "gatebridge.toml"
    file.write_text(
        GOOD.format(folder=tmp_path).replace('adapter = "simulator"', 'adapter = "simulator"\nmode = "shadow"')
    )
    key = SubjectKey(connection=LAKESIDE, site=SiteId(SITE), tenant=TenantId("t1"))
    stands_out = replace(note(0, "look", ours="open", theirs="closed"), rental=RentalId("r2"))

    async def fill() -> None:
        async with open_store(load(file), Metrics(), SystemClock()) as store:
            await store.record([replace(one, subject=key) for one in (*NOTES, stands_out)])

    asyncio.run(fill())
    return file


def test_people_see_what_stands_out_and_scripts_all_of_it(config: Path) -> None:
    done = invoke(["--config", str(config), "shadow", "report", "--site", SITE])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == f"Site {SITE} (lakeside): 50.0 % agree"
    assert "They followed 1 times, 3.0 minutes later in the middle, 3.0 at most" in lines
    assert "Changes that the bridge would have made: 1 grant, 1 revoke" in lines
    assert "The guard would have asked you first for 1 rentals" in lines
    assert [line.split()[0] for line in lines if "B-001" in line] == ["r1", "r2"]
    assert "we would have it open, they have not" in done.stdout
    (told,) = json.loads(invoke(["--config", str(config), "shadow", "report", "--json"]).stdout)
    assert [row["rental"] for row in told["rentals"]] == ["r1", "r2"]


def test_check_says_that_nothing_is_written(config: Path) -> None:
    findings = json.loads(invoke(["--config", str(config), "check", "--json"]).stdout)
    (said,) = [one for one in findings if "it is in shadow" in one["text"]]
    assert said["verdict"] == "warning"


def test_who_is_to_be_shut_out_is_not_at_a_site_in_shadow(config: Path) -> None:
    async def fill() -> None:
        async with open_store(load(config), Metrics(), SystemClock()) as store:
            await housed(store, 1, site=SITE)

    asyncio.run(fill())
    arguments = ["--tenant", f"{SITE}-t00", "--reason", "threatened the staff", "--yes"]
    done = invoke(["--config", str(config), "revoke", *arguments])
    assert done.exit_code == 1
    assert "STILL OPEN (unknown): the site is in shadow" in done.stdout


def test_mistakes_are_named(config: Path) -> None:
    unknown = invoke(["--config", str(config), "shadow", "report", "--site", "s9"])
    assert isinstance(unknown.exception, NotFoundHere)
    command = ["--config", str(config), "shadow", "report", "--since", "soon"]
    mistake = CliRunner().invoke(app, command, standalone_mode=False)
    assert isinstance(mistake.exception, typer.TyperException)
    assert "since" in mistake.exception.format_message()
