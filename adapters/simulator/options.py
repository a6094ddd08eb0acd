"""What an operator configures for a simulated gate."""

from typing import Annotated

from pydantic import AfterValidator

from bridge.sdk import ConfigurationError, Options, Secret, SecretText, base_url


def _gate_url(text: str) -> str:
    try:
        return str(base_url(text, key=""))
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


def _header_safe(key: Secret) -> Secret:
    text = key.reveal()
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("must be printable ASCII without spaces: it travels in a header")
    return key


class SimulatorOptions(Options):
    """One controller. `api_key` is needed only where the controller was started with one."""

    url: Annotated[str, AfterValidator(_gate_url)]
    """Where the controller answers; https, or http on a loopback address."""
    api_key: Annotated[SecretText, AfterValidator(_header_safe)] | None = None
