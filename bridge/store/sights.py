"""How the last run left each person at the vendor: read with the subject, kept with its end, forgotten on demand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.changes import EntryState
from bridge.domain.drift import Aspect, Drift, DriftKind, DriftOf, Left, Sight, Thing
from bridge.domain.ids import RentalId, SiteId, SubjectKey, TargetId
from bridge.store import subjects
from bridge.store.dialect import insert_for, is_postgresql
from bridge.store.tables import from_micros, sight, subject, to_micros

_OF: Final = sa.bindparam("of", type_=sa.BigInteger)
_NEW: Final = {
    "seen": sa.bindparam("new_seen", type_=sight.c.seen.type),
    "drifts": sa.bindparam("new_drifts", type_=sa.Integer),
}
_HOLD: Final = sa.select(subject.c.id).where(subjects.IS_BOUND)
_FORGET: Final = sa.delete(sight).where(sight.c.subject_id == _OF)
_REPLACE: Final = sa.update(sight).where(sight.c.subject_id == _OF).values(_NEW)
_DRIFTED: Final = (
    sa.select(subject.c.connection, subject.c.site, subject.c.tenant, sight.c.seen)
    .join(subject, subject.c.id == sight.c.subject_id)
    .where(sa.literal_column("drifts") > sa.literal_column("0"))
)


def keep(connection: sa.Connection, subject_id: int, new: Sight, *, is_first: bool) -> None:
    """Keep it; one that was forgotten while the run was on stays forgotten."""
    values = {"new_seen": to_json(new), "new_drifts": len(new.left)}
    if is_first:
        connection.execute(_put(connection.dialect.name), {"subject_id": subject_id, **values})
    else:
        connection.execute(_REPLACE, {"of": subject_id, **values})


@cache
def _put(dialect: str) -> sa.Insert:
    insert = insert_for(dialect, sight).values(subject_id=sa.bindparam("subject_id", type_=sa.BigInteger), **_NEW)
    new = {name: insert.excluded[name] for name in _NEW}
    return insert.on_conflict_do_update(index_elements=["subject_id"], set_=new)


def forget(connection: sa.Connection, *, keys: Sequence[SubjectKey]) -> None:
    """Forget these, in the order of their keys and each with its subject held, as the end of a run has it."""
    hold = _HOLD.with_for_update() if is_postgresql(connection) else _HOLD
    for key in keys:
        number = connection.scalar(hold, subjects.bound(key))
        connection.execute(_FORGET, {"of": number})


def list_drift(connection: sa.Connection, *, site: SiteId | None) -> list[DriftOf]:
    """Return what has drifted and was left so, by subject."""
    chosen = _DRIFTED if site is None else _DRIFTED.where(subject.c.site == site)
    found = [
        DriftOf(subject=subjects.key_of(row), drift=one)
        for row in connection.execute(chosen)
        for one in from_json(row.seen).left
    ]
    return sorted(found, key=lambda one: (one.subject, one.drift.aspect, one.drift.target or ""))


def to_json(one: Sight) -> Mapping[str, Any]:
    return {
        "exists": one.exists,
        "code": one.is_code_right,
        "entries": {target: str(state) for target, state in sorted(one.entries.items())},
        "healed": [[*thing, [to_micros(moment) for moment in moments]] for thing, moments in one.healed.items()],
        "left": [_drift_to_json(drift) for drift in one.left],
    }


def from_json(told: Mapping[str, Any]) -> Sight:
    return Sight(
        exists=told["exists"],
        is_code_right=told["code"],
        entries={TargetId(target): EntryState(state) for target, state in told["entries"].items()},
        healed={
            _thing(aspect, target): tuple(from_micros(moment) for moment in moments)
            for aspect, target, moments in told["healed"]
        },
        left=tuple(_drift_from_json(drift) for drift in told["left"]),
    )


def _thing(aspect: str, target: str | None) -> Thing:
    return Aspect(aspect), None if target is None else TargetId(target)


def _drift_to_json(one: Drift) -> Mapping[str, Any]:
    return {
        "kind": one.kind,
        "aspect": one.aspect,
        "target": one.target,
        "since": to_micros(one.since),
        "left": one.left,
        "rentals": list(one.rentals),
    }


def _drift_from_json(told: Mapping[str, Any]) -> Drift:
    since: datetime = from_micros(told["since"])
    return Drift(
        kind=DriftKind(told["kind"]),
        aspect=Aspect(told["aspect"]),
        target=None if told["target"] is None else TargetId(told["target"]),
        since=since,
        left=None if told["left"] is None else Left(told["left"]),
        rentals=tuple(RentalId(rental) for rental in told["rentals"]),
    )
