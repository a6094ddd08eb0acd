"""The configuration: one TOML file, overridden by the environment and a secrets directory, read once.

Everything that is wrong with it is a `ConfigurationError` that names the key and repeats no value. What the keys of a
source or an adapter mean is decided by the plug-in's model, in `wiring`.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bridge.domain.credential import MIN_KEY_LENGTH, Secret
from bridge.domain.errors import ConfigurationError
from bridge.domain.ids import ConnectionName, SiteId, TargetId, is_safe_target
from bridge.domain.policy import Blackout, CommonDoorsPolicy, MoveOutPolicy, OverduePolicy, SitePolicy

CONFIG_VARIABLE: Final = "GATEBRIDGE_CONFIG"
SECRETS_VARIABLE: Final = "GATEBRIDGE_SECRETS_DIR"
DEFAULT_FILE: Final = "gatebridge.toml"
PREFIX: Final = "GATEBRIDGE__"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_FIELD_PREFIX: Final = re.compile(r"[A-Za-z0-9-]{1,32}(_[A-Za-z0-9-]{1,32})*")
_HOURS: Final = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
MAX_HOURS: Final = 24 * 31
MAX_CALLS: Final = 1000
MIN_KEPT_DAYS: Final = 14
"""What a platform may still repeat is never pruned. Storeganise tries three times, how far apart is not documented."""
MAX_KEPT_DAYS: Final = 3650
_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://")
_STATE_DIR: Final = Path("var")
_PLATFORM_ID: Final = r"^[A-Za-z0-9_-]{1,64}$"


def _zone(name: Any) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, TypeError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError("is no time zone that this machine knows, such as Europe/London") from None
    return str(name)


def _connection_name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError("must be 1 to 63 lower-case letters, digits or dashes: it is part of the webhook's URL")
    return name


def _field_prefix(prefix: str) -> str:
    if _FIELD_PREFIX.fullmatch(prefix) is None:
        raise ValueError("must be letters, digits, dashes and single underscores, as in custom-field codes")
    return prefix


def _store_url(url: str) -> str:
    if url.startswith(_POSTGRESQL):
        return url
    if not url.startswith(_SQLITE) or Path(url.removeprefix(_SQLITE)).name in {"", ":memory:"}:
        raise ValueError("must be sqlite:/// and the path of a file, or postgresql:// and where the database is")
    return url


def _key(text: Any) -> Secret | None:
    if text is None or isinstance(text, Secret):
        return text
    if not isinstance(text, str) or len(text.strip()) < MIN_KEY_LENGTH:
        raise ValueError(f"must have {MIN_KEY_LENGTH} characters or more")
    return Secret(text.strip())


def _target(name: str) -> str:
    if not is_safe_target(name):
        raise ValueError("must be the vendor's name of a door: printable, at most 256 characters, no blank edges")
    return name


def _each_once(doors: tuple[TargetId, ...]) -> tuple[TargetId, ...]:
    if len(set(doors)) < len(doors):
        raise ValueError("names a door twice")
    return doors


def _blackout(text: Any) -> Blackout | None:
    if text is None or isinstance(text, Blackout):
        return text
    found = _HOURS.fullmatch(text) if isinstance(text, str) else None
    try:
        start, end = (time.fromisoformat(part) for part in found.groups()) if found is not None else (None, None)
    except ValueError:
        start = end = None
    if start is None or end is None or start == end:
        raise ValueError('must be two different times of day, such as "22:00-06:00"')
    return Blackout(start=start, end=end)


Target = Annotated[TargetId, AfterValidator(_target)]
ZoneName = Annotated[str, BeforeValidator(_zone)]


CallRate = Annotated[float | None, Field(gt=0, le=MAX_CALLS, allow_inf_nan=False)]
CallsAtOnce = Annotated[int | None, Field(ge=1, le=256)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)


class ServerSettings(_Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str | None = None
    """How the platform reaches this bridge; `check` prints webhook URLs with it."""
    state_dir: Path | None = None
    """Operator socket, lock and key file. Default: the folder of the SQLite database, else `var`."""
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024, le=64 * 1024 * 1024)


class StoreSettings(_Section):
    url: Annotated[str, AfterValidator(_store_url)] = Field(default="sqlite:///var/gatebridge.db", repr=False)
    """May hold PostgreSQL's password, and is never shown."""
    key: Annotated[Secret | None, BeforeValidator(_key)] = None
    """Seals gate codes. Default: a key file in `state_dir`, made for its owner only; needed with PostgreSQL."""
    keep_bodies_days: int = Field(default=30, ge=1, le=MAX_KEPT_DAYS)
    """A settled delivery's body is emptied after this time."""
    keep_deliveries_days: int = Field(default=90, ge=MIN_KEPT_DAYS, le=MAX_KEPT_DAYS)
    """A settled delivery is removed after this time, a quarantined one after twice as long."""

    @property
    def is_shared(self) -> bool:
        """Tell whether other processes may work on the same store."""
        return self.url.startswith(_POSTGRESQL)

    @property
    def folder(self) -> Path:
        """Where the process keeps what is its own, unless the configuration says otherwise."""
        return Path(self.url.removeprefix(_SQLITE)).parent if not self.is_shared else _STATE_DIR


