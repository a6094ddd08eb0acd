"""Reading it all: file, environment and secrets directory, then what the sections say of each other."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bridge.domain.errors import ConfigurationError
from bridge.domain.ids import ConnectionName, SiteId
from bridge.settings.process import LogSettings, ServerSettings, StoreSettings, WorkerSettings
from bridge.settings.sites import ConnectionSettings, Name, SiteSettings

CONFIG_VARIABLE: Final = "GATEBRIDGE_CONFIG"
SECRETS_VARIABLE: Final = "GATEBRIDGE_SECRETS_DIR"
DEFAULT_FILE: Final = "gatebridge.toml"
PREFIX: Final = "GATEBRIDGE__"


class Settings(BaseSettings):
    """The whole configuration, checked as far as it can be without plug-ins. `load` makes it."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        hide_input_in_errors=True,
        validate_default=False,
    )

    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    worker: WorkerSettings = WorkerSettings()
    log: LogSettings = LogSettings()
    connections: dict[Name, ConnectionSettings] = Field(default_factory=dict)
    sites: tuple[SiteSettings, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the secrets directory, then the file, which `load` hands in."""
        del settings_cls, dotenv_settings
        directory = os.environ.get(SECRETS_VARIABLE)
        if directory is None:
            return env_settings, init_settings
        secrets = NestedSecretsSettingsSource(
            file_secret_settings, secrets_dir=directory, secrets_prefix=PREFIX, secrets_nested_delimiter="__"
        )
        return env_settings, secrets, init_settings

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, merged: Any) -> Any:
        return _resolve_secrets(merged, "")

    @property
    def state_dir(self) -> Path:
        return self.server.state_dir or self.store.folder

    @property
    def mark_file(self) -> Path:
        """Where it stands which database was here: beside a file of SQLite's, which a backup does not take along."""
        file = self.store.file
        return self.state_dir / "gatebridge.mark" if file is None else file.with_name(f"{file.name}.mark")

    def zone(self, site: SiteSettings) -> ZoneInfo:
        name = site.timezone or self.connections[site.connection].timezone
        assert name is not None, "load() has seen to it"  # noqa: S101 - a promise of this module to itself
        return ZoneInfo(name)


def load(path: Path | None = None) -> Settings:
    """Read the configuration at `path`, else at `GATEBRIDGE_CONFIG`, else `gatebridge.toml` if there is one.

    Raises `ConfigurationError` naming the key.
    """
    document = _read(path)
    _refuse_unknown_variables()
    try:
        settings = Settings(**document)
    except ValidationError as error:
        raise from_validation(error) from None
    except SettingsError as error:
        raise ConfigurationError("environment", str(error)) from None
    _cross_check(settings)
    return settings


def from_validation(error: ValidationError, at: str = "") -> ConfigurationError:
    """Return pydantic's first complaint as one line that names the key below `at`; the value stays out."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = [str(part) for part in first["loc"] if part != "[key]"]
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "is not a key that Gatebridge knows"
    if first["type"] == "missing":
        message = "is missing"
    return ConfigurationError(".".join(part for part in (at, *place) if part), message)


def _resolve_secrets(value: Any, key: str) -> Any:
    """Return `value` with each `env:NAME` and `file:/path` in it replaced by what it names.

    Raises `ConfigurationError` naming the key for a name that is not set, a file that cannot be read, an empty secret.
    """
    if isinstance(value, Mapping):
        return {name: _resolve_secrets(inner, f"{key}.{name}" if key else str(name)) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_resolve_secrets(inner, f"{key}.{place}") for place, inner in enumerate(value)]
    if not isinstance(value, str):
        return value
    if value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in os.environ:
            raise ConfigurationError(key, f"the environment variable {name} is not set")
        return _not_blank(os.environ[name], key, f"the environment variable {name}")
    if value.startswith("file:"):
        path = Path(value.removeprefix("file:"))
        try:
            return _not_blank(path.read_text(encoding="utf-8").rstrip("\r\n"), key, f"the file {path}")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(key, f"the file {path} cannot be read ({type(error).__name__})") from None
    return value


def _not_blank(text: str, key: str, what: str) -> str:
    if not text.strip():
        raise ConfigurationError(key, f"{what} is empty")
    return text


def _read(path: Path | None) -> Mapping[str, Any]:
    named = path or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    place = named or Path(DEFAULT_FILE)
    try:
        return tomllib.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named is None:
            return {}
        raise ConfigurationError("", f"the configuration file {place} does not exist") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError("", f"{place} is not valid TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("", f"{place} cannot be read ({type(error).__name__})") from None


def _refuse_unknown_variables() -> None:
    known = {name.upper() for name in Settings.model_fields}
    for variable in sorted(os.environ):
        if variable.upper().startswith(PREFIX) and variable.upper().removeprefix(PREFIX).split("__")[0] not in known:
            raise ConfigurationError(variable, "is not a key that Gatebridge knows")


def _cross_check(settings: Settings) -> None:
    if settings.store.is_shared and settings.store.key is None:
        raise ConfigurationError("store.key", "is needed with PostgreSQL: every process that shares it needs the same")
    if settings.store.keep_deliveries_days < settings.store.keep_bodies_days:
        raise ConfigurationError("store.keep_deliveries_days", "must not be less than store.keep_bodies_days")
    seen: set[tuple[ConnectionName, SiteId]] = set()
    for place, site in enumerate(settings.sites):
        key = f"sites.{place}"
        if site.connection not in settings.connections:
            raise ConfigurationError(f"{key}.connection", "names no connection of this configuration")
        if site.timezone is None and settings.connections[site.connection].timezone is None:
            raise ConfigurationError(
                f"connections.{site.connection}.timezone", "is missing, and the site has none either"
            )
        if (site.connection, site.id) in seen:
            raise ConfigurationError(f"{key}.id", "is configured twice for this connection")
        seen.add((site.connection, site.id))
