"""`gatebridge catch-up`: look for what no delivery told, now."""

from typing import Annotated, Any

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ANSWER_SECONDS, ask, fetch
from bridge.cli.output import print_json, say, say_error
from bridge.telemetry import configure_logging


def catch_up(
    context: typer.Context,
    connection: Annotated[str | None, typer.Option(help="Only this connection's sites.", show_default=False)] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Look back to this time at least: ISO 8601, in UTC or with an offset. Else from where it left off.",
            show_default=False,
        ),
    ] = None,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Look at every rental that has changed on the platform, whatever was delivered. Harmless at any time."""
    from bridge.service.catch_up import SITE_SECONDS
    from bridge.web.catch_up import since_of
    from bridge.web.operations import BadRequest

    try:
        since_of(since)
    except BadRequest as error:
        raise typer.BadParameter(str(error)) from None
    configure_logging(level="critical", as_json=False)  # what became of each site is said below, once
    body = {name: text for name, text in (("connection", connection), ("since", since)) if text is not None}
    settings = cli_context.settings_for(context, config)
    patience = ANSWER_SECONDS + SITE_SECONDS * len(settings.sites)

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "POST", "catch-up", json=body, timeout=patience)

    answer = ask(settings, question, asks_platforms=True)
    if as_json:
        print_json(answer)
    else:
        say(f"Changed rentals to be looked at: {answer['changed']}")
        say(f"Tenants found who were not known: {answer['found']}")
        say(f"Moves whose webhooks never came: {answer['missed']}")
    for failed in answer["not_caught_up"]:
        say_error(f"site {failed['site']} of {failed['connection']} was not caught up with: {failed['why']}")
    if answer["not_caught_up"]:
        raise typer.Exit(1)
