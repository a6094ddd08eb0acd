"""`gatebridge holds` over a store that no running bridge owns, in this process."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import typer
from typer.testing import CliRunner, Result

from bridge.cli.app import app
from bridge.domain.errors import NotFoundHere
from bridge.domain.ledger import LedgerKind
from bridge.ports.clock import SystemClock
from bridge.settings import load
from bridge.store import SqlStore, ledger
from bridge.telemetry import Metrics
from bridge.wiring import open_store
from tests.cli.terminal import invoke
from tests.cli.test_mistakes import GOOD
from tests.contracts.losing import budgets, housed, lose


@pytest.fixture(autouse=True)
def _logs_as_ever() -> Iterator[None]:
    """Undo what the command says of the process's log."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in which two removals are held."""
    monkeypatch.setenv("CLI_API_KEY", "key-of-the-cli-tests")
    file = tmp_path / "gatebridge.toml"
    file.write_text(GOOD.format(folder=tmp_path))
    asyncio.run(hold_two(file))
    return file


async def hold_two(file: Path) -> None:
    async with open_store(load(file), Metrics(), SystemClock()) as store:
        for key in await housed(store, 3):
            await lose(store, key, budgets(per_hour=1))


def run(config: Path, *arguments: str) -> Result:
    return invoke(["--config", str(config), "holds", *arguments])


def listed(config: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run(config, "list", "--json").stdout)
    return rows


def test_a_hold_is_listed_shown_and_released_with_name_and_reason(config: Path) -> None:
    (row,) = listed(config)
    table = run(config, "list")
    assert table.exit_code == 0
    for told in (row["digest"], "site1", "removal", "more than 1 removals at this site within an hour"):
        assert told in table.stdout
    shown = run(config, "show", row["digest"])
    assert shown.stdout.startswith("2 removals at site site1, since 20")
    assert "site1-t01" in shown.stdout
    assert shown.stdout.splitlines()[-1] == f"To let them go: gatebridge holds release {row['digest']} --reason ..."
    released = run(config, "release", row["digest"], "--reason", "end of\nthe season")
    assert released.stdout == "Released: 2 removals at site site1. They are looked at again now.\n"
    assert run(config, "list").stdout == "Nothing is held.\n"
    assert entries(config) == [("removal_released", "end of the season")] * 2


def entries(config: Path) -> list[tuple[str, str]]:
    async def read() -> list[tuple[str, str]]:
        async with open_store(load(config), Metrics(), SystemClock()) as store:
            assert isinstance(store, SqlStore)
            chain = await store._ways.read(lambda connection: list(ledger.read_chain(connection)))
            return [(entry.what, entry.details["reason"]) for entry, _ in chain if entry.kind is LedgerKind.OPERATOR]

    return asyncio.run(read())


def test_what_is_dropped_is_no_longer_listed(config: Path) -> None:
    (row,) = listed(config)
    dropped = json.loads(run(config, "drop", row["digest"], "--reason", "the platform is right again", "--json").stdout)
    assert (dropped["digest"], [one["rental"] for one in dropped["rentals"]]) == (
        row["digest"],
        ["site1-t01", "site1-t02"],
    )
    assert listed(config) == []


@pytest.mark.parametrize("verb", ["show", "release", "drop"])
def test_a_digest_that_is_not_the_present_one_is_refused(config: Path, verb: str) -> None:
    reason = () if verb == "show" else ("--reason", "x")
    refused = run(config, verb, "0123456789abcdef", *reason)
    assert isinstance(refused.exception, NotFoundHere)
    assert "0123456789abcdef" in str(refused.exception)
    assert len(listed(config)) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("release", "0123456789abcdef"), "reason"),
        (("release", "0123456789abcdef", "--reason", " "), "--reason"),
        (("drop", "0123456789abcdef", "--reason", "\n"), "--reason"),
        (("show", "../queue"), "digest"),
        (("release", "a/b", "--reason", "x"), "digest"),
        (("release",), "digest"),
    ],
)
def test_a_mistake_decides_nothing(config: Path, arguments: tuple[str, ...], says: str) -> None:
    mistake = CliRunner().invoke(app, ["--config", str(config), "holds", *arguments], standalone_mode=False)
    assert isinstance(mistake.exception, typer.TyperException)
    assert says in mistake.exception.format_message().lower()
    assert len(listed(config)) == 1


def test_check_says_which_budgets_are_in_force(config: Path) -> None:
    findings = json.loads(invoke(["--config", str(config), "check", "--json"]).stdout)
    assert not [one for one in findings if "not enforced" in one["text"]]
    (site,) = [one["text"] for one in findings if "removals_per_hour" in one["text"]]
    assert "removals_per_hour = 10, removals_percent_per_day = 20" in site
    assert "suspensions_per_hour = none" in site
