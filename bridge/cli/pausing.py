"""`gatebridge pause` and `gatebridge resume`: nothing is done at the gates, while deliveries come in as ever."""

import getpass
from typing import Annotated, Any

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, say
from bridge.domain.errors import inert
from bridge.domain.pauses import MAX_WORDS, Scope
from bridge.telemetry import configure_logging

Site = Annotated[str | None, typer.Option(help="One site: the platform's id of it.", show_default=False)]
Adapter = Annotated[str | None, typer.Option(help="Every site with this adapter.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Every site.")]


def pause(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why, for the ledger and for whoever looks.", show_default=False)],
    site: Site = None,
    adapter: Adapter = None,
    every: All = False,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Do nothing at the gates of a site, a vendor or all: no door is opened or closed there until you resume."""
    body = {**_place(site, adapter, every=every), "reason": _reason(reason)}
    paused = _post(context, config, "pause", body)
    if as_json:
        print_json(paused)
    else:
        say(say_pause(paused))
        say("Deliveries are taken and looked up as ever; no door is opened or closed there until you resume.")


def resume(
    context: typer.Context,
    site: Site = None,
    adapter: Adapter = None,
    every: All = False,
    reason: Annotated[str | None, typer.Option(help="Why, for the ledger.", show_default=False)] = None,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Go on where it was paused, with what has come in since."""
    body = _place(site, adapter, every=every) | ({} if reason is None else {"reason": _reason(reason)})
    left = _post(context, config, "resume", body)
    if as_json:
        print_json(left)
        return
    say("Resumed.")
    for paused in left["paused"]:
        say(f"Still so: {say_pause(paused)}")


def say_pause(paused: dict[str, Any]) -> str:
    """Return a pause in one sentence."""
    what = "everything" if paused["scope"] == Scope.ALL else f"{paused['scope']} {paused['name']}"
    return inert(f"{what} is paused since {moment(paused['since'])} UTC by {paused['who']}: {paused['reason']}")


def _post(context: typer.Context, config: cli_context.Config, verb: str, body: dict[str, str]) -> Any:
    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "POST", verb, json={**body, "who": getpass.getuser()})

    configure_logging(level="critical", as_json=False)  # what was done is said by the command, once
    return ask(cli_context.settings_for(context, config), question)


def _place(site: str | None, adapter: str | None, *, every: bool) -> dict[str, str]:
    asked = {Scope.SITE: site, Scope.ADAPTER: adapter, Scope.ALL: "" if every else None}
    places = [{"scope": str(scope), "name": name} for scope, name in asked.items() if name is not None]
    if len(places) != 1 or "" in {site, adapter}:
        raise typer.BadParameter("give exactly one of --site, --adapter and --all")
    return places[0]


def _reason(text: str) -> str:
    reason = inert(text, MAX_WORDS)
    if not reason:
        raise typer.BadParameter("--reason must not be blank")
    return reason
