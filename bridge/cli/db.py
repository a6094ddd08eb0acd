"""`gatebridge db`: the store's schema."""

import typer

from bridge.cli import context as cli_context
from bridge.cli.output import say

app = typer.Typer(help="The store's schema.", no_args_is_help=True)


@app.callback()
def begin() -> None:
    """The store's schema."""


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
