"""`gatebridge serve`: receiver and worker in one process."""

from typing import Annotated

import typer

from bridge.cli import context as cli_context
from bridge.domain.errors import ConfigurationError


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Overrides server.host.", show_default=False)] = None,
    port: Annotated[
        int | None, typer.Option(help="Overrides server.port.", min=0, max=65535, show_default=False)
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(help="`receiver` or `worker`: half a bridge, where several share PostgreSQL.", show_default=False),
    ] = None,
    config: cli_context.Config = None,
) -> None:
    """Receive webhooks and bring the gates in step, until told to stop."""
    from bridge.cli.running import Only, run, serve_until_stopped, start_logging

    if only is not None and only not in set(Only):
        raise typer.BadParameter("must be receiver or worker", param_hint="--only")

    settings = cli_context.settings_for(context, config)
    if not settings.connections:
        raise ConfigurationError("connections", "there is none: is the configuration file where the command looks?")
    start_logging(settings)
    chosen = settings.server.port if port is None else port
    half = None if only is None else Only(only)
    run(serve_until_stopped(settings, host=host or settings.server.host, port=chosen, only=half))
