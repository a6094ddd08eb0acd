"""A table for people and one JSON line for scripts."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    label: str
    figures: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`targets` are (what, measured, `>=` or `<=`, wanted)."""

    name: str
    title: str
    rows: Sequence[Row]
    targets: Sequence[tuple[str, float, str, float]] = ()

    def met(self) -> bool:
        """Tell whether every target was met."""
        return all(_holds(measured, sign, wanted) for _, measured, sign, wanted in self.targets)

    def show(self, console: Console) -> None:
        names = list(dict.fromkeys(name for row in self.rows for name in row.figures))
        table = Table(title=self.title, title_justify="left", box=None)
        table.add_column("")
        for name in names:
            table.add_column(name, justify="right")
        for row in self.rows:
            table.add_row(row.label, *(_figure(row.figures.get(name)) for name in names))
        console.print(table)
        for what, measured, sign, wanted in self.targets:
            word = "met" if _holds(measured, sign, wanted) else "NOT MET"
            console.print(f"  target: {what} {sign} {wanted:g}: {measured:.3g}, {word}")
        rows = [{"label": row.label, **row.figures} for row in self.rows]
        line = {"bench": self.name, "rows": rows, "met": self.met(), "load_average": round(os.getloadavg()[0], 1)}
        sys.stdout.write(json.dumps(line) + "\n")


def _holds(measured: float, sign: str, wanted: float) -> bool:
    return measured >= wanted if sign == ">=" else measured <= wanted


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
