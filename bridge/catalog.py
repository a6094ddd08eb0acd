"""Finds plug-ins by their entry points and imports only those that the configuration names."""

from importlib.metadata import entry_points
from typing import Any, Final

from bridge.domain.errors import ConfigurationError
from bridge.ports.adapter import AdapterSpec
from bridge.ports.source import SourceSpec

SOURCES: Final = "gatebridge.sources"
ADAPTERS: Final = "gatebridge.adapters"


def find_source(name: str, *, key: str) -> SourceSpec[Any]:
    """Return the source called `name`. Raises `ConfigurationError` at `key` if it is not installed or is broken."""
    found = _load(SOURCES, name, key)
    if not isinstance(found, SourceSpec):
        raise ConfigurationError(key, f"the package that offers {name} is broken: it is not a SourceSpec")
    return found


def find_adapter(name: str, *, key: str) -> AdapterSpec[Any]:
    """Return the adapter called `name`. Raises `ConfigurationError` at `key` if it is not installed or is broken."""
    found = _load(ADAPTERS, name, key)
    if not isinstance(found, AdapterSpec):
        raise ConfigurationError(key, f"the package that offers {name} is broken: it is not an AdapterSpec")
    return found


def _load(group: str, name: str, key: str) -> object:
    offers = {entry.name: entry for entry in entry_points(group=group)}
    if name not in offers:
        known = ", ".join(sorted(offers)) or "none"
        raise ConfigurationError(key, f"{name} is not installed; installed: {known}")
    try:
        return offers[name].load()
    except Exception as error:
        raise ConfigurationError(key, f"{name} cannot be loaded ({type(error).__name__})") from error
