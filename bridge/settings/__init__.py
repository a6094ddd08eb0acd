"""The configuration: one TOML file, overridden by the environment and a secrets directory, read once.

Everything that is wrong with it is a `ConfigurationError` that names the key and repeats no value. What the keys of a
source or an adapter mean is decided by the plug-in's model, in `wiring`.
"""

from bridge.settings.loading import Settings, from_validation, load
from bridge.settings.process import LogFormat, LogSettings, ServerSettings, StoreSettings, WorkerSettings
from bridge.settings.sites import (
    BudgetSettings,
    ConnectionSettings,
    Mode,
    PacingSettings,
    PolicySettings,
    SharedBudgetSettings,
    SiteSettings,
)

__all__ = [
    "BudgetSettings",
    "ConnectionSettings",
    "LogFormat",
    "LogSettings",
    "Mode",
    "PacingSettings",
    "PolicySettings",
    "ServerSettings",
    "Settings",
    "SharedBudgetSettings",
    "SiteSettings",
    "StoreSettings",
    "WorkerSettings",
    "from_validation",
    "load",
]
