"""Runs the suite that certifies an adapter, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bridge.domain.errors import Unsupported, inert

NEEDED: Final = ("anyio", "hypothesis", "pytest")
PLUGINS: Final = ("anyio.pytest_plugin", "bridge.testing.report")
_NOT_OURS: Final = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
_COLLECTED: Final = "from bridge.testing.report import suites_of\n\nglobals().update(suites_of({name!r}))\n"
_STATUSES_WITH_A_REPORT: Final = frozenset({0, 1, 2, 5})

Checked = Mapping[str, Any]
"""A row of the report: suite, check, outcome, why."""


def run_suite(name: str, *, verbose: bool) -> Sequence[Checked]:
    """Return what became of each check of the adapter called `name`; pytest's own words go to stderr if `verbose`.

    Nothing that lies around has a part in it: no configuration, plug-in, cache or conftest but our own. Raises
    `Unsupported` where what the suite needs is not installed, or pytest could not be run to its end.
    """
    check_kit()
    with TemporaryDirectory(prefix="gatebridge-certify-") as made:
        folder = Path(made)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (folder / "test_suite.py").write_text(_COLLECTED.format(name=name), encoding="utf-8")
        report = folder / "report.json"
        status, said = _pytest(folder, report, verbose=verbose)
        if status not in _STATUSES_WITH_A_REPORT or not report.exists():
            raise Unsupported(f"pytest ended with {status} and no report: {inert(said.strip()[-200:]) or '-'}")
        checked: list[Checked] = json.loads(report.read_text(encoding="utf-8"))
        return checked


def check_kit() -> None:
    """Raise `Unsupported` where what the kit needs is not installed."""
    missing = [module for module in NEEDED if find_spec(module) is None]
    if missing:
        raise Unsupported(f"the kit needs {', '.join(missing)}: pip install 'gatebridge[testing]'")


def _pytest(folder: Path, report: Path, *, verbose: bool) -> tuple[int, str]:
    """Return pytest's status, and what it said unless that went to stderr."""
    command = [sys.executable, "-P", "-m", "pytest", "-c", str(folder / "pytest.ini"), "--rootdir", str(folder)]
    command += ["-p", "no:cacheprovider", *(part for plugin in PLUGINS for part in ("-p", plugin))]
    command += [f"--certify-report={report}", "-v" if verbose else "-q", str(folder)]
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis")}
    done = subprocess.run(  # noqa: S603 - our own interpreter, and a list of arguments that no shell reads
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr if verbose else subprocess.PIPE,
        stderr=None if verbose else subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout or ""
