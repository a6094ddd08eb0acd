"""The documents say what the code does, as far as a machine can tell."""

import importlib.metadata
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import pytest
import typer
from pydantic import BaseModel
from typer.core import TyperGroup

from bridge.cli.app import app
from bridge.domain.access import COMMON_DOORS_CLOSED, HELD, OPTED_OUT, Problem, Reason
from bridge.sources.storeganise.event import HANDLED
from tests.deploy.settings_keys import keys_of_the_house

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
DECISIONS: Final = sorted((ROOT / "bridge" / "decisions").glob("0*.md"))
DOCUMENTS: Final = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "deploy" / "README.md",
    *sorted((ROOT / "bridge").rglob("*.md")),
    *sorted((ROOT / "adapters").rglob("*.md")),
]
HEADINGS: Final = ["Context", "Decision", "Consequences", "Look again"]
ADAPTERS: Final = "gatebridge.adapters"
OURS: Final = sorted(importlib.metadata.entry_points(group=ADAPTERS), key=lambda entry: entry.name)
LINK: Final = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def section(title: str) -> str:
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def first_cells(title: str) -> dict[str, list[str]]:
    """Return the rows of a section's tables by the words in back-ticks of their first cell."""
    rows = [line.strip("| \n").split(" | ") for line in section(title).splitlines() if line.startswith("| `")]
    return {name: row for row in rows for name in re.findall(r"`([^`]+)`", row[0])}


def commands() -> set[str]:
    def below(command: object, path: str) -> set[str]:
        if not isinstance(command, TyperGroup):
            return {path}
        found = {leaf for name, inner in command.commands.items() for leaf in below(inner, f"{path} {name}")}
        return found | ({path} if command.invoke_without_command else set())

    return below(typer.main.get_command(app), "gatebridge")


def test_the_configuration_table_has_every_key_and_no_other() -> None:
    rows = first_cells("Configuration")
    assert {key.replace(".NAME", "") for key in rows} == set(keys_of_the_house())


def test_the_configuration_table_shows_the_defaults() -> None:
    shown = {key.replace(".NAME", ""): row[2] for key, row in first_cells("Configuration").items()}
    told = keys_of_the_house().items()
    defaults = {path: f"`{json.dumps(key.default)}`" for path, key in told if key.default is not None}
    assert {path: shown[path] for path in defaults} == defaults
    assert not [path for path, cell in shown.items() if path not in defaults and cell.startswith("`")]


def test_the_commands_table_has_every_command_and_no_other() -> None:
    assert set(first_cells("Commands")) == commands()


def test_every_event_that_is_handled_is_explained_and_no_other() -> None:
    assert set(first_cells("What happens on each event")) == HANDLED


def test_every_word_of_the_status_is_explained() -> None:
    explained = set(first_cells("What the status means"))
    in_tasks_only = {Problem.CODE_REFUSED, Problem.FLIPPING, Problem.RENTAL_UNREADABLE, Problem.MOVE_OUT_UNCONFIRMED}
    words = {str(word) for word in (*Reason, *Problem) if word not in in_tasks_only}
    assert words | {OPTED_OUT, COMMON_DOORS_CLOSED, *HELD.values()} == explained


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    missing = [
        link for link in LINK.findall(document.read_text(encoding="utf-8")) if not (document.parent / link).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_why_what_and_until_when(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert text.startswith(f"# {page.name[:4]} ")
    assert page.name in (page.parent / "README.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_floors_are_those_that_the_linter_holds() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = [contract["layers"] for contract in linter["contracts"] if contract["type"] == "layers"]
    table = re.findall(r"^\| \d \| (.+?) \|", (ROOT / "bridge" / "ARCHITECTURE.md").read_text("utf-8"), re.MULTILINE)
    assert [set(re.findall(r"`(\w+)`", rooms)) for rooms in table] == [set(layer.split(" | ")) for layer in layers]


def test_the_table_of_gate_systems_has_every_adapter_and_no_other() -> None:
    rows = first_cells("Gate systems")
    assert set(rows) - {"adapter"} == {entry.name for entry in importlib.metadata.entry_points(group=ADAPTERS)}


@pytest.mark.parametrize("entry", OURS, ids=lambda entry: entry.name)
def test_an_adapters_page_has_all_its_keys_and_no_other(entry: importlib.metadata.EntryPoint) -> None:
    page = (ROOT / entry.module.replace(".", "/") / "README.md").read_text(encoding="utf-8")
    table = page.split("\n## Options\n", 1)[1].split("\n## ", 1)[0]
    told = {key for line in table.splitlines() for key in re.findall(r"^\| `([a-z0-9_.]+)`", line)}
    options = entry.load().options
    assert {key.split(".")[0] for key in told} >= set(options.model_fields)
    assert {part for key in told for part in key.split(".")} <= set(_names_in(options))


def _names_in(model: type[BaseModel]) -> Iterator[str]:
    """Yield the names of a model's fields, and of those in the models that they hold."""
    for name, field in model.model_fields.items():
        yield name
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from _names_in(inner)


@pytest.mark.parametrize("entry", OURS, ids=lambda entry: entry.name)
def test_an_adapters_page_says_how_to_set_it_up_and_what_is_not_proved(entry: importlib.metadata.EntryPoint) -> None:
    page = (ROOT / entry.module.replace(".", "/") / "README.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^## (.+)$", page, flags=re.MULTILINE))
    assert headings >= {"Set-up", "Options"}
    assert entry.name == "simulator" or "Not yet proved live" in headings
