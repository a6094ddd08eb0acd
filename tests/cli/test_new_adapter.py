"""`gatebridge adapters new`: a package that its author need not mend before the first change."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest
import typer
from typer.testing import CliRunner, Result

from bridge.cli.app import app
from bridge.scaffold import Names, write_package
from bridge.scaffold.names import MAX_TITLE
from tests.cli.terminal import invoke

ROOT: Final = Path(__file__).resolve().parents[2]
SHORTEST, LONGEST = "a", "abcdefghijklmnopqrstuvwxyz_abc"


def new(*arguments: str, into: Path) -> Result:
    return invoke(["adapters", "new", *arguments, "--into", str(into)])


def run(tool: str, *arguments: str, cwd: Path) -> None:
    command = [str(Path(sys.executable).with_name(tool)), *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_package_of_its_own_is_written_and_the_next_steps_are_told(tmp_path: Path) -> None:
    result = new("acme_gate", "--title", "Acme Gate (EU)", into=tmp_path / "new")
    folder = tmp_path / "new" / "gatebridge-acme-gate"
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"  pip install --editable '{folder}[test]'" in result.stdout.splitlines()
    assert "  gatebridge adapters certify acme_gate" in result.stdout.splitlines()
    modules = ["__init__", "adapter", "client", "mapping", "options", "simulation", "suite", "wire"]
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        ".gitignore",
        "pyproject.toml",
        "tests/test_conformance.py",
        "gatebridge_acme_gate/README.md",
        "gatebridge_acme_gate/quality.toml",
        *(f"gatebridge_acme_gate/{module}.py" for module in modules),
    }
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"] == {"gatebridge.adapters": {"acme_gate": "gatebridge_acme_gate:ADAPTER"}}
    assert "Acme Gate (EU)" in project["description"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["Acme"], "lower case"),
        (["acme-gate"], "lower case"),
        (["9lives"], "lower case"),
        (["acme__gate"], "lower case"),
        (["../acme"], "lower case"),
        (["class"], "lower case"),
        (["a" * 31], "lower case"),
        (["akmé"], "lower case"),
        (["simulator"], "installed already"),
        (["acme", "--title", 'A "quoted" one'], "title"),
        (["acme", "--title", "A\nB"], "title"),
        (["acme", "--title", "x" * 41], "title"),
        (["acme", "--title", " "], "title"),
        (["acme", "--title", "{{ 7 }}"], "title"),
    ],
)
def test_a_name_that_cannot_be_one_is_a_clear_mistake(tmp_path: Path, arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(app, ["adapters", "new", *arguments, "--into", str(tmp_path)], standalone_mode=False)
    assert isinstance(result.exception, typer.BadParameter)
    assert says in result.exception.format_message()
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_written_over(tmp_path: Path) -> None:
    mine = tmp_path / "gatebridge-acme"
    mine.mkdir()
    (mine / "notes").write_text("mine")
    result = CliRunner().invoke(app, ["adapters", "new", "acme", "--into", str(tmp_path)], standalone_mode=False)
    assert isinstance(result.exception, typer.BadParameter)
    assert "exists already: nothing was written" in result.exception.format_message()
    assert [path.name for path in mine.iterdir()] == ["notes"]


def test_a_folder_that_cannot_be_made_is_a_clear_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(
        app, ["adapters", "new", "acme", "--into", str(tmp_path / "file")], standalone_mode=False
    )
    assert isinstance(result.exception, typer.BadParameter)


@pytest.mark.parametrize("name", [SHORTEST, "acme_gate", LONGEST])
def test_a_new_adapter_keeps_our_own_rules_of_style(tmp_path: Path, name: str) -> None:
    names = Names.of(name, "x" * MAX_TITLE)
    folder = write_package(names, tmp_path)
    ours = ["--no-cache", "--config", str(ROOT / "pyproject.toml")]
    run("ruff", "check", *ours, "--config", f'lint.isort.known-first-party=["{names.package}"]', ".", cwd=folder)
    run("ruff", "format", "--check", *ours, ".", cwd=folder)


def test_a_new_adapter_has_a_type_for_everything(tmp_path: Path) -> None:
    folder = write_package(Names.of("acme_gate"), tmp_path)
    strict = ["--warn-unreachable", "--enable-error-code", "ignore-without-code", "--enable-error-code", "truthy-bool"]
    run("mypy", "--cache-dir", str(tmp_path / "cache"), *strict, ".", cwd=folder)
