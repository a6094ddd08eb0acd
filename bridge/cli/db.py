"""`gatebridge db`: the store's schema."""

import typer

from bridge.cli import context as cli_context
from bridge.cli.output import OUT
from bridge.store import upgrade

app = typer.Typer(help="The store's schema.", no_args_is_help=True)


@app.command("upgrade")
def upgrade_store(context: typer.Context) -> None:
    """Create the store or bring it to this version's schema. `serve` does the same when it starts."""
    settings = cli_context.of(context).settings()
    before, after = upgrade(settings.store.path)
    where = settings.store.path
    OUT.print(f"{where} is at revision {after}." if before == after else f"{where}: {before or 'new'} -> {after}.")
