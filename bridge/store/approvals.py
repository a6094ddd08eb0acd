"""Plans that may be approved."""

from datetime import datetime

import sqlalchemy as sa

from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TenantId
from bridge.domain.proposal import Approvable
from bridge.store.dialect import insert_into
from bridge.store.tables import approval


def keep(connection: sa.Connection, *, plan: Approvable, now: datetime) -> None:
    """Keep it in place of an earlier one with this digest; what has expired is forgotten."""
    connection.execute(sa.delete(approval).where(approval.c.expires_at <= now))
    lines = None
    if plan.lines is not None:
        lines = [[key.connection, key.site, key.tenant, rental, *line] for (key, rental), line in plan.lines.items()]
    values = {"digest": plan.digest, "expires_at": plan.expires_at, "lines": lines}
    insert = insert_into(connection, approval).values(values)
    new = {name: insert.excluded[name] for name in ("expires_at", "lines")}
    connection.execute(insert.on_conflict_do_update(index_elements=["digest"], set_=new))


def find(connection: sa.Connection, *, digest: str) -> Approvable | None:
    row = connection.execute(sa.select(approval).where(approval.c.digest == digest)).one_or_none()
    if row is None:
        return None
    lines = None
    if row.lines is not None:
        lines = {
            (
                SubjectKey(connection=ConnectionName(name), site=SiteId(site), tenant=TenantId(tenant)),
                RentalId(rental),
            ): tuple(line)
            for name, site, tenant, rental, *line in row.lines
        }
    return Approvable(digest=row.digest, expires_at=row.expires_at, lines=lines)
