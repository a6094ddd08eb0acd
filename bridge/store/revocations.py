"""Whose access a person has revoked, and who becomes due for it."""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.dead_letters import Signature
from bridge.domain.errors import NotFoundHere, inert
from bridge.domain.ids import ConnectionName, SiteId, SubjectKey, TenantId
from bridge.domain.queueing import Priority
from bridge.domain.revocations import LIFTED, REVOKED, Banned, Revocation, revocation, told_of
from bridge.store import ledger, subjects
from bridge.store.dialect import insert_into
from bridge.store.tables import revocation as table
from bridge.store.tables import subject

EVERYWHERE: Final = ""
_T, _S = table.c, subject.c
_CAME_WITH_IT: Final = sa.and_(_S.priority == int(Priority.EMERGENCY), subjects.IS_BOUND)


def list_revocations(connection: sa.Connection) -> list[Revocation]:
    rows = connection.execute(sa.select(table).order_by(_T.since, _T.connection, _T.tenant, _T.site))
    return [_revocation(row) for row in rows]


def of_subject(connection: sa.Connection, key: SubjectKey) -> Revocation | None:
    """Return the oldest that stands for the subject."""
    theirs = sa.and_(_T.connection == key.connection, _T.tenant == key.tenant, _T.site.in_([EVERYWHERE, key.site]))
    row = connection.execute(sa.select(table).where(theirs).order_by(_T.since).limit(1)).one_or_none()
    return None if row is None else _revocation(row)


def keep(connection: sa.Connection, *, banned: Banned, by: Signature, now: datetime) -> list[SubjectKey]:
    told = revocation(banned, by)
    row = {**_key(banned), "since": told.since, "who": told.who, "reason": told.reason}
    connection.execute(insert_into(connection, table).values(row).on_conflict_do_nothing())
    keys = mark(connection, banned=banned, now=now)
    ledger.append(connection, told_of(REVOKED, banned, keys, by))
    return keys


def mark(connection: sa.Connection, *, banned: Banned, now: datetime) -> list[SubjectKey]:
    """Make the tenant's subjects due ahead of everything, and return them."""
    keys = _known(connection, banned)
    if keys:
        subjects.mark(connection, keys, priority=Priority.EMERGENCY, now=now, since=now, closes=True)
    return keys


def lift(connection: sa.Connection, *, banned: Banned, by: Signature, now: datetime) -> list[SubjectKey]:
    key = _key(banned)
    where = sa.and_(_T.connection == key["connection"], _T.tenant == key["tenant"])
    if banned.site is not None:
        where = sa.and_(where, _T.site == key["site"])
    if connection.execute(sa.delete(table).where(where)).rowcount < 1:
        raise NotFoundHere(f"the access of tenant {inert(banned.tenant, 64)} is not revoked there")
    keys = _known(connection, banned)
    for one in keys:
        # What is opened again is no emergency: it waits for its turn, and for a pause to end.
        ordinary = sa.update(subject).where(_CAME_WITH_IT).values(priority=int(Priority.LIVE))
        connection.execute(ordinary, subjects.bound(one))
    if keys:
        subjects.mark(connection, keys, priority=Priority.LIVE, now=now, since=now)
    ledger.append(connection, told_of(LIFTED, banned, keys, by))
    return keys


def _known(connection: sa.Connection, banned: Banned) -> list[SubjectKey]:
    theirs = sa.and_(_S.connection == banned.connection, _S.tenant == banned.tenant)
    if banned.site is not None:
        theirs = sa.and_(theirs, _S.site == banned.site)
    return sorted(subjects.key_of(row) for row in connection.execute(sa.select(subject).where(theirs)))


def _key(banned: Banned) -> dict[str, str]:
    return {"connection": banned.connection, "tenant": banned.tenant, "site": banned.site or EVERYWHERE}


def _revocation(row: sa.Row[Any]) -> Revocation:
    banned = Banned(
        connection=ConnectionName(row.connection),
        tenant=TenantId(row.tenant),
        site=SiteId(row.site) if row.site else None,
    )
    return Revocation(banned=banned, since=row.since, who=row.who, reason=row.reason)
