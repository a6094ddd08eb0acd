"""`gatebridge revoke` over a store that no running bridge owns: it is kept, and says that a door is still open."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import typer
from typer.testing import CliRunner, Result

from bridge.cli.app import app
from bridge.domain.errors import NotFoundHere
from bridge.ports.clock import SystemClock
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import open_store
from tests.cli.terminal import invoke
from tests.cli.test_mistakes import GOOD
from tests.contracts.losing import housed

SITE = "66f1a0c2b7d4e90015c0e001"
TENANT = f"{SITE}-t00"


@pytest.fixture(autouse=True)
def _logs_as_ever() -> Iterator[None]:
    """Undo what the command says of the process's log."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in which a tenant has a door."""
    monkeypatch.setenv("CLI_API_KEY", "key-of-the-cli-tests")
    file = tmp_path / "gatebridge.toml"
    file.write_text(GOOD.format(folder=tmp_path))

    async def fill() -> None:
        async with open_store(load(file), Metrics(), SystemClock()) as store:
            await housed(store, 1, site=SITE)

    asyncio.run(fill())
    return file


def run(config: Path, *arguments: str) -> Result:
    return invoke(["--config", str(config), *arguments])


REVOKE = ("revoke", "--tenant", TENANT, "--reason", "threatened\nthe staff")


def test_without_a_bridge_it_is_kept_and_says_still_open(config: Path) -> None:
    done = run(config, *REVOKE, "--yes")
    again = run(config, *REVOKE, "--yes", "--json")
    listed = run(config, "revoked")
    assert done.exit_code == again.exit_code == 1
    assert "STILL OPEN (unknown)" in done.stdout
    assert "start gatebridge serve" in done.stderr
    assert (done.stderr.count("\n"), json.loads(again.stdout)["open"]) == (1, 1)
    assert [word in listed.stdout for word in (TENANT, "every", "threatened the staff")] == [True] * 3
    given = run(config, "unrevoke", "--tenant", TENANT, "--reason", "it was somebody else", "--yes")
    assert (given.exit_code, given.stdout) == (0, "Given back to the rules.\n")
    assert run(config, "revoked").stdout == "Nobody's access is revoked.\n"


def test_it_asks_first_and_no_is_no(config: Path) -> None:
    file = ["--config", str(config)]
    refused = CliRunner().invoke(app, [*file, *REVOKE], input="n\n")
    assert refused.exit_code == 1
    assert "door" in refused.stdout
    assert json.loads(run(config, "revoked", "--json").stdout) == []
    taken = CliRunner().invoke(app, [*file, *REVOKE, "--wait", "0"], input="y\n")
    assert "STILL OPEN" in taken.stdout
    kept = CliRunner().invoke(app, [*file, "unrevoke", "--tenant", TENANT, "--reason", "x"], input="n\n")
    assert kept.exit_code == 1
    assert len(json.loads(run(config, "revoked", "--json").stdout)) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("revoke", "--tenant", TENANT, "--yes"), "reason"),
        (("revoke", "--reason", "x", "--yes"), "tenant"),
        (("revoke", "--tenant", TENANT, "--reason", " ", "--yes"), "--reason"),
        (("revoke", "--tenant", " ", "--reason", "x", "--yes"), "--tenant"),
        (("revoke", "--tenant", TENANT, "--site", "", "--reason", "x", "--yes"), "--site"),
        ((*REVOKE, "--json"), "--yes"),
        (("unrevoke", "--tenant", TENANT, "--reason", "x", "--json"), "--yes"),
    ],
)
def test_a_mistake_revokes_nothing(config: Path, arguments: tuple[str, ...], says: str) -> None:
    mistake = CliRunner().invoke(app, ["--config", str(config), *arguments], standalone_mode=False)
    assert isinstance(mistake.exception, typer.TyperException)
    assert says in mistake.exception.format_message().lower()
    assert json.loads(run(config, "revoked", "--json").stdout) == []


@pytest.mark.parametrize("verb", ["revoke", "unrevoke"])
def test_whom_nobody_knows_is_not_taken_for_shut_out(config: Path, verb: str) -> None:
    refused = run(config, verb, "--tenant", "mistyped", "--reason", "x", "--yes")
    assert isinstance(refused.exception, NotFoundHere)
    assert "--connection" in str(refused.exception)
