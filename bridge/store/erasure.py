"""A tenant's personal data: what is kept of it, and how it is forgotten in one unit of work."""

from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.dead_letters import Signature
from bridge.domain.deliveries import DeliveryState
from bridge.domain.erasure import PersonalData, erased, held_doors
from bridge.domain.errors import DoorsOpen
from bridge.domain.ids import ConnectionName, TenantId
from bridge.store import ledger, records, subjects
from bridge.store.dialect import is_postgresql
from bridge.store.tables import SubjectState, code, delivery, delivery_subject, sight, subject, task

_D, _S = delivery.c, subject.c
_UNDER_WAY: Final = (DeliveryState.NEW, DeliveryState.RUNNING)


def find(connection: sa.Connection, *, tenant: TenantId, name: ConnectionName | None) -> list[PersonalData]:
    found = [_look(connection, row) for row in _rows(connection, tenant, name)]
    return sorted(found, key=lambda one: one.subject)


def erase(
    connection: sa.Connection, *, tenant: TenantId, name: ConnectionName | None, by: Signature
) -> list[PersonalData]:
    """Forget it, or nothing at all. Raises `DoorsOpen`."""
    rows = _rows(connection, tenant, name, hold=True)
    found = [_look(connection, row) for row in rows]
    for why in (one.why_kept() for one in found):
        if why is not None:
            raise DoorsOpen(why)
    for row in rows:
        theirs = sa.select(delivery_subject.c.delivery_id).where(delivery_subject.c.subject_id == row.id)
        empty = sa.update(delivery).where(_D.id.in_(theirs))
        connection.execute(empty.values(body=b"", headers={}, note=None, is_emptied=True))
        connection.execute(sa.delete(code).where(code.c.subject_id == row.id))
        connection.execute(sa.delete(task).where(task.c.subject_id == row.id))
        connection.execute(sa.delete(sight).where(sight.c.subject_id == row.id))
        forget = sa.update(subject).where(_S.id == row.id)
        connection.execute(forget.values(ref=None, profile=None, note=None, fence=_S.fence + 1))
    found.sort(key=lambda one: one.subject)
    ledger.append(connection, [erased(one, by) for one in found])
    return found


def _rows(
    connection: sa.Connection, tenant: TenantId, name: ConnectionName | None, *, hold: bool = False
) -> list[sa.Row[Any]]:
    chosen = sa.select(subject).where(_S.tenant == tenant).order_by(_S.id)
    if name is not None:
        chosen = chosen.where(_S.connection == name)
    if hold and is_postgresql(connection):
        chosen = chosen.with_for_update()
    return list(connection.execute(chosen).all())


def _look(connection: sa.Connection, row: sa.Row[Any]) -> PersonalData:
    linked = (
        sa.select(_D.state, sa.func.count().label("many"))
        .join(delivery_subject, delivery_subject.c.delivery_id == _D.id)
        .where(delivery_subject.c.subject_id == row.id, sa.not_(_D.is_emptied))
        .group_by(_D.state)
    )
    kept = {found.state: found.many for found in connection.execute(linked)}
    codes = sa.select(sa.func.count()).select_from(code).where(code.c.subject_id == row.id)
    is_asked_for = row.state == SubjectState.READY and row.marked_since is not None
    return PersonalData(
        subject=subjects.key_of(row),
        deliveries=sum(kept.values()),
        codes=connection.scalar(codes) or 0,
        has_reference=row.ref is not None,
        open_doors=held_doors(records.access_of(connection, row.id)),
        is_busy=row.state == SubjectState.RUNNING or is_asked_for or any(state in kept for state in _UNDER_WAY),
    )
