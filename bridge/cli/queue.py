"""`gatebridge queue`: how the work stands."""

from datetime import timedelta
from typing import Annotated, Any

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, print_table, say
from bridge.cli.pausing import say_pause

_WORDS = {"due": "due", "retrying": "to be tried again", "scheduled": "waiting for a date"}


def queue(
    context: typer.Context,
    site: Annotated[
        str | None, typer.Option(help="Only this site's tenants: the platform's id of it.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="How many of the next tries.", min=1, max=100)] = 10,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Show what waits, how old the oldest is, what is tried next and why, and what runs."""
    params = {"limit": str(limit)} | ({} if site is None else {"site": site})

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", "queue", params=params)

    view = ask(cli_context.settings_for(context, config), question)
    if as_json:
        print_json(view)
        return
    say(f"Deliveries: {_counts(view['deliveries'])}" + ("" if site is None else ", of all sites"))
    say(f"Tenants: {_counts(view['subjects'])}")
    say(f"Oldest event that is owed: {_age(view)}")
    for paused in view["paused"]:
        say(f"Paused: {say_pause(paused)}")
    for row in view["not_answering"]:
        say(f"Not answering: {_down(row)}")
    say()
    print_table(("next try (UTC)", *_COLUMNS), _rows(view["next_tries"]), empty="Nothing is to be tried.")
    say()
    print_table(("runs until (UTC)", *_COLUMNS), _rows(view["running"]), empty="Nothing runs.")


_COLUMNS = ("id", "failed runs", "about, and why")


def _down(row: dict[str, Any]) -> str:
    probe = "is being tried" if row["state"] == "half_open" else f"is tried at {moment(row['next_probe'])}"
    return f"site {row['site']} ({row['adapter']}) since {moment(row['since'])} UTC, {probe}: {row['why']}"


def _counts(rows: dict[str, int]) -> str:
    return ", ".join(f"{count} {_WORDS.get(state, state)}" for state, count in rows.items())


def _age(view: dict[str, Any]) -> str:
    if view["oldest"] is None:
        return "none"
    age = timedelta(seconds=round(view["oldest_seconds"]))
    return f"{age}, since {moment(view['oldest'])} UTC"


def _rows(works: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [(moment(work["at"]), work["id"], str(work["attempts"]), f"{about(work)}{_why(work)}") for work in works]


def _why(work: dict[str, Any]) -> str:
    if work["why"]:
        return f": {work['why']}"
    return ": waits for a date" if work["since"] is None else ""


def about(work: dict[str, Any]) -> str:
    """Return whom or what a row is about, in one cell."""
    if work["tenant"] is None:
        return f"{work['event_type']} of {work['connection']}"
    return f"tenant {work['tenant']}, site {work['site']}"
