"""What PostgreSQL says, sorted by what to do next."""

from typing import Final

import psycopg
import sqlalchemy as sa

_AGAIN: Final = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
_HINDRANCES: Final = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)
_SESSIONS: Final = psycopg.errors.ReadOnlySqlTransaction
_OWN: Final = (psycopg.IntegrityError, psycopg.DataError)


def original(error: BaseException) -> BaseException:
    """Return the driver's error behind what Core made of it."""
    return error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error


def is_the_databases(error: BaseException) -> bool:
    """Tell a fault of the database from a unit's own data or refusal."""
    said = original(error)
    return isinstance(said, psycopg.Error) and not isinstance(said, _OWN)


def is_to_be_run_again(error: BaseException) -> bool:
    """Tell whether the unit came to nothing for the sake of another one, and may simply be run again."""
    return isinstance(original(error), _AGAIN)


def is_a_hindrance(error: BaseException) -> bool:
    """Tell whether the unit waited too long for another one, while the database as such is well."""
    return isinstance(original(error), (*_AGAIN, *_HINDRANCES))


def is_the_sessions(error: BaseException) -> bool:
    """Tell whether a new session may do what this one cannot: it was begun under a rule that is past."""
    return isinstance(original(error), _SESSIONS)


def why(error: BaseException) -> str:
    """Return what the database said, in one line and without anybody's data: no detail, no values."""
    said = original(error)
    if not isinstance(said, psycopg.Error):
        return type(said).__name__
    if said.diag.message_primary:
        return f"{said.diag.message_primary} ({said.sqlstate})"
    return type(said).__name__ if isinstance(said, _OWN) else " ".join(str(said).split())
