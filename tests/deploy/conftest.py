"""What the checks of deploy/ run: tools that the project's own files fetch, never a silent skip."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
TOOLS: Final = Path(sys.prefix) / "tools" / "bin"


@pytest.fixture(scope="session")
def deploy() -> Path:
    return ROOT / "deploy"


@pytest.fixture(scope="session")
def caddy() -> str:
    return _tool("caddy")


@pytest.fixture(scope="session")
def systemd_analyze() -> str:
    return _tool("systemd-analyze")


def _tool(name: str) -> str:
    if os.environ.get("GATEBRIDGE_TEST_SKIP_DEPLOY") == "1":
        pytest.skip("GATEBRIDGE_TEST_SKIP_DEPLOY=1")
    found = shutil.which(name) or shutil.which(name, path=str(TOOLS))
    if found is None:
        pytest.fail(f"{name} is missing: run `make tools`, or set GATEBRIDGE_TEST_SKIP_DEPLOY=1")
    return found
