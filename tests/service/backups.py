"""A SQLite database, backed up and put back as `deploy/README.md` says."""

import sqlite3
from contextlib import closing
from pathlib import Path


def back_up(file: Path, to: Path) -> None:
    to.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)


def restore(copy: Path, file: Path) -> None:
    for log in ("-wal", "-shm"):
        file.with_name(file.name + log).unlink(missing_ok=True)
    file.write_bytes(copy.read_bytes())
