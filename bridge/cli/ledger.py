"""`gatebridge ledger`: check that nobody has changed it, and copy it out."""

import csv
import io
import json
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, say, say_error
from bridge.telemetry import configure_logging

PATIENCE: Final = 120.0
_FIELDS: Final = (
    *("number", "at", "kind", "what", "connection", "site", "tenant", "rental", "target", "details"),
    *("previous", "chain"),
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")

app = typer.Typer(help="What was decided, sent and seen, as proof.", no_args_is_help=True)


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


@app.command("verify")
def verify(context: typer.Context, as_json: cli_context.AsJson = False, config: cli_context.Config = None) -> None:
    """Check the chain of all entries. Ends with 1, and raises an alert, where one was changed or taken away."""
    configure_logging(level="critical", as_json=False)  # what is broken is said below, once
    found = ask(cli_context.settings_for(context, config), _verified)
    if as_json:
        print_json(found)
    elif found["broken"] is None:
        _say_whole(found)
    if found["broken"] is not None:
        broken = found["broken"]
        at = f" of {moment(broken['at'])} UTC" if broken["at"] else ""
        say_error(
            f"the ledger is broken at entry {broken['number']}{at}: {broken['why']}; "
            f"the {found['entries']} before it hold, the last of {moment(found['until'])} UTC"
        )
        raise typer.Exit(1)


def _say_whole(found: dict[str, Any]) -> None:
    if not found["entries"]:
        say("The ledger is empty.")
        return
    say(f"All {found['entries']} entries hold, from {moment(found['since'])} until {moment(found['until'])} UTC.")
    say(f"The last is number {found['last']}, with the chain value {found['chain']}")


async def _verified(client: httpx.AsyncClient) -> dict[str, Any]:
    """Check it part by part, as it was at the first."""
    told: dict[str, Any] = {"entries": 0, "since": None, "until": None, "last": 0, "chain": None, "broken": None}
    asked: dict[str, int] = {}
    while True:
        part = await fetch(client, "POST", "ledger/verify", json=asked, timeout=PATIENCE)
        told["entries"] += part["checked"]
        told["since"] = told["since"] or part["first_at"]
        told["until"], told["chain"] = part["last_at"] or told["until"], part["chain"] or told["chain"]
        told["last"], told["broken"] = part["last"], part["broken"]
        if part["is_done"] or part["broken"] is not None:
            return told
        asked = {"after": part["last"], "through": part["through"]}


@app.command("export")
def export(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(help="From this time: ISO 8601, in UTC or with an offset.", show_default=False),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Until before this time, in the same form.", show_default=False)
    ] = None,
    site: Annotated[
        str | None, typer.Option(help="Only of this site: the platform's id of it.", show_default=False)
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Only of this tenant: the platform's id.", show_default=False)
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="One JSON object a line, or a table.")] = Format.JSONL,
    config: cli_context.Config = None,
) -> None:
    """Copy the ledger, or a part of it, to standard output. Each entry comes with its chain value."""
    asked = {"since": since, "until": until, "site": site, "tenant": tenant}
    params = {name: text for name, text in asked.items() if text is not None}
    _require_sense(params)
    settings = cli_context.settings_for(context, config)
    try:
        if form is Format.CSV:
            sys.stdout.write(csv_line(_FIELDS))
        ask(settings, _copying(params, _LINES[form]))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _copying(
    params: dict[str, str], line: Callable[[dict[str, Any]], str]
) -> Callable[[httpx.AsyncClient], Awaitable[None]]:
    async def copy(client: httpx.AsyncClient) -> None:
        """Write page by page: what is appended meanwhile is left to the next copy."""
        page: dict[str, Any] = {}
        while not page or page["after"] is not None:
            place = {name: str(page[name]) for name in ("after", "through") if page}
            page = await fetch(client, "GET", "ledger", params={**params, **place}, timeout=PATIENCE)
            for entry in page["entries"]:
                sys.stdout.write(line(entry))

    return copy


def _json_line(entry: dict[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=True) + "\n"


def _csv_entry(entry: dict[str, Any]) -> str:
    details = json.dumps(entry["details"], sort_keys=True, ensure_ascii=True)
    return csv_line([details if name == "details" else _cell(entry[name]) for name in _FIELDS])


def csv_line(cells: list[str] | tuple[str, ...]) -> str:
    """Return one line of a table that no spreadsheet takes for a formula: such a cell begins with an apostrophe."""
    text = io.StringIO()
    safe = [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(safe)
    return text.getvalue()


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


_LINES: Final[dict[Format, Callable[[dict[str, Any]], str]]] = {Format.JSONL: _json_line, Format.CSV: _csv_entry}


def _require_sense(params: dict[str, str]) -> None:
    """Refuse here what the operator API would refuse: a mistake in an option ends with its own status."""
    from bridge.web.catch_up import since_of
    from bridge.web.operations import BadRequest

    times: dict[str, datetime | None] = {}
    try:
        for name in ("since", "until"):
            times[name] = since_of(params.get(name), name)
    except BadRequest as error:
        raise typer.BadParameter(str(error)) from None
    if times["since"] and times["until"] and times["since"] >= times["until"]:
        raise typer.BadParameter("--until must be after --since")
