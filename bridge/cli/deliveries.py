"""`gatebridge deliveries`: what came in, and what became of it."""

import getpass
from typing import Annotated, Any

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, print_table, say
from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import inert

app = typer.Typer(help="What came in, and what became of it.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="The delivery's number, from the list.", min=1)]


@app.command("list")
def list_deliveries(
    context: typer.Context,
    state: Annotated[DeliveryState | None, typer.Option(help="Only those in this state.", show_default=False)] = None,
    connection: Annotated[str | None, typer.Option(help="Only this connection's.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    before: Annotated[int | None, typer.Option(help="Go on after this number.", min=1, show_default=False)] = None,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """List deliveries, the newest first."""
    asked = {"state": state, "connection": connection, "limit": limit, "before": before}
    params = {name: str(value) for name, value in asked.items() if value is not None}

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", "deliveries", params=params)

    rows = ask(cli_context.settings_for(context, config), question)["deliveries"]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("number", "received (UTC)", "connection", "type", "state"),
        (
            (str(row["id"]), moment(row["received_at"]), row["connection"], row["event_type"], _state(row))
            for row in rows
        ),
        empty="No deliveries.",
    )


@app.command("show")
def show_delivery(
    context: typer.Context,
    number: Number,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Show one delivery with its body and the subjects that it marked."""

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", f"deliveries/{number}")

    row = ask(cli_context.settings_for(context, config), question)
    if as_json:
        print_json(row)
        return
    names = ("id", "connection", "event_id", "event_type", "received_at", "state", "attempts", "due_at", "note")
    for name in names:
        say(f"{name:>12}  {inert(str(row[name] if row[name] is not None else '-'))}")
    body = "(no longer kept)" if row["body"] is None else inert(row["body"], 4000)
    say(f"{'body':>12}  {body}")
    say()
    print_table(
        ("site", "tenant", "state", "due", "failed runs", "note"),
        (
            (s["site"], s["tenant"], s["state"], moment(s["due_at"]), str(s["attempts"]), s["note"] or "")
            for s in row["subjects"]
        ),
        empty="It marked no subject.",
    )


@app.command("replay")
def replay_delivery(
    context: typer.Context,
    number: Number,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Look a delivery up again, as long as its body is kept. Harmless: the state is read from the platform."""

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "POST", f"deliveries/{number}/replay", json={"who": getpass.getuser()})

    row = ask(cli_context.settings_for(context, config), question)
    if as_json:
        print_json(row)
    else:
        say(f"Delivery {row['id']} is due again.")


def _state(row: dict[str, Any]) -> str:
    """Return state and note in one cell, as `dead: ...` or `new, failed 3 times: ...`."""
    failed = f", failed {row['attempts']} times" if row["attempts"] else ""
    return f"{row['state']}{failed}" + (f": {row['note']}" if row["note"] else "")
