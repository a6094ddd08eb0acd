"""Whether a site's tenants have been looked at, as far as they have been marked."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bridge.domain.ids import SiteKey
from bridge.store.tables import SubjectState, literally, subject

FIRST_TRIES: Final = 5


def is_busy(connection: sa.Connection, *, site: SiteKey, now: datetime) -> bool:
    """Tell whether somebody at the site is looked at now, is due, or waits for one of the first retries."""
    name, place = site
    is_waiting = sa.or_(subject.c.due_at <= now, subject.c.attempts.between(1, FIRST_TRIES))
    waits = sa.and_(subject.c.state == literally(SubjectState.READY), is_waiting)
    runs = sa.and_(subject.c.state == literally(SubjectState.RUNNING), subject.c.attempts <= FIRST_TRIES)
    chosen = sa.select(subject.c.id).where(subject.c.connection == name, subject.c.site == place, sa.or_(waits, runs))
    return connection.execute(chosen.limit(1)).first() is not None
