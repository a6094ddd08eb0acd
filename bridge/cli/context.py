"""Which configuration a command reads: named before the command, after it, or by the environment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from bridge.settings import Settings, load

SOCKET_NAME: Final = "operator.sock"
"""In the state folder; only its owner may open it."""

_HELP: Final = "The configuration file. Default: $GATEBRIDGE_CONFIG, else gatebridge.toml."

Config = Annotated[Path | None, typer.Option("--config", "-c", help=_HELP, show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What was said before the command."""

    config: Path | None


def settings_for(context: typer.Context, config: Path | None) -> Settings:
    """Read the configuration; `config`, said after the command, wins. Raises `ConfigurationError` naming the key."""
    before = context.obj.config if isinstance(context.obj, Context) else None
    return load(config or before)
