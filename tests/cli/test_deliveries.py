"""`gatebridge deliveries` where no bridge runs: what is no longer kept is said in a line."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import NotFoundHere
from bridge.ports.clock import SystemClock
from bridge.ports.pruning import Before
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import open_store
from tests.cli.terminal import invoke
from tests.contracts.store_builders import START, a_delivery

LATER = START + timedelta(days=1)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose store has a delivery without its body, and one with it."""
    path = tmp_path / "gatebridge.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/gatebridge.db"\n', encoding="utf-8")

    async def fill() -> None:
        async with open_store(load(path), Metrics(), SystemClock()) as store:
            for event in ("old", "newest"):
                await store.put(a_delivery(event, state=DeliveryState.IGNORED, body=b"about " + event.encode()))
            await store.prune(Before(bodies=LATER, settled=START, quarantined=START), limit=9)

    asyncio.run(fill())
    return path


def test_a_body_that_is_no_longer_kept_is_not_shown_as_an_empty_one(config: Path) -> None:
    old, newest = (invoke(["deliveries", "show", number, "--config", str(config)]) for number in "12")
    assert [old.exit_code, newest.exit_code] == [0, 0]
    assert "(no longer kept)" in old.output
    assert "about newest" in newest.output
    shown = invoke(["deliveries", "show", "1", "--json", "--config", str(config)])
    assert json.loads(shown.stdout)["body"] is None


def test_it_cannot_be_replayed_and_a_line_says_what_to_do(config: Path) -> None:
    answer = invoke(["deliveries", "replay", "1", "--config", str(config)])
    assert isinstance(answer.exception, NotFoundHere)
    assert str(answer.exception) == "the body of delivery 1 is no longer kept: sweep its site instead"
