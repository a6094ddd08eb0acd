"""A running bridge listens for silence and looks at the certificate, by itself."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.cli.running import running_bridge
from bridge.settings import load
from tests.outbound.tls import HERE
from tests.settings.test_budgets import configured

pytestmark = pytest.mark.anyio
PATIENCE = 10.0


def kept(folder: Path) -> set[str]:
    """Return the names of what the store has kept beside its rows."""
    with closing(sqlite3.connect(f"file:{folder}/gatebridge.db?mode=ro", uri=True)) as database:
        return {name for (name,) in database.execute("SELECT name FROM meta")}


async def test_it_does_both_soon_after_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.worker.worker.FIRST_DUTY_SECONDS", 0.05)
    async with running_bridge(load(configured(tmp_path)), host=HERE, port=0), asyncio.timeout(PATIENCE):
        while not {"bookmark:pulse:lakeside", "turn:certificate"} <= kept(tmp_path):  # noqa: ASYNC110 - no event to offer
            await asyncio.sleep(0.05)
