"""What the last list of each site was worth, one row a site."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bridge.domain.access import AccessStatus
from bridge.domain.evidence import Doubt, LastListing
from bridge.domain.ids import SiteKey
from bridge.domain.ledger import LedgerEntry
from bridge.store import ledger
from bridge.store.dialect import insert_into
from bridge.store.tables import access, listing, subject

_VALUES: Final = ("rentals", "kept_at", "doubted_since", "counted", "counted_at")
_HAVE_ACCESS: Final = (AccessStatus.GRANTED, AccessStatus.SUSPENDED)


def last_listing(connection: sa.Connection, *, site: SiteKey) -> LastListing:
    """Return what was kept last; before anything was, a list of as many rentals as have access there."""
    row = connection.execute(sa.select(listing).where(_is(site, listing))).one_or_none()
    if row is None:
        return LastListing(count=_count(connection, site, _HAVE_ACCESS))
    doubt = None
    if row.doubted_since is not None:
        doubt = Doubt(since=row.doubted_since, counted=row.counted, counted_at=row.counted_at)
    ended = _count(connection, site, (AccessStatus.NONE,), since=row.kept_at)
    return LastListing(count=row.rentals, ended=ended, doubt=doubt)


def keep_listing(
    connection: sa.Connection, *, site: SiteKey, last: LastListing, entries: Sequence[LedgerEntry], now: datetime
) -> None:
    """Keep it in place of what was there."""
    insert = insert_into(connection, listing)
    replaced = insert.on_conflict_do_update(
        index_elements=["connection", "site"], set_={name: insert.excluded[name] for name in _VALUES}
    )
    doubt = last.doubt
    row = {
        "connection": site[0],
        "site": site[1],
        "rentals": last.count,
        "kept_at": now,
        "doubted_since": None if doubt is None else doubt.since,
        "counted": None if doubt is None else doubt.counted,
        "counted_at": None if doubt is None else doubt.counted_at,
    }
    connection.execute(replaced, row)
    ledger.append(connection, entries)


def _count(
    connection: sa.Connection, site: SiteKey, statuses: Collection[AccessStatus], *, since: datetime | None = None
) -> int:
    """Return how many rentals of the site have one of these, for not longer than since then."""
    counted = sa.select(sa.func.count()).select_from(subject.join(access, access.c.subject_id == subject.c.id))
    counted = counted.where(_is(site, subject), access.c.status.in_(statuses))
    if since is not None:
        counted = counted.where(access.c.since > since)
    return connection.execute(counted).scalar_one()


def _is(site: SiteKey, table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.connection == site[0], table.c.site == site[1])
