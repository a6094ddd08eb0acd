"""Brings the tables to the form that this version knows, and refuses a database from a later one."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bridge.domain.errors import ConfigurationError

_SCRIPTS: Final = "bridge.store:migrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaState:
    """Where a database stands. `current` is None for one without tables."""

    current: str | None
    head: str

    @property
    def is_current(self) -> bool:
        return self.current == self.head


def state_of(connection: sa.Connection) -> SchemaState:
    """Return where the database stands. Raises `ConfigurationError` for one that this version cannot know."""
    scripts = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise ConfigurationError("store.url", f"the database is of a later gatebridge (its tables are at {current})")
    if current is None and sa.inspect(connection).get_table_names():
        raise ConfigurationError("store.url", "the database is of something else")
    return SchemaState(current=current, head=_head(scripts))


def state_of_nothing() -> SchemaState:
    return SchemaState(current=None, head=_head(ScriptDirectory.from_config(_config())))


def _head(scripts: ScriptDirectory) -> str:
    head = scripts.get_current_head()
    assert head is not None, "there is a first step"  # noqa: S101 - a promise of this package to itself
    return head


def bring_up(connection: sa.Connection) -> SchemaState:
    """Run the missing steps inside the transaction that `connection` is in, all or none; return where it stood."""
    before = state_of(connection)
    if not before.is_current:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    return config
