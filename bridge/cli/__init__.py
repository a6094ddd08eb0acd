"""The `gatebridge` command. A user's mistake is one line on stderr and a non-zero exit, never a traceback."""

import sys

import click

from bridge.cli.app import app
from bridge.cli.output import say_error
from bridge.domain.errors import BridgeError, ConfigurationError

FAILED = 1
MISTAKE = 2
INTERRUPTED = 130


def main() -> None:
    """Run the command and end the process with its status."""
    try:
        status = app(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        say_error(error.format_message())
        sys.exit(MISTAKE)
    except ConfigurationError as error:
        say_error(str(error))
        sys.exit(MISTAKE)
    except BridgeError as error:
        say_error(str(error))
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(status if isinstance(status, int) else 0)
