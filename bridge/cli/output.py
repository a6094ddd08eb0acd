"""How commands speak: tables for people, JSON for scripts, one line for errors. Everything from outside is inert."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge.domain.errors import inert

OUT = Console(highlight=False, soft_wrap=False)


def say_error(message: str) -> None:
    sys.stderr.write(f"gatebridge: {inert(message)}\n")


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print `rows`, or the sentence `empty` when there are none."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(inert(cell)) for cell in row))
    OUT.print(table if table.row_count else Text(empty))
