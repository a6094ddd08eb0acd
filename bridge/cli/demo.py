"""`gatebridge demo`: the whole story on this machine, from a move-in to a closed gate, each step timed."""

from typing import Annotated

import typer

from bridge.cli.sandbox import PLATFORM_PORT, Latency
from bridge.telemetry import configure_logging


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story: status 0, or 1 if a step failed.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The page's port; 0 takes a free one.")] = PLATFORM_PORT,
    latency: Latency = 0.0,
) -> None:
    """Play the story with a simulated platform and gate, then stay up for you to try."""
    from bridge.cli.playing import play
    from bridge.cli.running import run

    configure_logging(level="error", as_json=False)
    if not run(play(port=port, latency=latency, once=once)):
        raise typer.Exit(1)
