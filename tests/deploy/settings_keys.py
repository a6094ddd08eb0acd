"""Every key of the configuration, as the models have it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from adapters.simulator.options import SimulatorOptions
from bridge.settings import (
    BudgetSettings,
    ConnectionSettings,
    LogSettings,
    PacingSettings,
    PolicySettings,
    ServerSettings,
    Settings,
    SharedBudgetSettings,
    SiteSettings,
    StoreSettings,
    WorkerSettings,
)
from bridge.sources.storeganise.options import StoreganiseOptions

_MODELS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("server", ServerSettings),
    ("store", StoreSettings),
    ("worker", WorkerSettings),
    ("log", LogSettings),
    ("connections", ConnectionSettings),
    ("connections", StoreganiseOptions),
    ("connections.budget", SharedBudgetSettings),
    ("sites", SiteSettings),
    ("sites.options", SimulatorOptions),
    ("sites.pacing", PacingSettings),
    ("sites.policy", PolicySettings),
    ("sites.budget", BudgetSettings),
)
_SECTIONS: Final = {"connections.budget", "sites.options", "sites.pacing", "sites.policy", "sites.budget"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key, by its path without the connection's name or the site's place. Without a default, that is None."""

    path: str
    default: Any = None


def every_key() -> dict[str, Key]:
    """Return all keys that an operator may set, in the models' order."""
    assert {path.split(".")[0] for path, _ in _MODELS} == set(Settings.model_fields), "a section was added or renamed"
    return {key.path: key for path, model in _MODELS for key in _keys(path, model)}


def keys_of_the_house() -> dict[str, Key]:
    """Return the keys that every installation has: an adapter's own are told on its page."""
    found = {path: key for path, key in every_key().items() if not path.startswith("sites.options.")}
    return found | {"sites.options": Key(path="sites.options")}


def _keys(path: str, model: type[BaseModel]) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        key = f"{path}.{name}"
        if key in _SECTIONS:
            continue
        default = None if field.default is PydanticUndefined else field.default
        yield Key(path=key, default=_written(default))


def _written(default: Any) -> Any:
    """Return a default as TOML would have it."""
    if isinstance(default, tuple):
        return list(default)
    return default.value if isinstance(default, Enum) else default
