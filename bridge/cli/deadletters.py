"""`gatebridge deadletters`: what was given up, and what a person decides about it."""

import getpass
from collections.abc import Sequence
from typing import Annotated, Any, Final

import httpx
import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import confirmed, print_json, print_table, say, say_error
from bridge.cli.queue import about
from bridge.domain.errors import inert
from bridge.domain.work_id import WorkId, WorkKind
from bridge.settings import Settings

PAGE: Final = 200
MAX_AT_ONCE: Final = 10_000
SHOWN: Final = 20

app = typer.Typer(help="What was given up, and what you decide about it.", no_args_is_help=True)

Letter = Annotated[str, typer.Argument(help="Its id from the list, such as s17 or d42.")]
Letters = Annotated[list[str] | None, typer.Argument(help="Ids from the list, such as s17 or d42.", show_default=False)]
AllMatching = Annotated[bool, typer.Option("--all-matching", help="All that match --site, --kind and --why.")]
Site = Annotated[str | None, typer.Option(help="Only of this site: the platform's id of it.", show_default=False)]
Kind = Annotated[WorkKind | None, typer.Option(help="Only of this kind.", show_default=False)]
Why = Annotated[str | None, typer.Option(help="Only those whose failure has this text in it.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, for scripts.")]


@app.command("list")
def list_letters(
    context: typer.Context,
    site: Site = None,
    kind: Kind = None,
    why: Why = None,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """List tenants whose work was given up, then deliveries."""
    rows = _matching(cli_context.settings_for(context, config), _filters(site, kind, why))
    if as_json:
        print_json(rows)
    else:
        _print(rows)


@app.command("show")
def show_letter(
    context: typer.Context,
    letter: Letter,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Show one, with the doors that may still be open."""
    (name,) = _named([letter])

    async def question(client: httpx.AsyncClient) -> Any:
        return await fetch(client, "GET", f"deadletters/{name}")

    row = ask(cli_context.settings_for(context, config), question)
    if as_json:
        print_json(row)
        return
    for field in ("id", "connection", "site", "tenant", "event_type", "received_at", "attempts", "why"):
        if row[field] is not None:
            say(f"{field:>12}  {inert(str(row[field]))}")
    for door in row["open_doors"]:
        wanted = door["wanted"] or "not known"
        say(f"{'may open':>12}  {inert(door['target'])}, for rental {inert(door['rental'])} (last wanted: {wanted})")
    if row["event_type"] is not None:
        say(f"Its body: gatebridge deliveries show {row['id'][1:]}")
    else:
        say(f"More about them: gatebridge explain --tenant {inert(row['tenant'])} --site {inert(row['site'])}")


@app.command("replay")
def replay_letters(
    context: typer.Context,
    letters: Letters = None,
    all_matching: AllMatching = False,
    site: Site = None,
    kind: Kind = None,
    why: Why = None,
    reason: Annotated[str | None, typer.Option(help="Why, for the ledger.", show_default=False)] = None,
    yes: Yes = False,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Look at them again at once, with their failed runs forgotten. Harmless: the truth is read again first."""
    said = {"who": getpass.getuser()} | ({} if reason is None else {"reason": _reason(reason)})
    settings = cli_context.settings_for(context, config)
    chosen = _choose(
        settings,
        letters,
        _filters(site, kind, why),
        all_matching=all_matching,
        ask_first=not yes,
        as_json=as_json,
        what="looked at again",
    )
    _tell(_decide(settings, "replay", chosen, said), "To be looked at again", as_json=as_json)


@app.command("discard")
def discard_letters(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why, for the ledger.", show_default=False)],
    letters: Letters = None,
    all_matching: AllMatching = False,
    site: Site = None,
    kind: Kind = None,
    why: Why = None,
    open_doors_stay_open: Annotated[
        bool, typer.Option("--open-doors-stay-open", help="Also those with a door that may be open: you know of it.")
    ] = False,
    yes: Yes = False,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Take them off the list. Changes nothing at a gate; the next event or sweep looks at a tenant again."""
    said = {"who": getpass.getuser(), "reason": _reason(reason), "open_doors_stay_open": open_doors_stay_open}
    settings = cli_context.settings_for(context, config)
    chosen = _choose(
        settings,
        letters,
        _filters(site, kind, why),
        all_matching=all_matching,
        ask_first=not yes,
        as_json=as_json,
        what="taken off the list" + ("" if open_doors_stay_open else ", but for those with a door that may be open"),
    )
    _tell(_decide(settings, "discard", chosen, said), "Taken off the list", as_json=as_json)


def _choose(
    settings: Settings,
    letters: Sequence[str] | None,
    filters: dict[str, str],
    *,
    all_matching: bool,
    ask_first: bool,
    as_json: bool,
    what: str,
) -> list[str]:
    """Return the ids that are meant. All that match are shown first, and confirmed by whoever is at the terminal."""
    if bool(letters) == all_matching:
        raise typer.BadParameter("give ids, or --all-matching")
    if not all_matching:
        if filters:
            raise typer.BadParameter(f"{', '.join(f'--{name}' for name in filters)} goes with --all-matching only")
        return _named(letters or ())
    if as_json and ask_first:
        raise typer.BadParameter("--all-matching with --json needs --yes: it cannot ask")
    rows = _matching(settings, filters)
    if rows and ask_first:
        _print(rows[:SHOWN])
        if len(rows) > SHOWN:
            say(f"... and {len(rows) - SHOWN} more")
        say()
        # The store is not held meanwhile: nothing but these ids is touched, and each only if it is still dead then.
        if not confirmed(f"{len(rows)} will be {what}. Go on?"):
            say_error("nothing was changed")
            raise typer.Exit(1)
    return [row["id"] for row in rows]


def _matching(settings: Settings, filters: dict[str, str]) -> list[dict[str, Any]]:
    """Return all that match, page by page, up to `MAX_AT_ONCE`."""

    async def question(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        params = {**filters, "limit": str(PAGE)}
        while len(rows) < MAX_AT_ONCE:
            page = await fetch(client, "GET", "deadletters", params=params)
            rows += page["letters"]
            if page["after"] is None:
                break
            params["after"] = page["after"]
        return rows

    return ask(settings, question)


def _decide(settings: Settings, verb: str, letters: Sequence[str], said: dict[str, Any]) -> dict[str, list[Any]]:
    async def question(client: httpx.AsyncClient) -> dict[str, list[Any]]:
        decided: dict[str, list[Any]] = {"done": [], "refused": []}
        for start in range(0, len(letters), PAGE):
            body = {"ids": list(letters[start : start + PAGE]), **said}
            answer = await fetch(client, "POST", f"deadletters/{verb}", json=body)
            for name, kept in decided.items():
                kept.extend(answer[name])
        return decided

    return ask(settings, question)


def _tell(decided: dict[str, list[Any]], what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(decided)
    else:
        say(f"{what}: {len(decided['done'])}")
    for refused in decided["refused"]:
        say_error(f"left as it was: {refused['why']}")
    if decided["refused"]:
        raise typer.Exit(1)


def _print(rows: Sequence[dict[str, Any]]) -> None:
    print_table(
        ("id", "failed runs", "about, and why"),
        ((row["id"], str(row["attempts"]), f"{about(row)}: {row['why']}{_doors(row)}") for row in rows),
        empty="No dead letters.",
    )


def _doors(row: dict[str, Any]) -> str:
    doors = ", ".join(sorted({door["target"] for door in row["open_doors"]}))
    return f"; may still open {doors}" if doors else ""


def _filters(site: str | None, kind: WorkKind | None, why: str | None) -> dict[str, str]:
    if why is not None and not inert(why):
        raise typer.BadParameter("--why must not be blank")
    asked = {"site": site, "kind": kind, "why": why}
    return {name: str(value) for name, value in asked.items() if value is not None}


def _named(letters: Sequence[str]) -> list[str]:
    """Refuse here what the operator API would refuse: a mistake in an argument ends with its own status."""
    for letter in letters:
        if WorkId.read(letter) is None:
            raise typer.BadParameter(f"{inert(letter, 40)} is no id of a dead letter: they look like s17 or d42")
    return list(letters)


def _reason(text: str) -> str:
    from bridge.domain.dead_letters import MAX_REASON

    reason = inert(text, MAX_REASON)
    if not reason:
        raise typer.BadParameter("--reason must not be blank")
    return reason
