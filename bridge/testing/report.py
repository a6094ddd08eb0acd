"""A pytest plugin: runs the suite that certifies one adapter, and writes down what became of each check.

`gatebridge adapters certify` starts it, in a process and a folder of its own. A check counts only as it is in the kit:
one that the suite replaced, hid or skipped on its own account has failed.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from bridge.catalog import find_adapter
from bridge.domain.errors import inert
from bridge.testing.conformance import AdapterConformance, SimulatedClock, Simulation

REPORT: Final = "--certify-report"
MAX_REASON: Final = 300
_CHECK: Final = "test_"
_SKIPPED: Final = "Skipped: "


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    EXEMPT = "exempt"
    """Left out with a reason, which is in the adapter's `quality.toml`."""
    NOT_DECLARED = "not declared"
    """Of an ability that the adapter does not declare."""


REASONS: Final[Mapping[str, Outcome]] = {"exempt: ": Outcome.EXEMPT, "not declared: ": Outcome.NOT_DECLARED}
"""How the kit's skips begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of one check, named in words. `why` is there for all that did not pass."""

    suite: str
    check: str
    outcome: Outcome
    why: str = ""


def suites_of(name: str) -> dict[str, type]:
    """Return the `Test...` classes of the adapter's suite. Raises `LookupError` where none of them certifies it."""
    spec = find_adapter(name, key="")
    module = import_module(spec.suite)
    found = {key: value for key, value in vars(module).items() if key.startswith("Test") and isinstance(value, type)}
    if not any(issubclass(suite, AdapterConformance) and suite.spec.key == spec.key for suite in found.values()):
        raise LookupError(f"{spec.suite} has no Test class that subclasses AdapterConformance with spec = {name}'s")
    return found


def simulation_of(name: str, clock: SimulatedClock, suite: str | None = None) -> Simulation:
    """Return what an adapter's suite plays, the first if none is named. Raises `LookupError` for no such one."""
    kits = {key: one for key, one in suites_of(name).items() if issubclass(one, AdapterConformance)}
    if suite is not None and suite not in kits:
        raise LookupError(f"{inert(suite)} is none of {', '.join(kits)}")
    chosen = kits[suite] if suite is not None else next(iter(kits.values()))
    return chosen().simulate(clock)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(REPORT, type=Path, help="where to write what became of each check, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption(REPORT)
    if path is not None:
        config.pluginmanager.register(_Recorder(path))


class _Recorder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._checked: dict[str, Checked] = {}
        self._items: dict[str, tuple[str, str]] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._checked[report.nodeid] = _unloaded(_last_line(report.longreprtext))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        hidden: dict[tuple[str, str], Checked] = {}
        certifies = False
        for item in items:
            cls = getattr(item, "cls", None)
            suite, name = getattr(cls, "__name__", ""), getattr(item, "originalname", item.name)
            self._items[item.nodeid] = suite, _words(item)
            if isinstance(cls, type) and issubclass(cls, AdapterConformance):
                certifies = True
                hidden |= {(suite, name): _changed(suite, name) for name in _missing(cls)}
                if getattr(cls, name) is not getattr(AdapterConformance, name, getattr(cls, name)):
                    self._checked[item.nodeid] = _changed(suite, _words(item))
        self._checked |= {f"{suite}::{name}": checked for (suite, name), checked in hidden.items()}
        if not certifies and not self._checked:
            self._checked[""] = _unloaded("no check of the kit was collected")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        before = self._checked.get(report.nodeid)
        outcome, why = _judged(report)
        if outcome is None or (before is not None and before.outcome is Outcome.FAILED):
            return
        suite, check = self._items[report.nodeid]
        self._checked[report.nodeid] = Checked(suite=suite, check=check, outcome=outcome, why=why)

    def pytest_sessionfinish(self) -> None:
        for node, (suite, check) in self._items.items():
            never = Checked(suite=suite, check=check, outcome=Outcome.FAILED, why="it was not run to its end")
            self._checked.setdefault(node, never)
        self._path.write_text(json.dumps([asdict(checked) for checked in self._checked.values()]), encoding="utf-8")


def _unloaded(why: str) -> Checked:
    return Checked(suite="", check="the suite can be loaded", outcome=Outcome.FAILED, why=why)


def _missing(suite: type[AdapterConformance]) -> Iterator[str]:
    """Yield the kit's checks that `suite` has put something else than a check in place of."""
    for name in dir(AdapterConformance):
        if name.startswith(_CHECK) and not callable(getattr(suite, name, None)):
            yield name


def _changed(suite: str, check: str) -> Checked:
    why = "the suite changes this check of the kit; leave it out in quality.toml under [exempt]"
    return Checked(suite=suite, check=_in_words(check), outcome=Outcome.FAILED, why=why)


def _judged(report: pytest.TestReport) -> tuple[Outcome | None, str]:
    """Return what one phase of a check says of it; None where that is left to another phase."""
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        said = report.longreprtext if crash is None else str(crash.message)
        return Outcome.FAILED, f"{report.when}: {_first_line(said)}" if report.when != "call" else _first_line(said)
    if report.skipped:
        return _skipped(report)
    return (Outcome.PASSED, "") if report.when == "call" else (None, "")


def _skipped(report: pytest.TestReport) -> tuple[Outcome, str]:
    why = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
    why = why.removeprefix(_SKIPPED)
    for beginning, outcome in REASONS.items():
        if why.startswith(beginning) and why.removeprefix(beginning).strip():
            return outcome, inert(why.removeprefix(beginning), MAX_REASON)
    return Outcome.FAILED, inert(f"skipped without a reason that counts: {why or 'none'}", MAX_REASON)


def _words(item: pytest.Item) -> str:
    """Return a check's name as people read it, its parameters in brackets."""
    name, _, ids = item.name.partition("[")
    words = _in_words(name)
    return f"{words} ({ids.removesuffix(']')})" if ids else words


def _in_words(name: str) -> str:
    return name.removeprefix(_CHECK).replace("_", " ")


def _first_line(text: str) -> str:
    return inert(text.strip().partition("\n")[0], MAX_REASON)


def _last_line(text: str) -> str:
    return inert(text.strip().rpartition("\n")[2].removeprefix("E").strip(), MAX_REASON)
