"""`gatebridge explain`: why a tenant can enter or not, and what to do."""

from typing import Annotated, Any, Final

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import OUT, moment, print_json, say
from bridge.domain.errors import inert

PATIENCE: Final = 90.0
_SIGNS: Final = {"pass": "[green]pass   [/]", "fail": "[red]fail   [/]", "unknown": "[yellow]unknown[/]"}
_NAMES: Final = 17


def explain(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="The platform's id of a tenant.", show_default=False)] = None,
    rental: Annotated[str | None, typer.Option(help="The platform's id of a rental.", show_default=False)] = None,
    unit: Annotated[
        str | None, typer.Option(help="The platform's id of a unit, or its name.", show_default=False)
    ] = None,
    site: Annotated[
        str | None, typer.Option(help="Only at this site: the platform's id of it.", show_default=False)
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="Ask the rules for another moment: ISO 8601, by the site's clock or an offset.",
            show_default=False,
        ),
    ] = None,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Say why a tenant can enter or not, check by check, and what to do. Changes nothing."""
    params = {name: text for name, text in (("tenant", tenant), ("rental", rental), ("unit", unit)) if text is not None}
    if len(params) != 1:
        raise typer.BadParameter("give exactly one of --tenant, --rental and --unit")
    params |= {name: text for name, text in (("site", site), ("at", at)) if text is not None}
    _require_sense(params)

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", "explain", params=params, timeout=PATIENCE)

    told = ask(cli_context.settings_for(context, config), question)
    if as_json:
        print_json(told)
        return
    for subject in told["subjects"]:
        say_subject(subject)
    for note in told["notes"]:
        say(f"Note: {inert(note)}")


def _require_sense(params: dict[str, str]) -> None:
    """Refuse here what the operator API would refuse: a mistake in an option ends with its own status."""
    from bridge.web.explain import moment_of, whom_of
    from bridge.web.operations import BadRequest

    try:
        whom_of(params)
        moment_of(params.get("at"))
    except BadRequest as error:
        raise typer.BadParameter(str(error)) from None


def say_subject(subject: dict[str, Any]) -> None:
    say(f"Tenant {subject['tenant']} at site {subject['site']} ({subject['connection']})")
    if subject["is_now"]:
        say(f"Now, {subject['moment_at_site']} by the site's clock")
    else:
        say(f"By the rules at {subject['moment_at_site']}, from what the platform says now")
    for rental in subject["rentals"]:
        say()
        _say_rental(rental, _next_look(subject))
    say()


def _say_rental(rental: dict[str, Any], next_look: str) -> None:
    unit = f", unit {rental['unit']}" if rental["unit"] else ""
    say(f"Rental {rental['rental']}{unit}")
    for check in rental["checks"]:
        OUT.print(f"  {_SIGNS[check['verdict']]}", end=" ")
        say(f"{check['name']:<{_NAMES}} {inert(check['evidence'])}")
    since = f", since {moment(rental['since'])} UTC" if rental["since"] else ""
    say(f"  It comes to: {rental['status']}{since}")
    for step in rental["follows"]:
        say(f"  Next, {next_look}: {inert(step)}")
    if rental["next_change"]:
        say(f"  The rules may say something else from {moment(rental['next_change'])} UTC")
    for line in rental["advice"]:
        say(f"  -> {inert(line)}")


def _next_look(subject: dict[str, Any]) -> str:
    """Say when the bridge looks at the tenant again by itself."""
    work = subject["work"] or {}
    if work.get("due_at"):
        return f"at {moment(work['due_at'])} UTC"
    return "with the next event or sweep"
