"""Finds plug-ins by their entry points and imports only those that the configuration names."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from typing import Any, Final

from bridge.domain.errors import ConfigurationError, inert
from bridge.ports.adapter import AdapterSpec
from bridge.ports.source import SourceSpec

SOURCES: Final = "gatebridge.sources"
ADAPTERS: Final = "gatebridge.adapters"
MAX_REASON: Final = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledAdapter:
    """An adapter that a package offers. One that cannot be used has no `spec`, and the reason in `problem`."""

    name: str
    module: str
    package: str
    version: str
    spec: AdapterSpec[Any] | None = None
    problem: str = ""


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


def installed_adapters(name: str | None = None) -> Sequence[InstalledAdapter]:
    """Return what is installed, all or what goes by `name`, and import it: what cannot be imported is told, not raised.

    Ordered by name; one that several packages offer is there for each of them.
    """
    points = entry_points(group=ADAPTERS) if name is None else entry_points(group=ADAPTERS, name=name)
    return [_installed(entry) for entry in sorted(points, key=lambda entry: entry.name)]


def adapter_names() -> frozenset[str]:
    """Return the names that are taken, without importing anything."""
    return frozenset(entry_points(group=ADAPTERS).names)


def papers_of(adapter: InstalledAdapter) -> Traversable | None:
    """Return the folder of README and `quality.toml`: beside the suite, else where the adapter is declared."""
    if adapter.spec is None:
        return None
    declared = find_spec(adapter.module)
    folder = adapter.spec.suite.rpartition(".")[0] or (declared.parent if declared is not None else "")
    return files(folder) if folder else None


def _installed(entry: EntryPoint) -> InstalledAdapter:
    package, version = ("?", "?") if entry.dist is None else (entry.dist.name, entry.dist.version)
    spec, problem = None, ""
    try:
        spec = find_adapter(entry.name, key="")
    except ConfigurationError as error:
        cause = error.__cause__
        problem = str(error) if cause is None else inert(f"{type(cause).__name__}: {cause}", MAX_REASON)
    return InstalledAdapter(
        name=entry.name, module=entry.module, package=package, version=version, spec=spec, problem=problem
    )


def _load(group: str, name: str, key: str) -> object:
    points = entry_points(group=group)
    offers = [entry for entry in points if entry.name == name]
    if not offers:
        known = ", ".join(sorted(points.names)) or "none"
        raise ConfigurationError(key, f"{name} is not installed; installed: {known}")
    if len(offers) > 1:
        packages = ", ".join(sorted("?" if entry.dist is None else entry.dist.name for entry in offers))
        raise ConfigurationError(key, f"{name} is offered by several packages: {packages}; keep one of them")
    try:
        return offers[0].load()
    except Exception as error:
        raise ConfigurationError(key, f"{name} cannot be loaded ({type(error).__name__})") from error
