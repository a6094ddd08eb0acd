"""`gatebridge pause` and `resume` over a store that no running bridge owns, and `check` beside it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import typer
from typer.testing import CliRunner, Result

from bridge.cli.app import app
from bridge.domain.errors import NotFoundHere
from tests.cli.test_mistakes import GOOD

SITE = "66f1a0c2b7d4e90015c0e001"


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
    return CliRunner().invoke(app, ["--config", str(config), *arguments])


def test_what_is_paused_is_said_by_every_command_that_looks(config: Path) -> None:
    done = run(config, "pause", "--site", SITE, "--reason", "new\nlocks")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"site {SITE} is paused since 20")
    assert done.stdout.splitlines()[0].endswith(": new locks")
    assert f"Paused: site {SITE} is paused since" in run(config, "queue").stdout
    assert [row["what"] for row in json.loads(run(config, "alerts", "--json").stdout)] == ["paused"]
    findings = json.loads(run(config, "check", "--json").stdout)
    (said,) = [row for row in findings if row["subject"] == "paused"]
    assert said["verdict"] == "warning"
    assert f"site {SITE} is paused since" in said["text"]
    resumed = run(config, "resume", "--site", SITE, "--json")
    assert json.loads(resumed.stdout) == {"paused": []}
    assert "Paused" not in run(config, "queue").stdout
    assert "is paused" not in run(config, "check").stdout


def test_resuming_one_says_what_is_still_paused(config: Path) -> None:
    run(config, "pause", "--all", "--reason", "moving house")
    run(config, "pause", "--adapter", "simulator", "--reason", "new locks")
    resumed = run(config, "resume", "--adapter", "simulator", "--reason", "all done")
    lines = resumed.stdout.splitlines()
    assert lines[0] == "Resumed."
    assert lines[1].startswith("Still so: everything is paused since")
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("pause", "--reason", "x"), "--all"),
        (("pause", "--all"), "reason"),
        (("pause", "--all", "--site", SITE, "--reason", "x"), "exactly one"),
        (("pause", "--site", "", "--reason", "x"), "exactly one"),
        (("pause", "--all", "--reason", " "), "--reason"),
        (("resume",), "exactly one"),
    ],
)
def test_a_mistake_pauses_nothing(config: Path, arguments: tuple[str, ...], says: str) -> None:
    mistake = CliRunner().invoke(app, ["--config", str(config), *arguments], standalone_mode=False)
    assert isinstance(mistake.exception, typer.TyperException)
    assert says in mistake.exception.format_message()
    assert json.loads(run(config, "queue", "--json").stdout)["paused"] == []


@pytest.mark.parametrize("arguments", [("pause", "--site", "s9", "--reason", "x"), ("resume", "--adapter", "seam")])
def test_what_is_not_there_cannot_be_paused_or_resumed(config: Path, arguments: tuple[str, ...]) -> None:
    done = run(config, *arguments)
    assert isinstance(done.exception, NotFoundHere)
    assert arguments[2] in str(done.exception)
