"""Runs `gatebridge` on a SQLite file whose every commit takes as long as a file says: none, no time.

Usage: slow_commits.py FILE COMMAND...
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bridge.cli import main
from bridge.store.jobs import Job
from bridge.store.sqlite.hand import SqliteHand


def slow_down(told: Path) -> None:
    quick = SqliteHand.run

    def slow(self: SqliteHand, jobs: Sequence[Job]) -> None:
        if told.exists():
            time.sleep(float(told.read_text()))
        quick(self, jobs)

    SqliteHand.run = slow  # type: ignore[method-assign]


if __name__ == "__main__":
    slow_down(Path(sys.argv[1]))
    sys.argv[1:] = sys.argv[2:]
    main()
