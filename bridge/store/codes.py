"""Gate codes: one in force for a subject, no two alike at a site, a retired one rests before somebody else has it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from bridge.domain.credential import CodeMemory
from bridge.domain.errors import Conflict
from bridge.domain.ids import SubjectKey
from bridge.store.keyring import Keyring
from bridge.store.tables import CodeState, code, literally

CODE_REST: Final = timedelta(days=90)
_CURRENT: Final = code.c.state == literally(CodeState.CURRENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCode:
    """A gate code as the database may see it."""

    fingerprint: bytes
    sealed: bytes


def take(connection: sa.Connection, subject_id: int, key: SubjectKey, new: SealedCode, now: datetime) -> None:
    """Put the code in force for the subject and retire the one before. Raises `Conflict` when another has it."""
    alike = sa.and_(code.c.connection == key.connection, code.c.site == key.site, code.c.fingerprint == new.fingerprint)
    barred = sa.or_(_CURRENT, code.c.retired_at > now - CODE_REST)
    if connection.execute(sa.select(code.c.id).where(alike, code.c.subject_id != subject_id, barred).limit(1)).first():
        raise Conflict("another tenant of the site has this gate code, or had it a short time ago")
    mine = sa.select(code.c.id, code.c.state).where(alike, code.c.subject_id == subject_id)
    had = connection.execute(mine.order_by(code.c.id.desc()).limit(1)).one_or_none()
    if had is not None and had.state == CodeState.CURRENT:
        return
    retire(connection, subject_id, now)
    try:
        connection.execute(
            sa.insert(code).values(
                subject_id=subject_id,
                connection=key.connection,
                site=key.site,
                fingerprint=new.fingerprint,
                sealed=new.sealed,
                state=CodeState.CURRENT,
                taken_at=now,
            )
        )
    except sa.exc.IntegrityError as error:
        raise Conflict("another tenant of the site was given this gate code at the same moment") from error


def retire(connection: sa.Connection, subject_id: int, now: datetime) -> None:
    """End the code in force, if there is one."""
    current = sa.update(code).where(code.c.subject_id == subject_id, _CURRENT)
    connection.execute(current.values(state=CodeState.RETIRED, retired_at=now))


def load(connection: sa.Connection, subject_id: int, key: SubjectKey, keyring: Keyring) -> CodeMemory:
    """Return the subject's codes, opened; the earlier ones in the order in which they were given."""
    rows = connection.execute(
        sa.select(code.c.state, code.c.sealed, code.c.taken).where(code.c.subject_id == subject_id).order_by(code.c.id)
    ).all()
    current = [keyring.open(key, row.sealed) for row in rows if row.state == CodeState.CURRENT]
    earlier = [keyring.open(key, row.sealed) for row in rows if row.state != CodeState.CURRENT]
    taken = [keyring.open(key, row.sealed) for row in rows if row.taken]
    return CodeMemory(
        current=current[0] if current else None, earlier=tuple(earlier), taken=taken[-1] if taken else None
    )


def note_taken(connection: sa.Connection, subject_id: int, fingerprint: bytes) -> None:
    """Remember which of the subject's codes the vendor took last."""
    mine = code.c.subject_id == subject_id
    connection.execute(sa.update(code).where(mine, code.c.taken).values(taken=False))
    alike = sa.select(sa.func.max(code.c.id)).where(mine, code.c.fingerprint == fingerprint).scalar_subquery()
    connection.execute(sa.update(code).where(code.c.id == alike).values(taken=True))
