"""`gatebridge resync`: put a tenant, a site or everybody right, after showing what that will do."""

import asyncio
import getpass
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console
from rich.progress import Progress as Bar

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import confirmed, moment, print_json, print_table, say, say_error
from bridge.cli.plan import PATIENCE, All, Rental, Site, Tenant, Unit, ask_plan, asked_for, items_of, say_plan
from bridge.domain.errors import inert
from bridge.settings import Settings
from bridge.telemetry import configure_logging

LOOK_SECONDS: Final = 0.3
INTERRUPTED: Final = 130
OPEN: Final = frozenset({"running", "cancelling"})

Name = tuple[str, str, str]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, for scripts.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the work: it goes on by itself.")]


def resync(
    context: typer.Context,
    tenant: Tenant = None,
    rental: Rental = None,
    unit: Unit = None,
    site: Site = None,
    every: All = False,
    plan: Annotated[
        str | None, typer.Option(help="Only if it is still what this plan said: its digest.", show_default=False)
    ] = None,
    yes: Yes = False,
    no_wait: NoWait = False,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Have the running bridge put them right: shows the plan, asks, and tells what became of each rental."""
    asked = asked_for(tenant=tenant, rental=rental, unit=unit, site=site, every=every)
    if plan is not None and not inert(plan):
        raise typer.BadParameter("--plan must not be blank")
    if as_json and not yes and plan is None:
        raise typer.BadParameter("--json needs --yes or --plan: it cannot ask")
    configure_logging(level="critical", as_json=False)  # what could not be read is in the plan
    settings = cli_context.settings_for(context, config)
    if plan is None and not yes:
        plan = _approved(settings, asked)
        if plan is None:
            return
    body: dict[str, Any] = {**asked, "who": getpass.getuser()} | ({} if plan is None else {"plan": plan})
    body |= {"all": True} if every else {}
    came_to = _apply(settings, body)
    if yes and not as_json:
        say_plan(came_to["plan"])
    names = [(one["connection"], one["site"], one["tenant"]) for one in came_to["marked"]]
    number = None if came_to["operation"] is None else came_to["operation"]["id"]
    ends = {} if no_wait or number is None else _followed(settings, number)
    if as_json:
        print_json({**came_to, "outcomes": [*ends.values()]})
    else:
        _say_ends(came_to["plan"], names, ends, number=number)
    if not no_wait and any(ends[name]["progress"] != "done" for name in names):
        raise typer.Exit(1)


def _approved(settings: Settings, asked: dict[str, str]) -> str | None:
    """Show the plan and return its digest if whoever is at the terminal wants it; None where there is nothing to do."""
    told = ask_plan(settings, asked, needs_bridge=True)
    say_plan(told)
    if not told["tenants"]:
        return None
    say()
    if not confirmed("Go on?"):
        say_error("nothing was changed")
        raise typer.Exit(1)
    digest: str = told["digest"]
    return digest


def _apply(settings: Settings, body: dict[str, Any]) -> Any:
    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "POST", "resync", json=body, timeout=PATIENCE)

    return ask(settings, question, needs_bridge=True)


def _followed(settings: Settings, number: int) -> dict[Name, dict[str, Any]]:
    """Follow an operation to its end and return what became of each tenant."""
    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task("Putting right", total=None)

        def tell(now: dict[str, Any]) -> None:
            waits = "".join(f" (waits: {inert(note)})" for note in now["notes"])
            bar.update(line, total=now["tenants"], completed=now["ended"], description=f"Putting right{waits}")

        async def question(client: httpx.AsyncClient) -> list[dict[str, Any]]:
            await follow(client, number, tell=tell)
            return await items_of_operation(client, number)

        try:
            items = ask(settings, question, needs_bridge=True)
        except KeyboardInterrupt:
            say_error(f"no longer followed; it goes on by itself: see gatebridge operations show {number}")
            raise typer.Exit(INTERRUPTED) from None
    return {(one["connection"], one["site"], one["tenant"]): one for one in items}


async def follow(
    client: httpx.AsyncClient, number: int, *, tell: Callable[[dict[str, Any]], None], look: float = LOOK_SECONDS
) -> None:
    """Ask how far an operation is until it is over. What it waits for is told once, and waited for."""
    said = set[str]()
    while True:
        now = await fetch(client, "GET", f"operations/{number}")
        tell(now)
        for note in now["notes"]:
            if note not in said:
                say_error(note)
            said.add(note)
        if now["state"] not in OPEN:
            return
        await asyncio.sleep(look)


async def items_of_operation(client: httpx.AsyncClient, number: int) -> list[dict[str, Any]]:
    """Return all of an operation's tenants, page by page."""
    items: list[dict[str, Any]] = []
    params: dict[str, str] = {}
    while True:
        page = await fetch(client, "GET", f"operations/{number}/items", params=params)
        items += page["items"]
        if page["after"] is None:
            return items
        params = {"after": str(page["after"])}


def _say_ends(
    told: dict[str, Any], names: list[Name], ends: Mapping[Name, Mapping[str, Any]], *, number: int | None
) -> None:
    if number is None:
        say("Nothing to do.")
        return
    if not ends:
        say(f"Tenants to be put right: {len(names)}. It goes on by itself: see gatebridge operations show {number}")
        return
    say()
    print_table(
        ("rental", "tenant", "outcome"),
        (
            (item["rental"], item["tenant"], outcome(ends[item["connection"], item["site"], item["tenant"]]))
            for item in items_of(told, names)
        ),
        empty="Looked at again: nothing was to be done.",
    )
    done = sum(one["progress"] == "done" for one in ends.values())
    say(f"Put right: {done} of {len(names)} tenant{'' if len(names) == 1 else 's'}")
    if done < len(names):
        say(f"To take up the others again: gatebridge operations resume {number}")


def outcome(end: Mapping[str, Any]) -> str:
    """Say what became of a tenant's work."""
    why = f": {end['why']}" if end["why"] else ""
    if end["progress"] == "retrying":
        return f"not yet, tried again at {moment(end['due_at'])} UTC{why}"
    words = {"done": "done", "cancelled": "cancelled", "dead": f"given up{why}"}
    return words.get(end["progress"], f"still {end['progress']}")
