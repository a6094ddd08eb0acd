"""The databases that everything is measured on, each new and of the bench's own."""

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.postgres.cluster import Cluster

SQLITE: Final = "SQLite"
POSTGRES: Final = "PostgreSQL"
KINDS: Final = (SQLITE, POSTGRES)


class Databases:
    """Makes empty databases. Their folders, and the PostgreSQL server, are gone with the block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cluster: Cluster | None = None
        self._numbers = itertools.count(1)

    def folder(self) -> Path:
        """Return a new folder, for a bridge's state."""
        made = self._folder / f"state{next(self._numbers)}"
        made.mkdir()
        return made

    def empty(self, kind: str) -> str:
        """Return the URL of a new database."""
        if kind == SQLITE:
            return f"sqlite:///{self.folder()}/gatebridge.db"
        cluster, name = self.cluster(), f"bench{next(self._numbers)}"
        cluster.create_database(name)
        return cluster.url(name)

    def cluster(self) -> Cluster:
        """Return the server, which is started when it is first asked for."""
        if self._cluster is None:
            self._cluster = Cluster(max_connections=100).__enter__()
        return self._cluster

    def execute(self, url: str, statements: Sequence[str]) -> None:
        """Run statements on a PostgreSQL database of ours, each in a transaction of its own."""
        for statement in statements:
            self.cluster().execute(statement, database=url.rsplit("/", 1)[-1])

    def close(self) -> None:
        if self._cluster is not None:
            self._cluster.close()


@contextmanager
def databases() -> Iterator[Databases]:
    with tempfile.TemporaryDirectory(prefix="gatebridge-bench-") as folder:
        made = Databases(Path(folder))
        try:
            yield made
        finally:
            made.close()
