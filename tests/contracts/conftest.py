"""Every store, under a clock that the test sets."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.ports.store import Store
from tests.contracts.store_builders import SetClock
from tests.contracts.store_engines import ENGINES, opened


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=sorted(ENGINES))
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock, anyio_backend: str
) -> AsyncIterator[Store]:
    del anyio_backend
    url = request.getfixturevalue("postgres_tables") if request.param == "postgresql" else ""
    async with opened(request.param, tmp_path, clock, url) as store:
        yield store
