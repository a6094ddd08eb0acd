"""What an operator configures for a simulated gate."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from bridge.sdk import ConfigurationError, HeaderKey, Options, SuspendScope, base_url


class Codes(StrEnum):
    """Who makes the gate codes."""

    GIVEN = "given"
    """The bridge."""
    MADE = "made"
    """The controller, which tells each once."""


def _gate_url(text: str) -> str:
    try:
        return str(base_url(text, key=""))
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


class SimulatorOptions(Options):
    """One controller. `api_key` is needed only where the controller was started with one.

    The last four say what kind of controller it is; `check` compares them with what it says itself.
    """

    url: Annotated[str, AfterValidator(_gate_url)]
    """Where the controller answers; https, or http on a loopback address."""
    api_key: HeaderKey | None = None
    codes: Codes = Codes.GIVEN
    shows_codes: bool = True
    """Whether its listings show the codes, or mask them."""
    suspends: SuspendScope = SuspendScope.TARGET
    """Whether it can suspend a person's targets one by one, or the whole person only."""
    one_occupant: bool = False
    """Whether a target is one person's at a time."""
