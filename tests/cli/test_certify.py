"""`gatebridge adapters certify`: nothing is certified that did not keep every check, or say why it need not."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from bridge.domain.errors import Unsupported
from bridge.scaffold import Names, write_package
from tests.cli.offering import announce, declared, offer
from tests.cli.terminal import invoke

EXEMPT = 'test_two_tenants_of_one_name_are_two = "they are one here"\n'
BROKEN = '''

    examples = 1
    test_any_history_ends_with_what_was_wanted = None

    async def test_a_second_plan_is_empty(self) -> None:
        """Look away."""

    def test_that_is_left_out(self) -> None:
        pytest.skip("not today")

    def test_that_is_left_out_without_a_reason(self) -> None:
        pytest.skip("exempt: ")

    @pytest.mark.xfail
    def test_that_is_known_to_fail(self) -> None:
        raise AssertionError

    def test_that_fails(self) -> None:
        raise AssertionError("two\\nlines")

    def test_that_cannot_begin(self, a_fixture_that_is_not_there: None) -> None:
        """Never."""


class TestOthers:
    @pytest.fixture
    def mess(self) -> Iterator[None]:
        yield
        raise RuntimeError("left behind")

    def test_that_leaves_a_mess(self, mess: None) -> None:
        """Pass, and fail afterwards."""
'''


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that this process and those that it starts have on their path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def certify(name: str, *arguments: str) -> Result:
    return invoke(["adapters", "certify", name, *arguments])


def checked(result: Result) -> Mapping[str, Mapping[str, Any]]:
    return {row["check"]: row for row in json.loads(result.stdout)["checks"]}


def scaffolded(shelf: Path, name: str) -> Path:
    """Put a new adapter on the path and return its package."""
    names = Names.of(name)
    package = write_package(names, shelf / "written") / names.package
    package.rename(shelf / names.package)
    announce(shelf, name, f"{names.package}:ADAPTER", distribution=names.project)
    return shelf / names.package


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_what_is_failed_replaced_hidden_or_skipped_at_will_is_not_certified(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = scaffolded(shelf, "careless")
    suite, quality = package / "suite.py", package / "quality.toml"
    suite.write_text(f"from collections.abc import Iterator\n\nimport pytest\n{suite.read_text()}{BROKEN}")
    quality.write_text(quality.read_text() + EXEMPT)
    change(package / "mapping.py", "MAX_NAME: Final = 40", "MAX_NAME: Final = 400")
    (shelf / "pytest.ini").write_text("[pytest]\naddopts = --an-option-that-is-not-there\n")
    (shelf / "conftest.py").write_text("raise RuntimeError('this is somebody else\\'s')\n")
    monkeypatch.chdir(shelf)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")

    result = certify("careless", "--json")

    assert (result.exit_code, json.loads(result.stdout)["certified"]) == (1, False)
    rows = checked(result)
    replaced = "the suite changes this check of the kit; leave it out in quality.toml under [exempt]"
    failed = {
        "any history ends with what was wanted": replaced,
        "a second plan is empty": replaced,
        "that is left out": "skipped without a reason that counts: not today",
        "that is left out without a reason": "skipped without a reason that counts: exempt:",
        "that is known to fail": "skipped without a reason that counts: none",
        "that fails": "AssertionError: two",
        "that leaves a mess": "teardown: RuntimeError: left behind",
    }
    assert {name: (rows[name]["outcome"], rows[name]["why"]) for name in failed} == {
        name: ("failed", why) for name, why in failed.items()
    }
    assert rows["that cannot begin"]["why"].startswith("setup: ")
    assert rows["any name is let in (very long)"]["outcome"] == "failed"
    assert rows["nobody is observed before the first grant"]["outcome"] == "passed"
    one = rows["two tenants of one name are two"]
    assert (one["outcome"], one["why"], one["suite"]) == ("exempt", "they are one here", "TestCareless")
    assert rows["a refused token is replaced once"]["outcome"] == "not declared"
    assert not (shelf / ".hypothesis").exists()


NO_KIT = "has no Test class that subclasses AdapterConformance"
VAIN = {
    "unready": ("raise RuntimeError('not ready')", "RuntimeError: not ready"),
    "void": ("", NO_KIT),
    "idle": ("class TestNothing:\n    def test_it(self): ...", NO_KIT),
    "borrowed": ("from adapters.simulator.suite import TestGivenShownByTarget", NO_KIT),
    "unmade": (
        """
from bridge.testing.conformance import AdapterConformance
from offered_unmade import ADAPTER


class TestUnmade(AdapterConformance):
    spec = ADAPTER

    def __init__(self): ...


class TestOther:
    def test_it(self): ...
""",
        "no check of the kit was collected",
    ),
}


@pytest.mark.parametrize("key", VAIN)
def test_a_suite_that_certifies_nothing_is_said_to(shelf: Path, key: str) -> None:
    suite, why = VAIN[key]
    offer(shelf, key, {"__init__.py": declared(key, f"offered_{key}.suite"), "suite.py": suite})
    result = certify(key, "--json")
    assert (result.exit_code, json.loads(result.stdout)["certified"]) == (1, False)
    row = checked(result)["the suite can be loaded"]
    assert row["outcome"] == "failed"
    assert why in row["why"]


def test_checks_are_told_suite_by_suite_and_counted(shelf: Path) -> None:
    suite = "def test_nothing(): ..."
    offer(shelf, "counted", {"__init__.py": declared("counted", "offered_counted.suite"), "suite.py": suite})
    result = certify("counted")
    assert result.exit_code == 1
    assert "failed   the suite can be loaded: LookupError: offered_counted.suite has no Test class" in result.stdout
    assert result.stdout.splitlines()[-1] == "counted is NOT certified: 1 failed."


def test_an_adapter_without_a_suite_is_one_line(shelf: Path) -> None:
    offer(shelf, "suiteless", {"__init__.py": declared("suiteless")})
    result = certify("suiteless")
    assert isinstance(result.exception, Unsupported)
    assert str(result.exception) == "suiteless brings no suite: its AdapterSpec names none"


def test_what_the_suite_needs_and_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.cli.certifying.NEEDED", ("pytest", "a_module_that_is_not_there"))
    result = certify("simulator")
    assert isinstance(result.exception, Unsupported)
    assert str(result.exception) == "the kit needs a_module_that_is_not_there: pip install 'gatebridge[testing]'"
