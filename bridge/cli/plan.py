"""`gatebridge plan`: what runs would do for whom, and why, before anything is done."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ANSWER_SECONDS, ask, fetch
from bridge.cli.output import moment, print_json, print_table, say
from bridge.domain.errors import inert
from bridge.domain.proposal import Standing
from bridge.settings import Settings
from bridge.telemetry import configure_logging

MAX_ROWS: Final = 200
FEW: Final = 20
"""So many rentals are all shown, those too for which there is nothing to do."""
PATIENCE: Final = httpx.Timeout(ANSWER_SECONDS, read=None)
"""A plan for all tenants takes as long as the pacing says."""

Tenant = Annotated[str | None, typer.Option(help="The platform's id of a tenant.", show_default=False)]
Rental = Annotated[str | None, typer.Option(help="The platform's id of a rental.", show_default=False)]
Unit = Annotated[str | None, typer.Option(help="The platform's id of a unit, or its name.", show_default=False)]
Site = Annotated[str | None, typer.Option(help="Only at this site: the platform's id of it.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Everybody at every site.")]

_SHOWN: Final = (Standing.REMOVAL, Standing.GRANT, Standing.CHANGE, Standing.UNKNOWN, Standing.UNCHANGED)


def plan(
    context: typer.Context,
    tenant: Tenant = None,
    rental: Rental = None,
    unit: Unit = None,
    site: Site = None,
    every: All = False,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Say what would be done, rental by rental, and why. Changes nothing, anywhere."""
    asked = asked_for(tenant=tenant, rental=rental, unit=unit, site=site, every=every)
    configure_logging(level="critical", as_json=False)  # what could not be read is in the plan
    told = ask_plan(cli_context.settings_for(context, config), asked)
    if as_json:
        print_json(told)
        return
    say_plan(told)
    if not told["tenants"]:
        return
    say(f"Plan {told['digest']}, until {moment(told['expires_at'])} UTC. To have it done:")
    options = " ".join(f"--{name}" if name == "all" else f"--{name} {inert(text)}" for name, text in asked.items())
    say(f"  gatebridge resync {options} --plan {told['digest']}")


def asked_for(
    *, tenant: str | None, rental: str | None, unit: str | None, site: str | None, every: bool
) -> dict[str, str]:
    """Return the question as the operator API takes it; a mistake in an option ends here, with its own status."""
    from bridge.web.operations import BadRequest
    from bridge.web.plan import selection_of

    given = {"tenant": tenant, "rental": rental, "unit": unit, "site": site, "all": "true" if every else None}
    asked = {name: text for name, text in given.items() if text is not None}
    try:
        selection_of(asked)
    except BadRequest as error:
        raise typer.BadParameter(str(error)) from None
    return asked


def ask_plan(settings: Settings, asked: dict[str, str], *, needs_bridge: bool = False) -> Any:
    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", "plan", params=asked, timeout=PATIENCE)

    return ask(settings, question, needs_bridge=needs_bridge)


def say_plan(told: dict[str, Any]) -> None:
    """Print a plan for people: what is done first, then how many are left as they are."""
    items = sorted(told["items"], key=lambda item: _SHOWN.index(item["standing"]))
    shown = [item for item in items if len(items) <= FEW or item["standing"] != Standing.UNCHANGED]
    whose = {(item["connection"], item["site"], item["tenant"]) for item in items}
    is_one = len(whose) == 1
    for connection, site, tenant in whose if is_one else ():
        say(f"Tenant {inert(tenant)} at site {inert(site)} ({inert(connection)})")
    print_table(
        ("rental", *(() if is_one else ("tenant",)), "plan", "what, and why"),
        (
            (item["rental"], *(() if is_one else (item["tenant"],)), item["standing"], what_and_why(item))
            for item in shown[:MAX_ROWS]
        ),
        empty="Nothing to do.",
    )
    if len(shown) > MAX_ROWS:
        say(f"... and {len(shown) - MAX_ROWS} more; --json has them all")
    for door in told["foreign"]:
        say(f"Not made by the bridge, and left alone: {inert(door['target'])} of tenant {inert(door['tenant'])}")
    say()
    totals = told["totals"]
    say(", ".join(f"{totals[name]} {_plural(name, totals[name])}" for name in (*_SHOWN, "foreign")))
    if totals["held"]:
        say(
            f"Held for a person: {totals['held']}. They keep their access until somebody decides: gatebridge holds list"
        )
    if told["tenants"]:
        say(f"To apply it for {_people(told['tenants'])}: about {told['calls']} calls, {duration(told['minutes'])}.")
    for note in told["notes"]:
        say(f"Note: {inert(note)}")


def what_and_why(item: dict[str, Any]) -> str:
    """Return one rental's part in one line; without anything to do, what it is."""
    does = "; ".join(item["does"]) or item["status"]
    return f"{does} ({'; '.join(item['reasons'])})" if item["reasons"] else does


def duration(minutes: float) -> str:
    if minutes < 1:
        return "less than a minute"
    whole = round(minutes)
    return f"about {whole} minute{'' if whole == 1 else 's'}"


def _plural(name: str, count: int) -> str:
    return f"{name}s" if name in {Standing.GRANT, Standing.CHANGE, Standing.REMOVAL} and count != 1 else name


def _people(count: int) -> str:
    return f"{count} tenant{'' if count == 1 else 's'}"


def items_of(told: dict[str, Any], marked: Iterable[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """Return the rentals of these tenants that there is something to do for."""
    due = set(marked)
    return [
        item
        for item in told["items"]
        if item["standing"] != Standing.UNCHANGED and (item["connection"], item["site"], item["tenant"]) in due
    ]
