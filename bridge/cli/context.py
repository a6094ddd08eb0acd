"""What every command is handed: which configuration to read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bridge.settings import Settings, load

CONFIG_HELP = "The configuration file. Default: $GATEBRIDGE_CONFIG, else gatebridge.toml."


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    config: Path | None

    def settings(self) -> Settings:
        """Read the configuration. Raises `ConfigurationError` naming the key."""
        return load(self.config)


def of(context: typer.Context) -> Context:
    found = context.obj
    assert isinstance(found, Context)  # noqa: S101 - the callback has put it there
    return found


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
