"""What is paused, as rows of `meta`."""

import json
from typing import Final

import sqlalchemy as sa

from bridge.domain.errors import NotFoundHere
from bridge.domain.ledger import LedgerEntry
from bridge.domain.pauses import Pause, Place, Scope
from bridge.store import ledger
from bridge.store.dialect import begins_with
from bridge.store.meta import set_value
from bridge.store.tables import from_micros, meta, to_micros

_PREFIX: Final = "pause:"


def list_pauses(connection: sa.Connection) -> list[Pause]:
    """Return what is paused, the oldest first."""
    kept = sa.select(meta).where(begins_with(connection, meta.c.name, _PREFIX))
    return sorted((_pause(row.name, row.value) for row in connection.execute(kept)), key=lambda pause: pause.since)


def keep_pause(connection: sa.Connection, *, pause: Pause, entry: LedgerEntry) -> None:
    """Keep the pause, in place of an earlier one of the same place."""
    told = {"since": to_micros(pause.since), "who": pause.who, "reason": pause.reason}
    set_value(connection, _name(pause.place), json.dumps(told))
    ledger.append(connection, [entry])


def end_pause(connection: sa.Connection, *, place: Place, entry: LedgerEntry) -> None:
    """End the pause. Raises `NotFoundHere` where there is none."""
    if connection.execute(sa.delete(meta).where(meta.c.name == _name(place))).rowcount != 1:
        raise NotFoundHere(f"{place} is not paused")
    ledger.append(connection, [entry])


def list_kept(connection: sa.Connection) -> list[Pause]:
    """Return the same of a database that may have no tables yet."""
    return list_pauses(connection) if sa.inspect(connection).has_table(meta.name) else []


def _name(place: Place) -> str:
    return f"{_PREFIX}{place.scope}:{place.name}"


def _pause(name: str, value: str) -> Pause:
    scope, _, place = name.removeprefix(_PREFIX).partition(":")
    told = json.loads(value)
    return Pause(
        place=Place(scope=Scope(scope), name=place),
        since=from_micros(told["since"]),
        who=told["who"],
        reason=told["reason"],
    )
