"""`gatebridge erase`: forget a tenant's personal data."""

import getpass
from typing import Annotated, Any

import typer

from bridge.cli import context as cli_context
from bridge.cli.confirming import confirm
from bridge.cli.operator import ask, fetch
from bridge.cli.output import print_json, print_table, say, say_error
from bridge.domain.errors import inert


def erase(
    context: typer.Context,
    tenant: Annotated[str, typer.Option(help="The platform's id of the tenant.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why, for the ledger; without their name.", show_default=False)],
    connection: Annotated[
        str | None, typer.Option(help="The tenant of this connection, where two have that id.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, for scripts.")] = False,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Erase what deliveries said of a tenant, their gate codes and profile. Not while a door may be theirs."""
    from bridge.domain.dead_letters import MAX_REASON

    said = {"who": getpass.getuser(), "reason": inert(reason, MAX_REASON)}
    if not said["reason"]:
        raise typer.BadParameter("--reason must not be blank")
    if as_json and not yes:
        raise typer.BadParameter("--json needs --yes: it cannot ask")
    settings = cli_context.settings_for(context, config)
    whom = {"tenant": tenant} | ({} if connection is None else {"connection": connection})
    found = ask(settings, lambda client: fetch(client, "GET", "personal-data", params=whom))["sites"]
    if kept := [one["why_kept"] for one in found if one["why_kept"]]:
        say_error(kept[0])
        raise typer.Exit(1)
    if not yes:
        _print(found)
        confirm("This is erased and cannot be had back. Go on?")
    body = {**whom, **said}
    erased = ask(settings, lambda client: fetch(client, "POST", "personal-data/erase", json=body))["sites"]
    if as_json:
        print_json(erased)
    else:
        say(f"Erased at {len(erased)} sites." if len(erased) != 1 else "Erased.")


def _print(found: list[dict[str, Any]]) -> None:
    print_table(
        ("site", "tenant", "deliveries", "gate codes", "the vendor's reference"),
        (
            (
                one["site"],
                one["tenant"],
                str(one["deliveries"]),
                str(one["codes"]),
                "kept" if one["has_reference"] else "-",
            )
            for one in found
        ),
        empty="Nothing.",
    )
