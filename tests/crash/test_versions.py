"""A later gatebridge upgrades the tables beside this one: its work goes on, and only a new start of it is refused."""

from pathlib import Path

from tests.crash.databases import Database
from tests.crash.mortal import assert_granted_once, assert_nothing_is_stuck, at_rest, furnished, is_answered, rents
from tests.flow.house import House

# What an upgrade may do to tables that others use: it adds.
LATER = (
    "ALTER TABLE delivery ADD COLUMN later text",
    "ALTER TABLE subject ADD COLUMN later integer NOT NULL DEFAULT 0",
    "CREATE TABLE later (id bigint PRIMARY KEY)",
    "UPDATE alembic_version SET version_num = '9999'",
)


def test_one_that_runs_goes_on_and_one_that_starts_is_refused(  # C12
    sandbox: House, served_database: Database, tmp_path: Path
) -> None:
    (beside := tmp_path / "beside").mkdir()
    house = furnished(sandbox, tmp_path, served_database)
    with house.serving() as bridge:
        before, after = rents(house), rents(house)
        assert is_answered(house, bridge, before.move_in())
        house.until_status(before.rental, "granted")
        for statement in LATER:
            served_database.rows(statement)
        assert is_answered(house, bridge, after.move_in())
        house.until_status(after.rental, "granted")
        at_rest(house, bridge)

        refused = furnished(sandbox, beside, served_database).run("serve", "--port", "0")
        assert refused.returncode != 0
        assert "store.url" in refused.stderr
        assert "later gatebridge" in refused.stderr
    for tenancy in (before, after):
        assert_granted_once(house, tenancy)
    assert_nothing_is_stuck(house)
