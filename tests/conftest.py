"""Fixtures for every room."""

import os
from collections.abc import Iterator

import pytest

from tests.postgres.cluster import Cluster
from tests.postgres.programs import PostgresMissing
from tests.postgres.tables import emptied_tables


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """One server for a process of pytest, made when its first test asks. A test that breaks servers makes its own."""
    if os.environ.get("GATEBRIDGE_TEST_SKIP_POSTGRES") == "1":
        pytest.skip("GATEBRIDGE_TEST_SKIP_POSTGRES=1")
    try:
        cluster = Cluster()
    except PostgresMissing as missing:
        pytest.fail(f"{missing}: run `make postgres`, or set GATEBRIDGE_TEST_SKIP_POSTGRES=1", pytrace=False)
    with cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> str:
    """The URL of an empty database, which the next test finds empty again."""
    postgres_cluster.start()
    postgres_cluster.empty_database("test")
    return postgres_cluster.url("test")


@pytest.fixture
def postgres_tables(postgres_cluster: Cluster) -> str:
    """The URL of a database with the store's tables and nothing in them: made once, and emptied in a tenth of the time.

    For tests that leave the tables as they are.
    """
    postgres_cluster.start()
    return emptied_tables(postgres_cluster, "tables")
