"""`gatebridge drift`: what somebody has changed at the gate systems, and the bridge has left so."""

from typing import Annotated, Any, Final

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, print_table, say
from bridge.domain.errors import inert
from bridge.settings import Settings

PATIENCE: Final = 120.0
_WHY: Final = {
    "report": "the site's policy reports it",
    "fight": "put back three times, and undone each time",
    "foreign": "not the bridge's",
    "unsettled": "looked at again until the vendor says what it is",
}
_CAN_BE_PUT_BACK: Final = frozenset({"report", "fight"})


def drift(
    context: typer.Context,
    site: Annotated[
        str | None, typer.Option(help="Only this site's tenants: the platform's id of it.", show_default=False)
    ] = None,
    strangers: Annotated[
        bool,
        typer.Option("--strangers", help="Read the gate system of --site now, for what no tenant known here has."),
    ] = False,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """List what the last looks found changed at the gate systems and left so, and why it was left."""
    params = {} if site is None else {"site": site}
    if strangers:
        if site is None:
            raise typer.BadParameter("--strangers goes with --site")
        _show_strangers(cli_context.settings_for(context, config), params, as_json=as_json)
        return

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", "drift", params=params)

    rows = ask(cli_context.settings_for(context, config), question)["rows"]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("site", "tenant", "what", "rentals", "since (UTC)", "why it is left"),
        (
            (
                row["site"],
                row["tenant"],
                inert(f"{row['kind']}: {row['aspect']} {row['door'] or ''}"),
                ", ".join(row["rentals"]) or "-",
                moment(row["since"]),
                _WHY.get(row["left"], row["left"]),
            )
            for row in rows
        ),
        empty="Nothing has drifted.",
    )
    if any(row["left"] in _CAN_BE_PUT_BACK for row in rows):
        say("To put a tenant's back: gatebridge resync --tenant ...")


def _show_strangers(settings: Settings, params: dict[str, str], *, as_json: bool) -> None:
    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", "drift/strangers", params=params, timeout=PATIENCE)

    rows = ask(settings, question)["rows"]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("id at the gate system", "whose", "doors"),
        (
            (
                inert(row["id"]),
                "marked by a bridge, and nobody's here" if row["ours"] else "others'",
                inert(", ".join(f"{door} {state}" for door, state in row["doors"].items())) or "-",
            )
            for row in rows
        ),
        empty="Everything there is of tenants known here.",
    )
