"""`gatebridge sweep`: look at known tenants again, now."""

from typing import Annotated, Any

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import print_json, say


def sweep(
    context: typer.Context,
    site: Annotated[
        str | None, typer.Option(help="Only this site: the platform's id of it.", show_default=False)
    ] = None,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Mark every known tenant to be looked at again, behind everything else. Harmless at any time."""
    body = {} if site is None else {"site": site}

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "POST", "sweep", json=body)

    answer = ask(cli_context.settings_for(context, config), question)
    if as_json:
        print_json(answer)
    else:
        say(f"Known tenants to be looked at again: {answer['marked']}")
