"""The commands, listed."""

from typing import Annotated

import typer

from bridge import __version__
from bridge.cli import (
    adapters,
    alerts,
    catch_up,
    check,
    db,
    deadletters,
    deliveries,
    demo,
    drift,
    erasing,
    explain,
    holds,
    ledger,
    operations,
    pausing,
    plan,
    queue,
    resync,
    revoking,
    sandbox,
    serve,
    shadow,
    sweep,
    targets,
    who,
)
from bridge.cli.context import Config, Context
from bridge.telemetry import configure_logging

app = typer.Typer(
    name="gatebridge",
    help="The bridge from a self-storage platform to its gates and locks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def begin(
    context: typer.Context,
    config: Config = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    del version
    context.obj = Context(config=config)
    configure_logging(level="warning", as_json=False)


app.command("serve")(serve.serve)
app.command("check")(check.check)
app.command("demo")(demo.demo)
app.command("explain")(explain.explain)
app.command("plan")(plan.plan)
app.command("resync")(resync.resync)
app.command("revoke")(revoking.revoke)
app.command("unrevoke")(revoking.unrevoke)
app.command("revoked")(revoking.revoked)
app.command("who")(who.who)
app.command("drift")(drift.drift)
app.command("alerts")(alerts.alerts)
app.command("queue")(queue.queue)
app.command("pause")(pausing.pause)
app.command("resume")(pausing.resume)
app.command("sweep")(sweep.sweep)
app.command("catch-up")(catch_up.catch_up)
app.command("targets")(targets.targets)
app.command("erase")(erasing.erase)
app.add_typer(adapters.app, name="adapters")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(deadletters.app, name="deadletters")
app.add_typer(holds.app, name="holds")
app.add_typer(ledger.app, name="ledger")
app.add_typer(operations.app, name="operations")
app.add_typer(shadow.app, name="shadow")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(db.app, name="db")
