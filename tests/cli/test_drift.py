"""`gatebridge drift` over a store that no running bridge owns, in this process."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from typer.testing import Result

from bridge.domain.drift import Aspect, Drift, DriftKind, Left, Sight
from bridge.domain.errors import BridgeError
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.outcome import Done
from bridge.ports.clock import SystemClock
from bridge.ports.store import SubjectCommit
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import open_store
from tests.cli.terminal import invoke
from tests.cli.test_mistakes import GOOD
from tests.contracts.store_builders import claimed

SITE = "66f1a0c2b7d4e90015c0e001"
DRIFT = Drift(
    kind=DriftKind.MISSING,
    aspect=Aspect.DOOR,
    target=TargetId("B-014"),
    since=datetime(2026, 3, 4, 11, tzinfo=UTC),
    left=Left.FIGHT,
    rentals=(RentalId("r1"),),
)


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


def run(config: Path, *arguments: str) -> Result:
    return invoke(["--config", str(config), "drift", *arguments])


async def drifts(file: Path) -> None:
    async with open_store(load(file), Metrics(), SystemClock()) as store:
        end = SubjectCommit(outcome=Done(), sight=Sight(left=(DRIFT,)), is_first_sight=True)
        await store.commit(await claimed(store), end)


def test_what_is_left_is_shown_with_why_and_how_to_put_it_back(config: Path) -> None:
    asyncio.run(drifts(config))
    shown = run(config)
    for told in ("site1", "tenant1", "missing: door B-014", "undone each time", "2026-03-04 11:00"):
        assert told in shown.stdout
    assert shown.stdout.splitlines()[-1] == "To put a tenant's back: gatebridge resync --tenant ..."
    (row,) = json.loads(run(config, "--site", "site1", "--json").stdout)
    assert (row["kind"], row["door"], row["left"]) == ("missing", "B-014", "fight")


def test_where_nothing_has_drifted_that_is_said(config: Path) -> None:
    assert run(config).stdout == "Nothing has drifted.\n"
    assert json.loads(run(config, "--json").stdout) == []


def test_strangers_need_a_site_that_is_configured_and_answers(config: Path) -> None:
    assert run(config, "--strangers").exit_code == 2
    for site in ("nowhere", SITE):  # the gate of the second is not there
        asked = run(config, "--strangers", "--site", site)
        assert isinstance(asked.exception, BridgeError)
        assert str(asked.exception).isprintable()
