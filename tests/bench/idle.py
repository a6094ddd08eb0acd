"""What a bridge costs that has nothing to do."""

import os
import time
from pathlib import Path
from typing import Final

from tests.bench.databases import KINDS, Databases
from tests.bench.house import House
from tests.bench.report import Report, Row

SECONDS: Final = 20.0
SETTLING: Final = 3.0
CPU_WANTED, MEMORY_WANTED = 3.0, 200.0


def measure(databases: Databases, *, quick: bool) -> Report:
    seconds = SECONDS / 4 if quick else SECONDS
    rows: list[Row] = []
    targets: list[tuple[str, float, str, float]] = []
    for kind in KINDS:
        with House(url=databases.empty(kind), folder=databases.folder()).serving() as (process, _):
            time.sleep(SETTLING)
            before = _cpu_seconds(process.pid)
            time.sleep(seconds)
            cpu, memory = (_cpu_seconds(process.pid) - before) / seconds * 60, _resident_mb(process.pid)
        rows.append(Row(label=kind, figures={"CPU s a minute": cpu, "RSS MB": memory}))
        targets += [(f"{kind}, CPU s a minute", cpu, "<=", CPU_WANTED), (f"{kind}, MB", memory, "<=", MEMORY_WANTED)]
    return Report(name="idle", title=f"An idle bridge, over {seconds:.0f} s", rows=rows, targets=targets)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
