"""The `gatebridge` command. A user's mistake is one line on stderr and a non-zero exit, never a traceback."""

import sys
from typing import Final

import typer

from bridge.cli.app import app
from bridge.cli.output import say_error
from bridge.domain.errors import BridgeError, ConfigurationError

FAILED: Final = 1
MISTAKE: Final = 2
INTERRUPTED: Final = 130


def main() -> None:
    """Run the command and end the process with its status."""
    try:
        status = app(standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except ConfigurationError as error:
        say_error(str(error))
        sys.exit(MISTAKE)
    except BridgeError as error:
        say_error(str(error))
        sys.exit(FAILED)
    except typer.TyperException as error:
        say_error(error.format_message())
        sys.exit(MISTAKE)
    sys.exit(status if isinstance(status, int) else 0)
