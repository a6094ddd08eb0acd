"""A command as somebody runs it in a terminal of a certain width."""

from collections.abc import Sequence

from typer.testing import CliRunner, Result

from bridge.cli.app import app
from bridge.cli.output import OUT


def invoke(command: Sequence[str], *, columns: int = 200) -> Result:
    """Run a command in this process. The console keeps the width that it had when it was made, so it is set here."""
    before = OUT._width
    OUT.width = columns
    try:
        return CliRunner().invoke(app, command)
    finally:
        OUT._width = before
