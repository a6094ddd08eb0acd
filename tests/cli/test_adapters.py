"""`gatebridge adapters list` and `show`: what is installed, from whom, and what of it cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from bridge.catalog import find_adapter
from bridge.domain.errors import ConfigurationError
from tests.cli.offering import announce, declared, offer
from tests.cli.terminal import invoke


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on the path, where packages can be put."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def adapters(*arguments: str) -> Result:
    return invoke(["adapters", *arguments])


def told(*arguments: str) -> Any:
    result = adapters(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def listed(key: str) -> list[dict[str, Any]]:
    return [row for row in told("list") if row["key"] == key]


def test_an_adapter_is_listed_with_the_package_that_brings_it(shelf: Path) -> None:
    offer(shelf, "listed", {"__init__.py": declared("listed")})
    row = {"key": "listed", "loaded": True, "title": "Locks of a stranger", "problem": None}
    assert listed("listed") == [{**row, "package": "offered-listed", "version": "2.1.0"}]
    assert listed("simulator")[0]["package"] == "gatebridge"


@pytest.mark.parametrize(
    ("key", "source", "problem"),
    [
        (
            "gone",
            "import a_module_that_is_not_there",
            "ModuleNotFoundError: No module named 'a_module_that_is_not_there'",
        ),
        ("loud", "raise RuntimeError('one\\n\\x1b[31mtwo')", "RuntimeError: one [31mtwo"),
        ("other", "ADAPTER = 7", "the package that offers other is broken: it is not an AdapterSpec"),
        ("empty", "", "AttributeError: module 'offered_empty' has no attribute 'ADAPTER'"),
    ],
)
def test_one_that_cannot_be_used_is_listed_with_the_reason_and_stops_no_other(
    shelf: Path, key: str, source: str, problem: str
) -> None:
    offer(shelf, key, {"__init__.py": source})
    (row,) = listed(key)
    assert (row["loaded"], row["title"], row["problem"]) == (False, None, problem)
    assert listed("simulator")[0]["loaded"]
    shown = adapters("list")
    assert shown.exit_code == 0
    assert f"cannot be used: {problem}" in shown.stdout


def test_two_packages_that_offer_one_name_are_told_and_neither_is_used(shelf: Path) -> None:
    package = offer(shelf, "twice", {"__init__.py": declared("twice")})
    announce(shelf, "twice", f"{package}:ADAPTER", distribution="impostor")
    problem = "twice is offered by several packages: impostor, offered-twice; keep one of them"
    rows = listed("twice")
    assert {row["package"] for row in rows} == {"impostor", "offered-twice"}
    assert [row["problem"] for row in rows] == [problem, problem]
    with pytest.raises(ConfigurationError, match=r"sites\.0\.adapter: twice is offered by several packages"):
        find_adapter("twice", key="sites.0.adapter")


def test_each_option_is_shown_with_what_stands_below_it_in_the_source(shelf: Path) -> None:
    offer(shelf, "shown", {"__init__.py": declared("shown")})
    assert told("show", "shown")["options"] == [
        {"key": "token", "needed": True, "type": "secret", "default": None, "meaning": ""},
        {
            "key": "digits",
            "needed": True,
            "type": "number",
            "default": None,
            "meaning": "How long the codes are, in digits.",
        },
    ]


def test_choices_and_defaults_are_shown() -> None:
    options = {row["key"]: row for row in told("show", "simulator")["options"]}
    assert (options["codes"]["type"], options["codes"]["default"]) == ('"given" or "made"', "given")
    assert options["codes"]["meaning"] == "Who makes the gate codes."
    assert (options["api_key"]["type"], options["api_key"]["needed"]) == ("secret", False)
    assert options["url"]["needed"]


def test_an_option_is_one_cell_for_people() -> None:
    lines = [line.split(maxsplit=1) for line in adapters("show", "simulator").stdout.splitlines() if line]
    rows = {line[0]: line[-1].strip() for line in lines}
    assert rows["codes"] == '"given" or "made", default "given". Who makes the gate codes.'
    assert rows["url"].startswith("text, needed. Where the controller answers")


def test_capabilities_are_shown_with_the_defaults_of_the_options() -> None:
    can = told("show", "simulator")["capabilities"]
    assert (can["code_rules"]["max_length"], can["reads_codes"], can["suspends"]) == (6, True, "target")


def test_capabilities_that_depend_on_an_option_without_a_default_are_said_to(shelf: Path) -> None:
    offer(shelf, "depends", {"__init__.py": declared("depends")})
    assert told("show", "depends")["capabilities"] is None
    assert "What it can do depends on options that have no default." in adapters("show", "depends").stdout


def test_rules_and_exemptions_are_shown_with_their_reasons(shelf: Path) -> None:
    quality = """
    [rules]
    idempotent_apply = "done"
    rate_limits = { status = "exempt", why = "it has none" }
    [exempt]
    test_a = "no such thing"
    [exempt.TestMade]
    test_b = "not there"
    """
    offer(shelf, "papers", {"__init__.py": declared("papers"), "quality.toml": quality, "README.md": "# Locks"})
    shown = told("show", "papers")
    assert shown["rules"] == {"idempotent_apply": "done", "rate_limits": "exempt: it has none"}
    assert shown["exempt"] == {"test_a": "no such thing", "TestMade.test_b": "not there"}
    assert shown["readme"] == str(shelf / "offered_papers" / "README.md")


def test_an_adapter_without_papers_is_shown_all_the_same(shelf: Path) -> None:
    offer(shelf, "bare", {"__init__.py": declared("bare")})
    shown = told("show", "bare")
    assert (shown["readme"], shown["suite"], shown["rules"], shown["exempt"]) == (None, None, {}, {})
    assert "none: it cannot be certified" in adapters("show", "bare").stdout


@pytest.mark.parametrize("command", ["show", "certify"])
def test_an_adapter_that_is_not_installed_is_a_clear_mistake(command: str) -> None:
    result = adapters(command, "nuki")
    assert isinstance(result.exception, ConfigurationError)
    assert str(result.exception).startswith("nuki is not installed; installed: ")
