"""One sandbox for the module; each test rents units of its own in it."""

from collections.abc import Iterator

import pytest

from tests.flow.house import Bridge, House, sandboxed


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with sandboxed(tmp_path_factory.mktemp("house")) as one:
        yield one


@pytest.fixture(scope="module")
def bridge(house: House) -> Iterator[Bridge]:
    with house.serving() as one:
        yield one
