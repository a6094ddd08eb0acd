"""A database that has the store's tables already, for tests that put rows into them."""

from typing import Final

import psycopg

from bridge.store.postgres.opening import upgrade
from tests.postgres.cluster import Cluster
from tests.postgres.waiting import until

CUT: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
# Rows are few, so that to delete them is quicker than to make the files of truncated tables; triggers stay out of it.
EMPTY: Final = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        PERFORM setval(name::regclass, 1, false);
    END LOOP;
END $$
"""


def emptied_tables(cluster: Cluster, database: str) -> str:
    """Return the URL of the database, without a row or a connection; it is made if there is none."""
    url = cluster.url(database)
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            until(lambda: not connection.execute(CUT).fetchall())
            connection.execute(EMPTY)
    except psycopg.OperationalError as error:
        if "does not exist" not in str(error):
            raise
        cluster.create_database(database)
        upgrade(url)
    return url
