"""`gatebridge drift`: what somebody has changed at the gate systems, and the bridge has left so."""

from typing import Annotated, Any, Final

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, print_table, say
from bridge.domain.errors import inert

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
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """List what the last looks found changed at the gate systems and left so, and why it was left."""
    params = {} if site is None else {"site": site}

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
