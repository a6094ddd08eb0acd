"""What an operator configures for a simulated gate."""

from typing import Annotated

from pydantic import AfterValidator

from bridge.sdk import ConfigurationError, HeaderKey, Options, base_url


def _gate_url(text: str) -> str:
    try:
        return str(base_url(text, key=""))
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


class SimulatorOptions(Options):
    """One controller. `api_key` is needed only where the controller was started with one."""

    url: Annotated[str, AfterValidator(_gate_url)]
    """Where the controller answers; https, or http on a loopback address."""
    api_key: HeaderKey | None = None
