"""`make bench`: every figure of one run, each a table and one JSON line. `BENCH=quick` for a short one."""

import sys
from collections.abc import Callable

from rich.console import Console

from tests.bench import ack, sandboxed
from tests.bench.report import Report


def main() -> None:
    seconds = 1.0 if "quick" in sys.argv[1:] else 4.0
    console = Console(width=110)
    reports: list[Report] = []
    measures: tuple[Callable[[], Report], ...] = (
        lambda: ack.measure(seconds=seconds),
        lambda: sandboxed.measure_ack_while_working(seconds=seconds),
        sandboxed.measure_event_to_gate,
    )
    for measure in measures:
        reports.append(measure())
        reports[-1].show(console)
    sys.exit(0 if all(report.met() for report in reports) else 1)


if __name__ == "__main__":
    main()
