"""Asking whoever is at the terminal before something is done that cannot be taken back."""

import typer

from bridge.cli.output import say_error


def confirm(question: str) -> None:
    """Return if the answer is yes; else say that nothing was changed, and end the command."""
    try:
        if typer.confirm(question):
            return
    except typer.Abort:
        say_error("nobody answered; in a script, add --yes")
    say_error("nothing was changed")
    raise typer.Exit(1)
