"""`gatebridge resync`: put a tenant, a site or everybody right, after showing what that will do."""

import asyncio
import getpass
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import monotonic
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

PAGE: Final = 100
LOOK_SECONDS: Final = 0.3
STALLED_SECONDS: Final = 120.0
"""Where nobody's work has ended for so long, it is paused or behind much else: nobody waits for it here."""
SOON_SECONDS: Final = 30.0
"""A retry that comes so soon is waited for."""
INTERRUPTED: Final = 130

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
    ends = {} if no_wait else _followed(settings, names)
    if as_json:
        print_json({**came_to, "outcomes": [_told(name, end) for name, end in ends.items()]})
    else:
        _say_ends(came_to["plan"], names, ends, no_wait=no_wait)
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


def _followed(settings: Settings, names: list[Name]) -> dict[Name, dict[str, Any]]:
    """Follow the work on these tenants to its end and return what is known of each in the end."""
    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task("Putting right", total=len(names))

        async def question(client: httpx.AsyncClient) -> dict[Name, dict[str, Any]]:
            return await follow(client, names, tell=lambda ended: bar.update(line, completed=ended))

        try:
            return ask(settings, question, needs_bridge=True)
        except KeyboardInterrupt:
            say_error("no longer followed; the work goes on by itself: see gatebridge queue")
            raise typer.Exit(INTERRUPTED) from None


async def follow(
    client: httpx.AsyncClient,
    names: list[Name],
    *,
    tell: Callable[[int], None],
    stalled: float = STALLED_SECONDS,
    look: float = LOOK_SECONDS,
) -> dict[Name, dict[str, Any]]:
    """Ask how far each is until all have ended, or nobody's work has ended for `stalled` seconds."""
    waiting, ended_at = list(names), monotonic()
    known: dict[Name, dict[str, Any]] = {name: {"progress": "waiting", "due_at": None, "why": None} for name in names}
    while waiting:
        page = waiting[:PAGE]
        body = {"subjects": [dict(zip(("connection", "site", "tenant"), name, strict=True)) for name in page]}
        answer = await fetch(client, "POST", "resync/progress", json=body)
        known |= zip(page, answer["subjects"], strict=True)
        left = [name for name in page if not _has_ended(known[name])]
        waiting = [*waiting[PAGE:], *left]
        tell(len(names) - len(waiting))
        now = monotonic()
        ended_at = now if len(left) < len(page) else ended_at
        if now - ended_at > stalled:
            break
        if waiting and len(left) == len(page):
            await asyncio.sleep(look)
    return known


def _told(name: Name, end: Mapping[str, Any]) -> dict[str, Any]:
    return dict(zip(("connection", "site", "tenant"), name, strict=True)) | {
        field: end[field] for field in ("progress", "due_at", "why")
    }


def _has_ended(one: Mapping[str, Any]) -> bool:
    if one["progress"] == "retrying":
        return (datetime.fromisoformat(one["due_at"]) - datetime.now(UTC)).total_seconds() > SOON_SECONDS
    return one["progress"] in {"done", "dead"}


def _say_ends(
    told: dict[str, Any], names: list[Name], ends: Mapping[Name, Mapping[str, Any]], *, no_wait: bool
) -> None:
    if not names:
        say("Nothing to do.")
        return
    if no_wait:
        say(f"Tenants to be put right: {len(names)}. The work goes on by itself: see gatebridge queue")
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


def outcome(end: Mapping[str, Any]) -> str:
    """Say what became of a tenant's work."""
    why = f": {end['why']}" if end["why"] else ""
    if end["progress"] == "retrying":
        return f"not yet, tried again at {moment(end['due_at'])} UTC{why}"
    return {"done": "done", "dead": f"given up{why}"}.get(end["progress"], f"still {end['progress']}")
