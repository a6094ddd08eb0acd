"""One sandbox for a module; each test has a store and a tenant of its own in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.mortal import clear_faults, furnished
from tests.flow.house import House, sandboxed


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with sandboxed(tmp_path_factory.mktemp("sandbox")) as one:
        yield one


@pytest.fixture
def house(sandbox: House, tmp_path: Path) -> Iterator[House]:
    yield furnished(sandbox, tmp_path)
    clear_faults(sandbox)
