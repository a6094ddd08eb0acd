"""Duties that come back, as rows of `meta`: when the last turn began, and who is at it."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bridge.store.dialect import begins_with, insert_into
from bridge.store.meta import set_value
from bridge.store.tables import meta, to_micros

_PREFIX: Final = "turn:"
_NEVER: Final = json.dumps({"began": None, "owner": None})


def take(
    connection: sa.Connection,
    *,
    duty: str,
    every: float,
    longest: float,
    owner: int,
    moment: Callable[[sa.Connection], datetime],
) -> bool:
    """Take the duty for `owner` if it is time and nobody is at it; see the port. Times in seconds."""
    last = _locked(connection, duty)
    # Asked only now: who took the turn while we waited for the row did so later than we came.
    at = to_micros(moment(connection))
    if last["began"] is not None:
        wait = every if last["owner"] is None else max(every, longest)
        if last["began"] <= at < last["began"] + int(wait * 1_000_000):
            return False
    set_value(connection, _PREFIX + duty, json.dumps({"began": at, "owner": owner}))
    return True


def end(connection: sa.Connection, *, duty: str, owner: int) -> None:
    """End the turn, unless somebody else has it by now."""
    last = _locked(connection, duty)
    if last["owner"] == owner:
        set_value(connection, _PREFIX + duty, json.dumps({"began": last["began"], "owner": None}))


def void(connection: sa.Connection) -> None:
    """End all turns: nobody else is here."""
    rows = connection.execute(sa.select(meta).where(begins_with(connection, meta.c.name, _PREFIX))).all()
    for row in rows:
        set_value(connection, row.name, json.dumps({**json.loads(row.value), "owner": None}))


def _locked(connection: sa.Connection, duty: str) -> dict[str, Any]:
    """Return the duty's row, made if need be, and ours until the unit ends."""
    name = _PREFIX + duty
    connection.execute(insert_into(connection, meta).values(name=name, value=_NEVER).on_conflict_do_nothing())
    value = connection.scalar(sa.select(meta.c.value).where(meta.c.name == name).with_for_update())
    told: dict[str, Any] = json.loads(value or _NEVER)
    return told
