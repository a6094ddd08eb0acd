"""The ways into a PostgreSQL database: one connection for acknowledgements, a pool for all else, one that is present.

A transaction that another one waits for must not last: a peer that is frozen half-way is thrown out by the server.
"""

from collections.abc import Callable
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bridge.domain.errors import ConfigurationError

CONNECT_SECONDS: Final = 3
_SESSION: Final = {
    "idle_in_transaction_session_timeout": "3000",
    "lock_timeout": "5000",
    "statement_timeout": "10000",
    "synchronous_commit": "on",
    # A unit that has waited for a lock reads what was committed meanwhile; the ledger's chain rests on it.
    "default_transaction_isolation": r"read\ committed",
    "timezone": "UTC",
    "jit": "off",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
"""Milliseconds, but for the keepalives' seconds. Who waits for a frozen peer's lock outwaits the peer.

With its own defaults, the server would believe for two hours in a host that has lost its power, and for ever in a peer
that is frozen while it is being told of its claims: the keepalives here are the server's.
"""
_KEEPALIVES: Final = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
UNLIMITED: Final = {"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "60000"}
"""A step takes the time that it takes; whoever is frozen between two must not keep all others from opening for ever."""
SHORT_LOCK_MILLISECONDS: Final = 250


def conninfo(url: str, **session: str) -> str:
    """Return libpq's form of `url` with the times and the durability that the bridge relies on.

    Raises `ConfigurationError` for a URL that libpq cannot read, without its text: it may hold a password.
    """
    if not _is_parted_well(url):
        raise ConfigurationError("store.url", "has a user or password with a character that is to be written as %XX")
    try:
        given = conninfo_to_dict(url)
        ours = " ".join(f"-c {name}={value}" for name, value in {**_SESSION, **session}.items())
        options = f"{given.get('options') or ''} {ours}".strip()
        fixed: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "gatebridge", **_KEEPALIVES}
        return make_conninfo(url, **{**fixed, **given, "options": options, "client_encoding": "UTF8"})
    except psycopg.Error:
        raise ConfigurationError("store.url", "is not a URL that PostgreSQL's library can read") from None


def _is_parted_well(url: str) -> bool:
    """Tell whether no part of a password is taken for a host, a port or a name, and shown as such to people."""
    authority, _, rest = url.partition("://")[2].partition("/")
    hosts = authority.rpartition("@")[2].split(",")
    ports = [host.partition(":")[2] for host in hosts if not host.startswith("[")]
    has_ports = all(port.isdecimal() for port in ports if port)
    return authority.count("@") <= 1 and "@" not in rest.partition("?")[0] and has_ports


def connector(url: str, **session: str) -> Callable[[], psycopg.Connection[Any]]:
    """Return what makes a connection."""
    text = conninfo(url, **session)
    return lambda: psycopg.connect(text)


def place_of(url: str) -> str:
    """Return host, port and name of the database, for people: no user, no password."""
    given = conninfo_to_dict(url)
    host, port = given.get("host") or "the default host", given.get("port")
    return f"{given.get('dbname') or 'the default database'} at {host}" + (f":{port}" if port else "")


def pool_engine(url: str, *, connections: int, **session: str) -> sa.Engine:
    """Return an engine for units, each in a transaction of its own. Up to `connections` are kept open."""
    return sa.create_engine(
        "postgresql+psycopg://",
        creator=connector(url, **session),
        poolclass=sa.pool.QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_use_lifo=True,
        hide_parameters=True,
    )


def joining_engine(url: str) -> sa.Engine:
    """Return an engine for units that share a transaction: one connection, on which nothing waits long for a lock."""
    return pool_engine(url, connections=1, lock_timeout=str(SHORT_LOCK_MILLISECONDS))


def reading(engine: sa.Engine) -> sa.Engine:
    """Return the same pool for units that read: each sees one snapshot and can change nothing."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def asking(engine: sa.Engine) -> sa.Engine:
    """Return the same pool for single questions: without a transaction around it, each is one turn instead of three."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def committing_engine(url: str) -> sa.Engine:
    """Return an engine on which each statement commits by itself. One connection of it is open at a time.

    No statement on it waits long for anybody: behind it wait all acknowledgements.
    """
    return sa.create_engine(
        "postgresql+psycopg://",
        creator=connector(url, lock_timeout=str(SHORT_LOCK_MILLISECONDS)),
        poolclass=sa.pool.NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
    )


def passing_engine(url: str) -> sa.Engine:
    """Return an engine that keeps no connection open: for a unit now and then, beside whatever the pool is at."""
    return sa.create_engine(
        "postgresql+psycopg://", creator=connector(url), poolclass=sa.pool.NullPool, hide_parameters=True
    )


def upgrading_engine(url: str) -> sa.Engine:
    """Return an engine for a schema's steps, which take the time that they take."""
    return sa.create_engine(
        "postgresql+psycopg://", creator=connector(url, **UNLIMITED), poolclass=sa.pool.NullPool, hide_parameters=True
    )
