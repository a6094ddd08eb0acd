"""The sections of the process: where it listens, what it keeps where, how it works and what it says."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from bridge.domain.credential import MIN_KEY_LENGTH, Secret
from bridge.settings.section import Section

MIN_KEPT_DAYS: Final = 14
"""What a platform may still repeat is never pruned. Storeganise tries three times, how far apart is not documented."""
MAX_KEPT_DAYS: Final = 3650
_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://")
_STATE_DIR: Final = Path("var")


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


class ServerSettings(Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str | None = None
    """How the platform reaches this bridge; `check` prints webhook URLs with it."""
    state_dir: Path | None = None
    """Operator socket, lock and key file. Default: the folder of the SQLite database, else `var`."""
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024, le=64 * 1024 * 1024)


class StoreSettings(Section):
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
    def file(self) -> Path | None:
        """Return SQLite's file, None with PostgreSQL."""
        return None if self.is_shared else Path(self.url.removeprefix(_SQLITE))

    @property
    def folder(self) -> Path:
        """Where the process keeps what is its own, unless the configuration says otherwise."""
        return _STATE_DIR if self.file is None else self.file.parent


class WorkerSettings(Section):
    concurrency: int = Field(default=16, ge=1, le=256)
    """How many subjects are brought in step at once, and how many calls an account sees at once."""
    sweep_minutes: float = Field(default=60, gt=0, le=24 * 60)
    """Each site is listed, and everybody there looked at, after this time; a site may have its own."""
    catch_up_minutes: float = Field(default=15, gt=0, le=24 * 60)
    """What has changed on a platform without a delivery is looked for after this time."""
    catch_up_overlap_minutes: float = Field(default=10, ge=1, le=24 * 60)
    """So much of what was asked for the last time is asked for again, by the platform's clock."""


class LogFormat(StrEnum):
    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogSettings(Section):
    level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"
    format: LogFormat = LogFormat.AUTO
