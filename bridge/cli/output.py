"""How commands speak: tables for people, JSON for scripts, one line for errors. Everything from outside is inert."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge.domain.errors import inert

OUT = Console(highlight=False, soft_wrap=False)


def say_error(message: str) -> None:
    sys.stderr.write(f"gatebridge: {inert(message)}\n")


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")


def say(line: str = "") -> None:
    """Print one line as it is, however long: what is to be copied is never broken."""
    OUT.print(Text(line), soft_wrap=True)


def moment(stamp: str | None) -> str:
    """Return an ISO time stamp in UTC as people read it, to the second."""
    return "-" if stamp is None else stamp[:19].replace("T", " ")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print `rows`, or the sentence `empty` when there are none. Only the last column is folded."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1], overflow="fold")
    for row in rows:
        table.add_row(*(Text(inert(cell)) for cell in row))
    OUT.print(table if table.row_count else Text(empty))


def confirmed(question: str) -> bool:
    """Ask whoever is at the terminal; nobody there is a no."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        say_error("nobody answered; in a script, add --yes")
        return False
