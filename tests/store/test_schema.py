"""The migrations make the tables that the code means."""

from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bridge.store.sqlite.connections import reader_engine
from bridge.store.sqlite.opening import schema_state, upgrade
from bridge.store.tables import metadata


def words(sql: str) -> list[str]:
    """Return a statement's parts without regard to their layout; constraints may stand in another order."""
    return sorted(part.strip() for part in " ".join(sql.split()).split(", "))


def described(engine: sa.Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger' "
            "AND name <> 'alembic_version'"
        )
        return {row.name: words(row.sql.replace("(", ", ").replace(")", ", ")) for row in rows}


def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    path = tmp_path / "gatebridge.db"
    upgrade(path)
    engine = reader_engine(path, busy_timeout=1, connections=1)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrations_and_tables_agree_to_the_last_predicate_and_check(tmp_path: Path) -> None:
    upgrade(tmp_path / "migrated.db")
    migrated = reader_engine(tmp_path / "migrated.db", busy_timeout=1, connections=1)
    meant = sa.create_engine(f"sqlite:///{tmp_path / 'meant.db'}")
    metadata.create_all(meant)
    assert described(migrated) == described(meant)
    migrated.dispose()
    meant.dispose()


def test_an_upgrade_says_where_the_database_stood(tmp_path: Path) -> None:
    path = tmp_path / "gatebridge.db"
    nothing, first, second = schema_state(path), upgrade(path), upgrade(path)
    assert [state.current for state in (nothing, first, second)] == [None, None, nothing.head]
    assert [schema_state(path).is_current, nothing.is_current] == [True, False]


def test_looking_at_the_schema_makes_no_file(tmp_path: Path) -> None:
    schema_state(tmp_path / "gatebridge.db")
    assert list(tmp_path.iterdir()) == []
