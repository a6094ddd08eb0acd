"""`gatebridge db`: the store's schema, and whether the database is believed."""

import getpass
from typing import Annotated, Any

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import print_json, say
from bridge.domain.errors import inert
from bridge.domain.pauses import MAX_WORDS
from bridge.settings import Settings

app = typer.Typer(help="The store's schema, and whether the database is believed.", no_args_is_help=True)
Reason = Annotated[str, typer.Option("--reason", help="Why, for the ledger.")]


@app.callback()
def begin() -> None:
    """The store's schema, and whether the database is believed."""


@app.command("upgrade")
def upgrade_store(context: typer.Context, config: cli_context.Config = None) -> None:
    """Create the store or bring it to this version's schema. `serve` does the same when it starts."""
    from bridge.store import place_of, upgrade

    url = cli_context.settings_for(context, config).store.url
    before, place = upgrade(url), place_of(url)
    if before.is_current:
        say(f"{place} is at revision {before.head}: nothing to do.")
    else:
        say(f"{place}: {before.current or 'new'} -> {before.head}.")


@app.command("doubt")
def doubt(
    context: typer.Context, reason: Reason, as_json: cli_context.AsJson = False, config: cli_context.Config = None
) -> None:
    """Say that the database was restored: every removal is held until `db trust`; doors go on being opened."""
    settings = cli_context.settings_for(context, config)
    told = "Doubted. Nobody loses a door now. Look at gatebridge plan --all, then say gatebridge db trust."
    _decide(settings, "doubt", reason, told, as_json=as_json)


@app.command("trust")
def trust(
    context: typer.Context, reason: Reason, as_json: cli_context.AsJson = False, config: cli_context.Config = None
) -> None:
    """Believe the database again: what the doubt held is judged by the budgets, at once."""
    settings = cli_context.settings_for(context, config)
    _decide(settings, "trust", reason, "Trusted. {freed} removals that were held are judged anew now.", as_json=as_json)


@app.command("adopt")
def adopt(
    context: typer.Context, reason: Reason, as_json: cli_context.AsJson = False, config: cli_context.Config = None
) -> None:
    """Say that the database has moved to this machine for good, and no other one serves a copy of it."""
    settings = cli_context.settings_for(context, config)
    _decide(settings, "adopt", reason, "Adopted: this machine serves it from now on.", as_json=as_json)


def _decide(settings: Settings, verb: str, reason: str, told: str, *, as_json: bool) -> None:
    """Have it decided and say what came of it; `told` may name what the answer has."""
    said = inert(reason, MAX_WORDS)
    if not said:
        raise typer.BadParameter("--reason must not be blank")

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "POST", f"db/{verb}", json={"who": getpass.getuser(), "reason": said})

    answer = ask(settings, question)
    if as_json:
        print_json(answer)
    else:
        say(told.format(**answer))
