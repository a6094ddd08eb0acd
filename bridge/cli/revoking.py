"""`gatebridge revoke`, `unrevoke` and `revoked`: all access of a person is taken away at once, and kept away."""

import asyncio
import getpass
from time import monotonic
from typing import Annotated, Any, Final

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.confirming import confirm
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, print_table, say, say_error
from bridge.domain.dead_letters import MAX_REASON
from bridge.domain.errors import Rejected, inert
from bridge.settings import Settings
from bridge.telemetry import configure_logging

LOOK_SECONDS: Final = 0.3
_UNDER_WAY: Final = frozenset({"waiting", "running"})
_ENDED: Final = frozenset({"done", "dead"})

Tenant = Annotated[str, typer.Option(help="The platform's id of the person.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why, for the ledger and for whoever looks.", show_default=False)]
Site = Annotated[str | None, typer.Option(help="Only at this site: the platform's id of it.", show_default=False)]
Connection = Annotated[
    str | None,
    typer.Option(help="The person of this connection; the bridge need not know them yet.", show_default=False),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, for scripts.")]


def revoke(
    context: typer.Context,
    tenant: Tenant,
    reason: Reason,
    site: Site = None,
    connection: Connection = None,
    wait: Annotated[float, typer.Option(min=0, help="So many seconds it is followed.")] = 30.0,
    yes: Yes = False,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Take all access of a person away now, at every door of every site, ahead of everything; until you unrevoke it."""
    if as_json and not yes:
        raise typer.BadParameter("--json needs --yes: it cannot ask")
    whom, said = _whom(tenant, site, connection), _said(reason)
    configure_logging(level="critical", as_json=False)  # what is in the way is said by the command
    settings = cli_context.settings_for(context, config)
    if not yes:
        _say_what_they_have(_look(settings, whom))
        confirm("All of it is taken away now, and kept away until you unrevoke it. Go on?")

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "POST", "revocations", json={**whom, **said})

    told, is_worked_on = _followed(settings, whom, ask(settings, question), seconds=wait)
    is_closed = not told["open"] and not _waiting(told) and not _in_shadow(told)
    if as_json:
        print_json(told)
    else:
        _say_how_far(told, is_worked_on=is_worked_on)
    if not is_closed:
        raise typer.Exit(1)


def unrevoke(
    context: typer.Context,
    tenant: Tenant,
    reason: Reason,
    site: Site = None,
    connection: Connection = None,
    yes: Yes = False,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Let the rules decide again about a person whose access was revoked; what they earn is opened, with a new code."""
    if as_json and not yes:
        raise typer.BadParameter("--json needs --yes: it cannot ask")
    whom, said = _whom(tenant, site, connection), _said(reason)
    settings = cli_context.settings_for(context, config)
    if not yes:
        confirm(f"What the rules give to tenant {inert(tenant)} is opened again. Go on?")

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "POST", "revocations/lift", json={**whom, **said})

    left = ask(settings, question)["revocations"]
    if as_json:
        print_json(left)
        return
    say("Given back to the rules.")
    for one in left:
        say(f"Still so: {_sentence(one)}")


def revoked(context: typer.Context, as_json: cli_context.AsJson = False, config: cli_context.Config = None) -> None:
    """List whose access is revoked, since when, by whom and why."""

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", "revocations")

    rows = ask(cli_context.settings_for(context, config), question)["revocations"]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("tenant", "connection", "site", "since (UTC)", "by", "why"),
        ((r["tenant"], r["connection"], r["site"] or "every", moment(r["since"]), r["who"], r["reason"]) for r in rows),
        empty="Nobody's access is revoked.",
    )


def _look(settings: Settings, whom: dict[str, str], *, needs_bridge: bool = False) -> Any:
    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", "revocations/doors", params=whom)

    return ask(settings, question, needs_bridge=needs_bridge)


def _followed(settings: Settings, whom: dict[str, str], told: Any, *, seconds: float) -> tuple[Any, bool]:
    """Return how far it is when all is closed or the time is over, and whether anybody works on it."""
    ends = monotonic() + seconds

    async def follow(client: httpx.AsyncClient) -> Any:
        known = told
        while not _is_over(known) and monotonic() < ends:
            await asyncio.sleep(LOOK_SECONDS)
            known = await fetch(client, "GET", "revocations/doors", params=whom)
        return known

    try:
        # With a database of several processes, a bridge on another host may do it.
        return ask(settings, follow, needs_bridge=not settings.store.is_shared), True
    except Rejected as error:
        say_error(str(error))
        return told, False
    except KeyboardInterrupt:
        say_error("no longer followed; the work goes on by itself: run the same command again to look")
        raise typer.Exit(130) from None


def _waiting(told: Any) -> list[str]:
    """Return the sites at which nobody has looked yet."""
    return [site["site"] for site in told["sites"] if site["progress"] in _UNDER_WAY]


def _in_shadow(told: Any) -> list[str]:
    return [site["site"] for site in told["sites"] if site["in_shadow"]]


def _is_over(told: Any) -> bool:
    if not told["open"]:
        return not _waiting(told)
    return all(site["progress"] in _ENDED for site in told["sites"])


def _say_what_they_have(told: Any) -> None:
    print_table(
        ("site", "door", "now"),
        ((site["site"], door["door"], door["state"]) for site in told["sites"] for door in site["doors"]),
        empty="As far as the bridge knows, they have no door.",
    )
    for site in told["sites"]:
        if site["paused"]:
            say(f"Note: {inert(site['paused'])}; doors are closed there all the same")


def _say_how_far(told: Any, *, is_worked_on: bool) -> None:
    print_table(
        ("site", "door", "accepted (UTC)", "confirmed (UTC)", "now"),
        (
            (
                site["site"],
                door["door"],
                moment(door["accepted_at"]),
                moment(door["confirmed_at"]),
                "closed" if door["confirmed_at"] else f"STILL OPEN ({door['state']}): {door['why']}",
            )
            for site in told["sites"]
            for door in site["doors"]
        ),
        empty="No door of theirs was open.",
    )
    for site in told["sites"]:
        if site["paused"]:
            say(f"Note: {inert(site['paused'])}; doors are closed there all the same")
    if told["open"]:
        say(f"STILL OPEN: {told['open']}. It is tried again until it is done: see gatebridge queue and explain.")
    elif waiting := _waiting(told):
        say(f"Not looked at yet: site {inert(', '.join(waiting))}. A door may be open there until it is.")
    elif shadows := _in_shadow(told):
        where = inert(", ".join(shadows))
        say(f"STILL OPEN, as far as it is known: site {where} is in shadow, and the bridge closes nothing there.")
    else:
        say("Closed everywhere, and kept so until you run gatebridge unrevoke.")
    if not is_worked_on:
        say("It is kept, and is done first of all when a bridge runs.")


def _sentence(one: Any) -> str:
    where = "every site" if one["site"] is None else f"site {one['site']}"
    return inert(f"revoked at {where} since {moment(one['since'])} UTC by {one['who']}: {one['reason']}")


def _whom(tenant: str, site: str | None, connection: str | None) -> dict[str, str]:
    given = {"tenant": tenant.strip(), "site": site, "connection": connection}
    for name, text in given.items():
        if text is not None and (not text.strip() or not text.isprintable()):
            raise typer.BadParameter(f"--{name} must not be blank")
    return {name: text.strip() for name, text in given.items() if text is not None}


def _said(reason: str) -> dict[str, str]:
    text = inert(reason, MAX_REASON)
    if not text:
        raise typer.BadParameter("--reason must not be blank")
    return {"who": getpass.getuser(), "reason": text}
