"""`gatebridge who`: who can open which door, now or then, and how that is known."""

from typing import Annotated, Any, Final

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, print_table, say

PATIENCE: Final = 120.0
_SURE: Final = {"sent": "sent", "accepted": "accepted", "confirmed": "confirmed", "failed": "confirmed"}
"""Other stages say that it is unknown."""


def who(
    context: typer.Context,
    site: Annotated[
        str | None, typer.Option(help="Only at this site: the platform's id of it.", show_default=False)
    ] = None,
    door: Annotated[
        str | None, typer.Option(help="Only this door, as `gatebridge targets` lists it.", show_default=False)
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant: the platform's id.", show_default=False)] = None,
    unit: Annotated[
        str | None, typer.Option(help="Only rentals of this unit: the platform's id.", show_default=False)
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="Who could then: ISO 8601, by the site's clock or with an offset.", show_default=False),
    ] = None,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Say who can open which door, from what the bridge remembers; with --at and --door, who could at that time."""
    asked = {"site": site, "door": door, "tenant": tenant, "unit": unit, "at": at}
    params = {name: text for name, text in asked.items() if text is not None}
    _require_sense(params)
    settings = cli_context.settings_for(context, config)
    if at is None:
        rows = ask(settings, lambda client: _standings(client, params))
        if as_json:
            print_json(rows)
        else:
            _print_now(rows)
        return
    told = ask(settings, lambda client: fetch(client, "GET", "who/then", params=params, timeout=PATIENCE))
    if as_json:
        print_json(told)
    else:
        _print_then(told)


async def _standings(client: httpx.AsyncClient, params: dict[str, str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    params = dict(params)
    while True:
        page = await fetch(client, "GET", "who", params=params, timeout=PATIENCE)
        rows += page["rows"]
        if page["after"] is None:
            return rows
        params["after"] = str(page["after"])


def _print_now(rows: list[dict[str, Any]]) -> None:
    print_table(
        ("site", "tenant", "rental", "door", "wanted", "at the door", "how it is known", "since (UTC), and why"),
        (
            (
                row["site"],
                row["tenant"],
                row["rental"] or "-",
                row["door"] or "-",
                row["wanted"] or "-",
                _state(row["at_door"]),
                certainty(row["at_door"]),
                _since(row["at_door"]),
            )
            for row in rows
        ),
        empty="Nobody has, or is to have, access there.",
    )


def _print_then(told: dict[str, Any]) -> None:
    say(f"Door {told['door']} at {moment(told['moment'])} UTC, from the ledger")
    print_table(
        ("site", "tenant", "rentals", "could open it", "how it is known", "from, until (UTC), and why"),
        (
            (
                row["site"],
                row["tenant"],
                ", ".join(row["rentals"]) or "-",
                "yes" if row["at_door"]["state"] == "open" else "not known",
                certainty(row["at_door"]),
                f"{moment(row['at_door']['since'])} - {moment(row['at_door']['until'])}: {_why(row['at_door'])}",
            )
            for row in told["rows"]
        ),
        empty="Nobody could open it.",
    )


def certainty(interval: dict[str, Any] | None) -> str:
    """Return sent, accepted, confirmed, unknown or foreign: accepted is never confirmed."""
    if interval is None:
        return "unknown"
    if interval["foreign"]:
        return "foreign"
    word = _SURE.get(interval["stage"], "unknown")
    return "unknown" if word == "confirmed" and interval["state"] == "unknown" else word


def _state(interval: dict[str, Any] | None) -> str:
    return "unknown" if interval is None else str(interval["state"])


def _since(interval: dict[str, Any] | None) -> str:
    return "the ledger tells nothing of it" if interval is None else f"{moment(interval['since'])}: {_why(interval)}"


def _why(interval: dict[str, Any]) -> str:
    numbers = ", ".join(f"#{number}" for number in interval["by"][-4:])
    found = interval["found_otherwise"]
    return f"{interval['why']} [{numbers}]" + (f"; found otherwise at its end [#{found}]" if found else "")


def _require_sense(params: dict[str, str]) -> None:
    """Refuse here what the operator API would refuse: a mistake in an option ends with its own status."""
    from bridge.web.explain import moment_of
    from bridge.web.operations import BadRequest
    from bridge.web.who import door_of

    if "at" in params and ("door" not in params or params.keys() & {"tenant", "unit"}):
        raise typer.BadParameter("--at goes with --door, and with --site where several have such a door")
    try:
        moment_of(params.get("at"))
        door_of(params)
    except BadRequest as error:
        raise typer.BadParameter(str(error)) from None
