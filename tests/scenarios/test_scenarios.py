"""Every scenario file, played against the whole bridge."""

from pathlib import Path
from typing import Any

import pytest

from bridge.outbound import calls
from tests.scenarios.playing import Unmet, play
from tests.scenarios.stage import NoSuchPolicy
from tests.scenarios.story import read

pytestmark = pytest.mark.anyio
HERE = Path(__file__).parent


def _case(path: Path) -> Any:
    """Return the file as a case; one that awaits something must fail until the bridge can do it."""
    awaits = read(path).awaits
    marks = [] if awaits is None else [pytest.mark.xfail(strict=True, reason=awaits, raises=(Unmet, NoSuchPolicy))]
    return pytest.param(path, id=path.stem, marks=marks)


@pytest.mark.parametrize("path", [_case(path) for path in sorted(HERE.glob("*/*.toml"))])
async def test_scenario(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "READ_RETRY_SECONDS", 0.0)  # a scenario's time is not the machine's
    await play(read(path), folder)
