"""`gatebridge alerts`: what a person must look at."""

from typing import Annotated, Any

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import print_json, print_table


def alerts(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """List alerts, the newest first."""

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", "alerts", params={"limit": limit})

    rows = ask(cli_context.settings_for(context, config), question)["alerts"]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("number", "at", "what", "site", "tenant", "details"),
        (
            (
                str(row["id"]),
                row["at"],
                row["what"],
                row["site"] or "-",
                row["tenant"] or "-",
                ", ".join(f"{name}: {value}" for name, value in row["details"].items()),
            )
            for row in rows
        ),
        empty="No alerts.",
    )
