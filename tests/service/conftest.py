"""The house that the stories of this room are played in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.service.building import open_house
from tests.service.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened
