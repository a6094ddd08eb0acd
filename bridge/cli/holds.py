"""`gatebridge holds`: losses of access that wait for a person, and what one decides about them."""

import getpass
from typing import Annotated, Any

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, print_table, say
from bridge.domain.errors import inert
from bridge.domain.pauses import MAX_WORDS

app = typer.Typer(help="What waits for you before tenants lose their access.", no_args_is_help=True)

Digest = Annotated[str, typer.Argument(help="The digest of the hold, from the list.")]
Reason = Annotated[str, typer.Option(help="Why, for the ledger.", show_default=False)]


@app.command("list")
def list_holds(context: typer.Context, as_json: cli_context.AsJson = False, config: cli_context.Config = None) -> None:
    """List what is held, by site and kind, with what tripped it."""

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", "holds")

    rows = ask(cli_context.settings_for(context, config), question)["holds"]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("digest", "site", "kind", "rentals", "since (UTC)", "why"),
        ((r["digest"], r["site"], r["kind"], str(r["count"]), moment(r["since"]), r["why"]) for r in rows),
        empty="Nothing is held.",
    )


@app.command("show")
def show_hold(
    context: typer.Context,
    digest: Digest,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Show one with each tenant and rental: they keep their access until you decide."""

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", f"holds/{_path_part(digest)}")

    hold = ask(cli_context.settings_for(context, config), question)
    if as_json:
        print_json(hold)
        return
    say(
        inert(
            f"{hold['count']} {hold['kind']}s at site {hold['site']}, since {moment(hold['since'])} UTC: {hold['why']}"
        )
    )
    print_table(
        ("since (UTC)", "tenant", "rental", "why"),
        ((moment(row["since"]), row["tenant"], row["rental"], row["why"]) for row in hold["rentals"]),
        empty="",
    )
    say(f"To let them go: gatebridge holds release {hold['digest']} --reason ...")


@app.command("release")
def release_hold(
    context: typer.Context,
    digest: Digest,
    reason: Reason,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Let these tenants lose their access, and no others; refused where the list has changed since you looked."""
    hold = _decide(context, config, digest, "release", reason)
    _tell(hold, "Released", "looked at again", as_json=as_json)


@app.command("drop")
def drop_hold(
    context: typer.Context,
    digest: Digest,
    reason: Reason,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Forget the hold: each of its tenants is judged anew by the budgets, at once."""
    hold = _decide(context, config, digest, "drop", reason)
    _tell(hold, "Dropped", "judged anew", as_json=as_json)


def _decide(context: typer.Context, config: cli_context.Config, digest: str, verb: str, reason: str) -> Any:
    said = inert(reason, MAX_WORDS)
    if not said:
        raise typer.BadParameter("--reason must not be blank")
    path = f"holds/{_path_part(digest)}/{verb}"

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "POST", path, json={"who": getpass.getuser(), "reason": said})

    return ask(cli_context.settings_for(context, config), question)


def _tell(hold: dict[str, Any], done: str, follows: str, *, as_json: bool) -> None:
    if as_json:
        print_json(hold)
    else:
        say(inert(f"{done}: {hold['count']} {hold['kind']}s at site {hold['site']}. They are {follows} now."))


def _path_part(digest: str) -> str:
    if not (digest.isascii() and digest.isalnum()):
        raise typer.BadParameter("a digest is letters and digits, as `gatebridge holds list` shows it")
    return digest
