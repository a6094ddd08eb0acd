"""`gatebridge sandbox`: a simulated platform and a simulated gate, for integrators and for the demo."""

from typing import Annotated, Final

import typer

from bridge.telemetry import configure_logging

PLATFORM_PORT: Final = 8180
GATE_PORT: Final = 8190

app = typer.Typer(help="A simulated platform and gate.", invoke_without_command=True)
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")]
Latency = Annotated[float, typer.Option(min=0, max=60, help="Seconds that every API call takes.")]


@app.callback()
def sandbox(
    context: typer.Context,
    port: Port = PLATFORM_PORT,
    gate_port: Port = GATE_PORT,
    webhook_url: Annotated[
        str | None, typer.Option(help="Where the platform sends its webhooks.", show_default=False)
    ] = None,
    latency: Latency = 0.0,
) -> None:
    """Run a simulated Storeganise with its web page, and a simulated gate."""
    from bridge.cli.running import run
    from bridge.cli.sandboxes import sandbox_until_stopped

    if context.invoked_subcommand is None:
        configure_logging(level="warning", as_json=False)
        run(sandbox_until_stopped(port, gate_port, webhook_url, latency))


@app.command("gate")
def gate(
    port: Port = GATE_PORT,
    latency: Latency = 0.0,
    capacity: Annotated[int | None, typer.Option(min=0, help="People at a site at most.", show_default=False)] = None,
    api_key: Annotated[str | None, typer.Option(help="Ask for this key.", show_default=False)] = None,
    make_codes: Annotated[bool, typer.Option("--make-codes", help="Make the codes itself, and take none.")] = False,
    mask_codes: Annotated[bool, typer.Option("--mask-codes", help="Do not show codes through the API.")] = False,
    suspend_people: Annotated[
        bool, typer.Option("--suspend-people", help="Suspend whole people only, no single entry.")
    ] = False,
    one_occupant: Annotated[
        bool, typer.Option("--one-occupant", help="Let one person at a time have a target.")
    ] = False,
    strict: Annotated[
        list[str] | None,
        typer.Option(
            help="SITE/TARGET that exists; repeat it. Without it, whatever is named exists.", show_default=False
        ),
    ] = None,
) -> None:
    """Run the simulated gate controller alone."""
    from bridge.cli.running import run
    from bridge.cli.sandboxes import gate_until_stopped, places
    from bridge.domain.credential import Secret
    from bridge.sandbox.gate import Codes, GateKind, GateSettings, Suspends

    configure_logging(level="warning", as_json=False)
    settings = GateSettings(
        api_key=None if api_key is None else Secret(api_key),
        capacity=capacity,
        latency=latency,
        kind=GateKind(
            codes=Codes.MADE if make_codes else Codes.GIVEN,
            shows_codes=not mask_codes,
            suspends=Suspends.PERSON if suspend_people else Suspends.TARGET,
            one_occupant=one_occupant,
        ),
        strict=places(strict) if strict else None,
    )
    run(gate_until_stopped(port, settings))
