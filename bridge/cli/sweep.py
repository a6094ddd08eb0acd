"""`gatebridge sweep`: look at everybody again, now."""

from typing import Annotated, Any

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ANSWER_SECONDS, ask, fetch
from bridge.cli.output import print_json, say, say_error
from bridge.telemetry import configure_logging


def sweep(
    context: typer.Context,
    site: Annotated[
        str | None, typer.Option(help="Only this site: the platform's id of it.", show_default=False)
    ] = None,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Have each site listed, and those looked at who are not in step or were never heard of. Harmless at any time."""
    from bridge.service.sweep import SITE_SECONDS

    configure_logging(level="critical", as_json=False)  # what became of each site is said below, once
    body = {} if site is None else {"site": site}
    settings = cli_context.settings_for(context, config)
    patience = ANSWER_SECONDS + SITE_SECONDS * len(settings.sites)

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "POST", "sweep", json=body, timeout=patience)

    answer = ask(settings, question, asks_platforms=True)
    if as_json:
        print_json(answer)
    else:
        say(f"Known tenants to be looked at again: {answer['marked']}")
        say(f"Known tenants in step: {answer['in_step']}")
        say(f"Tenants found who were not known: {answer['found']}")
    for missed in answer["not_listed"]:
        say_error(f"site {missed['site']} of {missed['connection']} was not listed: {missed['why']}")
    for doubted in answer["unknown"]:
        say_error(f"the list of site {doubted['site']} of {doubted['connection']} is not complete: {doubted['why']}")
    if answer["not_listed"] or answer["unknown"]:
        raise typer.Exit(1)
