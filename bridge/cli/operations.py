"""`gatebridge operations`: what people have begun for many tenants, how far it is, and how it is stopped."""

import getpass
from typing import Annotated, Any

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, print_table, say
from bridge.cli.plan import duration
from bridge.cli.resync import OPEN, items_of_operation, outcome
from bridge.domain.errors import inert

MAX_ROWS = 200

app = typer.Typer(help="What was begun for many tenants, and how far it is.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The number of the operation, from the list.", min=1)]


@app.command("list")
def list_operations(
    context: typer.Context, as_json: cli_context.AsJson = False, config: cli_context.Config = None
) -> None:
    """List operations, the newest first."""

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", "operations")

    rows = ask(cli_context.settings_for(context, config), question)["operations"]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("id", "what", "state", "tenants", "begun (UTC)", "by, for whom"),
        (
            (
                str(row["id"]),
                row["kind"],
                row["state"],
                f"{row['ended']}/{row['tenants']}",
                moment(row["at"]),
                f"{row['who']}: {row['asked']}",
            )
            for row in rows
        ),
        empty="No operations.",
    )


@app.command("show")
def show_operation(
    context: typer.Context,
    number: Number,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Show one: what it waits for, and what became of each tenant."""

    async def question(client: httpx.AsyncClient) -> Any:
        found = await fetch(client, "GET", f"operations/{number}")
        return {**found, "items": await items_of_operation(client, number)}

    found = ask(cli_context.settings_for(context, config), question)
    if as_json:
        print_json(found)
        return
    said = f"{found['kind']} {inert(found['asked'])}, begun by {inert(found['who'])} at {moment(found['at'])} UTC"
    say(f"Operation {found['id']}: {said}")
    counts = ", ".join(f"{count} {name}" for name, count in found["counts"].items() if count)
    say(f"{found['state']}: {counts}")
    if found["state"] == "running":
        say(f"To go: {duration(found['minutes_left'])}")
    for note in found["notes"]:
        say(f"Waits: {inert(note)}")
    odd = [one for one in found["items"] if one["progress"] not in {"done", "waiting"}]
    if odd:
        print_table(
            ("tenant", "site", "outcome"),
            ((one["tenant"], one["site"], outcome(one)) for one in odd[:MAX_ROWS]),
            empty="",
        )
    if len(odd) > MAX_ROWS:
        say(f"... and {len(odd) - MAX_ROWS} more; --json has them all")


@app.command("cancel")
def cancel_operation(
    context: typer.Context,
    number: Number,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Take up nobody more. Those at work end; what is done stays done."""
    told = _decide(context, config, number, "cancel")
    if as_json:
        print_json(told)
        return
    if told["operation"]["state"] not in {*OPEN, "cancelled"}:
        say("It was over already.")
        return
    stopped = told["never_begun"] + told["taken_back"]
    say(f"Cancelled for {stopped} tenants, {told['taken_back']} of them due. At work, and ending: {told['at_work']}")


@app.command("resume")
def resume_operation(
    context: typer.Context,
    number: Number,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Take up again those who were cancelled, given up, or left to be tried later."""
    told = _decide(context, config, number, "resume")
    if as_json:
        print_json(told)
        return
    left = told["tenants"] - told["ended"]
    say(f"Tenants to be put right: {left}. See gatebridge operations show {number}" if left else "Nothing is left.")


def _decide(context: typer.Context, config: cli_context.Config, number: int, verb: str) -> Any:
    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "POST", f"operations/{number}/{verb}", json={"who": getpass.getuser()})

    return ask(cli_context.settings_for(context, config), question)
