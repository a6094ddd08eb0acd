"""`gatebridge db doubt`, `trust` and `adopt` over a store that no running bridge owns, in this process."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import typer
from typer.testing import CliRunner, Result

from bridge.cli.app import app
from bridge.domain.trust import DOUBTED
from bridge.ports.clock import SystemClock
from bridge.settings import load
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
    monkeypatch.setenv("CLI_API_KEY", "key-of-the-cli-tests")
    file = tmp_path / "gatebridge.toml"
    file.write_text(GOOD.format(folder=tmp_path))
    return file


async def lose_one(file: Path) -> bool:
    async with open_store(load(file), Metrics(), SystemClock()) as store:
        (key,) = await housed(store, 1)
        return await lose(store, key, budgets())


def run(config: Path, *arguments: str) -> Result:
    return invoke(["--config", str(config), *arguments])


def test_after_a_restore_a_person_doubts_and_then_trusts(config: Path) -> None:
    doubted = run(config, "db", "doubt", "--reason", "yesterday's volume")
    assert doubted.stdout.startswith("Doubted. Nobody loses a door now.")
    assert not asyncio.run(lose_one(config))
    (hold,) = json.loads(run(config, "holds", "list", "--json").stdout)
    assert hold["why"] == DOUBTED
    trusted = run(config, "db", "trust", "--reason", "looked at the plan")
    assert trusted.stdout == "Trusted. 1 removals that were held are judged anew now.\n"
    assert asyncio.run(lose_one(config))


def test_a_database_is_adopted(config: Path) -> None:
    adopted = run(config, "db", "adopt", "--reason", "new hardware", "--json")
    assert json.loads(adopted.stdout) == {"doubted": None, "freed": 0}


@pytest.mark.parametrize("verb", ["doubt", "trust", "adopt"])
@pytest.mark.parametrize("reason", [(), ("--reason", " \n")])
def test_without_a_reason_nothing_is_decided(config: Path, verb: str, reason: tuple[str, ...]) -> None:
    mistake = CliRunner().invoke(app, ["--config", str(config), "db", verb, *reason], standalone_mode=False)
    assert isinstance(mistake.exception, typer.TyperException)
    assert "reason" in mistake.exception.format_message().lower()
