"""`make bench`: every figure, each report a table and one JSON line. `BENCH=ack` for one, `BENCH=quick` for short ones.

Several words may be given. Ends with 1 when a target was not met.
"""

import os
import sys
from collections.abc import Callable, Mapping

from rich.console import Console

from tests.bench import ack, burst, gate, growth, idle, sweep, takeover, work
from tests.bench.databases import Databases, databases
from tests.bench.report import Report

QUICK = "quick"


def _gate(_: Databases, *, quick: bool) -> Report:
    return gate.measure(quick=quick)


BENCHES: Mapping[str, Callable[..., Report]] = {
    "ack": ack.measure,
    "working": ack.measure_while_working,
    "work": work.measure,
    "burst": burst.measure,
    "gate": _gate,
    "idle": idle.measure,
    "growth": growth.measure,
    "sweep": sweep.measure,
    "takeover": takeover.measure,
}


def main() -> None:
    words = set(sys.argv[1:])
    if unknown := words - BENCHES.keys() - {QUICK}:
        sys.exit(f"BENCH knows {QUICK}, {', '.join(BENCHES)}; not {', '.join(sorted(unknown))}")
    chosen = [name for name in BENCHES if name in words] or list(BENCHES)
    console = Console(width=120)
    console.print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    met = []
    with databases() as made:
        for name in chosen:
            report = BENCHES[name](made, quick=QUICK in words)
            report.show(console)
            met.append(report.met())
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
