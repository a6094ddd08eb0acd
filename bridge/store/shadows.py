"""What runs of sites in shadow have noted in the ledger, and what they rehearse from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.ids import SiteKey
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.store import ledger as ledger_lines
from bridge.store.tables import ledger, literally, subject

_L, _S = ledger.c, subject.c
_NOTES: Final = sa.select(ledger).where(_L.kind == literally(LedgerKind.SHADOW)).order_by(_L.id)


def notes(connection: sa.Connection, *, site: SiteKey, since: datetime | None) -> list[LedgerEntry]:
    chosen = _NOTES.where(_L.connection == site[0], _L.site == site[1])
    if since is not None:
        chosen = chosen.where(_L.at >= since)
    return [ledger_lines.entry_of(row) for row in connection.execute(chosen)]


def stages(connection: sa.Connection, *, site: SiteKey) -> list[Mapping[str, Any]]:
    here = sa.select(_S.shadow).where(_S.connection == site[0], _S.site == site[1], _S.shadow.is_not(None))
    return list(connection.scalars(here))
