"""`gatebridge alerts`: what a person must look at."""

from typing import Annotated, Any

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, print_table


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
        ("number", "at (UTC)", "what", "about"),
        (
            (
                str(row["id"]),
                moment(row["at"]),
                row["what"],
                ", ".join(f"{name} {value}" for name, value in _about(row)),
            )
            for row in rows
        ),
        empty="No alerts.",
    )


def _about(row: dict[str, Any]) -> list[tuple[str, str]]:
    ids = [(name, row[name]) for name in ("site", "tenant", "rental") if row[name] is not None]
    return [*ids, *row["details"].items()]
