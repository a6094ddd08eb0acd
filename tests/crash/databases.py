"""The database of a house whose bridges die: a file of its own, or a database of its own on the tests' server."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from bridge.domain.ledger import first_break
from bridge.store import ledger
from bridge.store.postgres.connections import passing_engine
from bridge.store.sqlite.connections import reader_engine
from tests.postgres.cluster import Cluster

_numbers = count(1)


class Database(Protocol):
    @property
    def name(self) -> str:
        """Return `sqlite` or `postgres`: what the rooms of the store are called."""

    @property
    def url(self) -> str: ...

    def rows(self, statement: str) -> list[Any]:
        """Ask it, beside whoever uses it."""

    def engine(self) -> sa.Engine: ...


@dataclass(frozen=True, kw_only=True)
class File:
    path: Path
    name: str = "sqlite"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def rows(self, statement: str) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.path.as_uri() + "?mode=ro", uri=True)) as database:
            return database.execute(statement).fetchall()

    def engine(self) -> sa.Engine:
        return reader_engine(self.path, busy_timeout=5, connections=1)


@dataclass(frozen=True, kw_only=True)
class Served:
    cluster: Cluster
    database: str
    name: str = "postgres"

    @property
    def url(self) -> str:
        return self.cluster.url(self.database)

    def rows(self, statement: str) -> list[Any]:
        return self.cluster.execute(statement, database=self.database)

    def engine(self) -> sa.Engine:
        return passing_engine(self.url)


@contextlib.contextmanager
def served_by(cluster: Cluster) -> Iterator[Served]:
    """Give an empty database of its own, which goes with the block."""
    cluster.start()
    name = f"crash{next(_numbers)}"
    cluster.create_database(name)
    try:
        yield Served(cluster=cluster, database=name)
    finally:
        if cluster.is_running:
            cluster.drop_database(name, force=True)


def is_chained(database: Database) -> bool:
    """Tell whether the ledger has lines, and each follows from the one before it."""
    engine = database.engine()
    try:
        with engine.connect() as connection:
            chain = list(ledger.read_chain(connection))
    finally:
        engine.dispose()
    return bool(chain) and first_break(chain) is None