class WorkerSettings(_Section):
    concurrency: int = Field(default=16, ge=1, le=256)
    """How many subjects are brought in step at once, and how many calls an account sees at once."""
    sweep_minutes: float = Field(default=60, gt=0, le=24 * 60)
    """Every known subject is looked at again after this time."""
    catch_up_minutes: float = Field(default=15, gt=0, le=24 * 60)
    """What has changed on a platform without a delivery is looked for after this time."""
    catch_up_overlap_minutes: float = Field(default=10, ge=1, le=24 * 60)
    """So much of what was asked for the last time is asked for again, by the platform's clock."""


class LogFormat(StrEnum):
    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogSettings(_Section):
    level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"
    format: LogFormat = LogFormat.AUTO


class ConnectionSettings(_Section):
    """One upstream account. Keys beside these belong to the source's own model."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    source: str
    timezone: ZoneName | None = None
    calls_per_second: CallRate = None
    concurrent_calls: CallsAtOnce = None
    """Default: `worker.concurrency`."""

    @property
    def options(self) -> Mapping[str, Any]:
        return self.model_extra or {}

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Show the names of the source's keys only: which of them are secret, the source's model knows."""
        return [("source", self.source), ("timezone", self.timezone), ("options", sorted(self.options))]


class PolicySettings(_Section):
    """Times are hours; `blackout` is two times of the site's wall clock, such as `"22:00-06:00"`."""

    overdue: OverduePolicy = OverduePolicy.RENTAL
    move_out_date: MoveOutPolicy = MoveOutPolicy.KEEP
    common_doors: Annotated[tuple[Target, ...], AfterValidator(_each_once)] = ()
    common_doors_open: CommonDoorsPolicy = CommonDoorsPolicy.ANY
    early_access_hours: Annotated[float, Field(ge=0, le=MAX_HOURS)] = 0
    overlap_hours: Annotated[float, Field(ge=0, le=MAX_HOURS)] = 0
    grace_hours: Annotated[float, Field(ge=0, le=MAX_HOURS)] = 0
    blackout: Annotated[Blackout | None, BeforeValidator(_blackout)] = None
    max_flips_per_hour: Annotated[int, Field(ge=1, le=1000)] = 10

    def at(self, zone: ZoneInfo) -> SitePolicy:
        """Return the rules as the core applies them, by the wall clock of `zone`."""
        return SitePolicy(
            zone=zone,
            overdue=self.overdue,
            move_out_date=self.move_out_date,
            common_doors=self.common_doors,
            common_doors_open=self.common_doors_open,
            early_access=timedelta(hours=self.early_access_hours),
            overlap=timedelta(hours=self.overlap_hours),
            grace=timedelta(hours=self.grace_hours),
            blackout=self.blackout,
            max_flips=self.max_flips_per_hour,
        )


class BudgetSettings(_Section):
    """Read and kept, not enforced yet; `check` says so."""

    removals_per_hour: int = Field(default=10, ge=0)
    removals_percent_per_day: float = Field(default=20, ge=0, le=100)


class PacingSettings(_Section):
    """How much the vendor takes: of this site, and of the account that it shares with other sites of this vendor."""

    calls_per_second: CallRate = None
    concurrent_calls: CallsAtOnce = None
    account_calls_per_second: CallRate = None
    """The least that any site of the account says counts."""
    account_concurrent_calls: CallsAtOnce = None
    """Default: `worker.concurrency`."""


class Mode(StrEnum):
    LIVE = "live"
    SHADOW = "shadow"


def _built(mode: Mode) -> Mode:
    if mode is Mode.SHADOW:
        raise ValueError("shadow is not built yet; a site is live or not configured")
    return mode


class SiteSettings(_Section):
    connection: ConnectionName
    id: Annotated[SiteId, Field(pattern=_PLATFORM_ID)]
    addon_id: Annotated[str | None, Field(pattern=_PLATFORM_ID)] = None
    adapter: str
    field_prefix: Annotated[str, AfterValidator(_field_prefix)] | None = None
    timezone: ZoneName | None = None
    mode: Annotated[Mode, AfterValidator(_built)] = Mode.LIVE
    options: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    pacing: PacingSettings = PacingSettings()
    policy: PolicySettings = PolicySettings()
    budget: BudgetSettings = BudgetSettings()


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
    connections: dict[Annotated[ConnectionName, AfterValidator(_connection_name)], ConnectionSettings] = Field(
        default_factory=dict
    )
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


__all__ = [
    "BudgetSettings",
    "ConnectionSettings",
    "LogFormat",
    "LogSettings",
    "Mode",
    "PacingSettings",
    "ServerSettings",
    "Settings",
    "SiteSettings",
    "StoreSettings",
    "WorkerSettings",
    "from_validation",
    "load",
]
