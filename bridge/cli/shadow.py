"""`gatebridge shadow`: what sites in shadow would have done, beside what was done."""

from typing import Annotated, Any, Final

import typer

from bridge.cli import context as cli_context
from bridge.cli.operator import ask, fetch
from bridge.cli.output import moment, print_json, print_table, say
from bridge.domain.errors import inert

PATIENCE: Final = 120.0
MAX_ROWS: Final = 200
_WORDS: Final = {
    "agree": "agree",
    "we_open": "we would have it open, they have not",
    "they_open": "they have it open, we would not",
    "unknown": "not known: the gate system cannot be read for it",
}

app = typer.Typer(help="What sites in shadow would have done, beside what was done.", no_args_is_help=True)


@app.callback()
def shadow() -> None:
    """Keep `report` a command of its own."""


@app.command("report")
def report(
    context: typer.Context,
    site: Annotated[
        str | None, typer.Option(help="Only this site: the platform's id of it.", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Changes from this time on: ISO 8601, in UTC or with an offset.", show_default=False),
    ] = None,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Say how far what the bridge would have done agrees with the doors as the gate system shows them."""
    _require_sense(since)
    asked = {name: text for name, text in (("site", site), ("since", since)) if text is not None}
    settings = cli_context.settings_for(context, config)
    sites = ask(settings, lambda client: fetch(client, "GET", "shadow", params=asked, timeout=PATIENCE))["sites"]
    if as_json:
        print_json(sites)
        return
    for one in sites:
        _say_site(one)


def _say_site(told: dict[str, Any]) -> None:
    totals, rows = told["totals"], told["rentals"]
    share = "nothing can be compared" if told["percent"] is None else f"{told['percent']} % agree"
    say(inert(f"Site {told['site']} ({told['connection']}): {share}"))
    say(", ".join(f"{totals[name]} {words.split(':')[0]}" for name, words in _WORDS.items()))
    if told["they_followed"]:
        say(
            f"They followed {told['they_followed']} times, {told['median_minutes']} minutes later in the middle, "
            f"{told['most_minutes']} at most"
        )
    if told["we_followed"]:
        say(f"They were first {told['we_followed']} times, and we would have followed")
    would = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in told["would"].items())
    say(f"Changes that the bridge would have made: {would or 'none'}")
    if told["held"]:
        say(f"The guard would have asked you first for {told['held']} rentals")
    shown = [row for row in rows if row["standing"] != "agree" or row["held"]]
    print_table(
        ("rental", "tenant", "door", "since (UTC)", "how it stands"),
        ((row["rental"], row["tenant"], row["door"], moment(row["since"]), _standing(row)) for row in shown[:MAX_ROWS]),
        empty="No rental stands out.",
    )
    if len(shown) > MAX_ROWS:
        say(f"... and {len(shown) - MAX_ROWS} more; --json has them all")
    say()


def _standing(row: dict[str, Any]) -> str:
    held = f"; the guard would have held it: {row['held']}" if row["held"] else ""
    return _WORDS[row["standing"]] + held


def _require_sense(since: str | None) -> None:
    """Refuse here what the operator API would refuse: a mistake in an option ends with its own status."""
    from bridge.web.operations import BadRequest
    from bridge.web.shadow import since_of

    try:
        since_of(since)
    except BadRequest as error:
        raise typer.BadParameter(str(error)) from None
