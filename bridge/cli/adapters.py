"""`gatebridge adapters`: what is installed, what it can do, whether it is right, and how a new one begins."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bridge.cli import context as cli_context
from bridge.cli.output import print_json, print_table, say
from bridge.domain.errors import Unsupported

app = typer.Typer(help="The adapters of access-control vendors.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The adapter's name, as a site's configuration says it.")]


@app.command("list")
def list_adapters(as_json: cli_context.AsJson = False) -> None:
    """List what is installed, and what of it cannot be used."""
    from bridge.catalog import installed_adapters

    rows: list[dict[str, Any]] = [
        {
            "key": adapter.name,
            "loaded": adapter.spec is not None,
            "title": None if adapter.spec is None else adapter.spec.title,
            "package": adapter.package,
            "version": adapter.version,
            "problem": adapter.problem or None,
        }
        for adapter in installed_adapters()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("key", "package", "version", "title"),
        (
            (row["key"], row["package"], row["version"], row["title"] or f"cannot be used: {row['problem']}")
            for row in rows
        ),
        empty="No adapters.",
    )


@app.command("show")
def show_adapter(name: Name, as_json: cli_context.AsJson = False) -> None:
    """Show an adapter's options, what it can do, and which rules it keeps."""
    from bridge.catalog import find_adapter, installed_adapters
    from bridge.cli.describing import describe

    spec = find_adapter(name, key="")
    told = describe(installed_adapters(name)[0], spec)
    if as_json:
        print_json(told)
    else:
        _say_adapter(told)


def _say_adapter(told: dict[str, Any]) -> None:
    from bridge.cli.describing import flat

    say(f"{told['key']}: {told['title']}")
    for label, value in (
        ("package", f"{told['package']} {told['version']}"),
        ("field prefix", told["field_prefix"]),
        ("README", told["readme"] or "none"),
        ("suite", told["suite"] or "none: it cannot be certified"),
    ):
        say(f"{label:>12}  {value}")
    say()
    print_table(("option", "what it is"), ((row["key"], _option(row)) for row in told["options"]), empty="No options.")
    say()
    if told["capabilities"] is None:
        say("What it can do depends on options that have no default.")
    else:
        print_table(("it can, with its defaults", ""), flat(told["capabilities"]), empty="")
        for sentence in told["which_means"]:
            say(f"- {sentence}")
    say()
    print_table(("rule", "kept"), told["rules"].items(), empty="No quality.toml says which rules it keeps.")
    if told["exempt"]:
        say()
        print_table(("left out of the suite", "why"), told["exempt"].items(), empty="")


def _option(row: dict[str, Any]) -> str:
    """Return an option in one cell: its type, its default, and what it means."""
    default = "" if row["default"] is None else f", default {json.dumps(row['default'], ensure_ascii=False)}"
    return f"{row['type']}{', needed' if row['needed'] else default}. {row['meaning']}"


@app.command("new")
def new_adapter(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and underscores.")],
    into: Annotated[Path, typer.Option(help="The folder that gets the package's own.")] = Path(),
    title: Annotated[str | None, typer.Option(help="What people call the vendor.", show_default=False)] = None,
) -> None:
    """Write a new adapter as a package of its own: complete, small, and certified before you change a word."""
    from bridge.catalog import adapter_names
    from bridge.scaffold import Names, write_package

    try:
        names = Names.of(name, title, taken=adapter_names())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        folder = write_package(names, into)
    except FileExistsError:
        raise typer.BadParameter(f"{into / names.project} exists already: nothing was written") from None
    except OSError as error:
        raise typer.BadParameter(f"{into} cannot be written to ({type(error).__name__})") from None
    say(f"Written: {folder}")
    say("Next:")
    say(f"  pip install --editable '{folder}[test]'")
    say(f"  gatebridge adapters certify {names.name}")
    say("Then put the vendor's words in place of the example's, the simulation's first.")


@app.command("certify")
def certify_adapter(
    name: Name,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show pytest's own words too, on stderr.")] = False,
    as_json: cli_context.AsJson = False,
) -> None:
    r"""Run an adapter's conformance suite against its vendor's simulation. Needs pip install "gatebridge\[testing]"."""
    from bridge.catalog import find_adapter
    from bridge.cli.certifying import run_suite

    if not find_adapter(name, key="").suite:
        raise Unsupported(f"{name} brings no suite: its AdapterSpec names none")
    with nullcontext() if verbose else Console(stderr=True).status(f"Certifying {name}"):
        checked = run_suite(name, verbose=verbose)
    is_certified = bool(checked) and not [row for row in checked if row["outcome"] == "failed"]
    if as_json:
        print_json({"key": name, "certified": is_certified, "checks": checked})
    else:
        _say_checks(name, checked, is_certified=is_certified)
    if not is_certified:
        raise typer.Exit(1)


@app.command("simulate")
def simulate_vendor(
    name: Name,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 0,
    suite: Annotated[str | None, typer.Option(help="The suite whose vendor to play.", show_default="the first")] = None,
) -> None:
    r"""Play an adapter's vendor on this machine, to try it on. Needs pip install "gatebridge\[testing]"."""
    from bridge.catalog import find_adapter
    from bridge.cli.certifying import check_kit
    from bridge.cli.running import run
    from bridge.cli.simulating import simulate_until_stopped

    spec = find_adapter(name, key="")
    check_kit()
    run(simulate_until_stopped(spec, port, suite))


def _say_checks(name: str, checked: Sequence[Any], *, is_certified: bool) -> None:
    """Print a table for each suite, what failed at its end, and the total."""
    checked = sorted(checked, key=lambda row: row["outcome"] == "failed")
    for suite in dict.fromkeys(row["suite"] for row in checked):
        say(suite or "Suite")
        print_table(
            ("outcome", "check"),
            (
                (row["outcome"], f"{row['check']}: {row['why']}" if row["why"] else row["check"])
                for row in checked
                if row["suite"] == suite
            ),
            empty="",
        )
        say()
    counts = Counter(row["outcome"] for row in checked)
    total = ", ".join(f"{counts[outcome]} {outcome}" for outcome in sorted(counts)) or "no check was run"
    say(f"{name} is {'certified' if is_certified else 'NOT certified'}: {total}.")
