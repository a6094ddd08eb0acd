"""One sandbox for a module; each test has a store and a tenant of its own in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.databases import Database, File, served_by
from tests.crash.mortal import MortalHouse, clear_faults, furnished
from tests.flow.house import House, sandboxed
from tests.postgres.cluster import Cluster


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with sandboxed(tmp_path_factory.mktemp("sandbox")) as one:
        yield one


@pytest.fixture
def own_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """For one test: bridges that live as long as to sweep would find the tenants of another."""
    with sandboxed(tmp_path_factory.mktemp("sandbox")) as one:
        yield one


@pytest.fixture
def house(sandbox: House, tmp_path: Path) -> Iterator[MortalHouse]:
    yield furnished(sandbox, tmp_path)
    clear_faults(sandbox)


@pytest.fixture
def home(sandbox: House, tmp_path: Path, database: Database) -> Iterator[MortalHouse]:
    """A house on either database."""
    yield furnished(sandbox, tmp_path, database)
    clear_faults(sandbox)


@pytest.fixture
def served_database(postgres_cluster: Cluster) -> Iterator[Database]:
    with served_by(postgres_cluster) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Both, one after the other."""
    if request.param == "sqlite":
        yield File(path=tmp_path / "gatebridge.db")
        return
    with served_by(request.getfixturevalue("postgres_cluster")) as served:
        yield served
