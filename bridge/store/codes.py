"""Gate codes: one in force for a subject, no two alike at a site, a retired one rests before somebody else has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.credential import CodeMemory
from bridge.domain.errors import Conflict
from bridge.domain.ids import SubjectKey
from bridge.store.dialect import is_postgresql
from bridge.store.keyring import Keyring
from bridge.store.tables import CodeState, Instant, code, literally

CODE_REST: Final = timedelta(days=90)
_CURRENT: Final = code.c.state == literally(CodeState.CURRENT)
_IS_OF: Final = code.c.subject_id == sa.bindparam("of", type_=sa.BigInteger)
_HAS_PRINT: Final = code.c.fingerprint == sa.bindparam("of_fingerprint", type_=sa.LargeBinary)
_ALIKE: Final = sa.and_(
    code.c.connection == sa.bindparam("of_connection", type_=sa.String),
    code.c.site == sa.bindparam("of_site", type_=sa.String),
    _HAS_PRINT,
)
_LOCK: Final = sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("number", type_=sa.BigInteger)))
_RESTS: Final = code.c.retired_at > sa.bindparam("rested", type_=Instant)
_BARRED: Final = sa.select(code.c.id).where(_ALIKE, sa.not_(_IS_OF), sa.or_(_CURRENT, _RESTS)).limit(1)
_MINE: Final = sa.select(code.c.id, code.c.state).where(_ALIKE, _IS_OF).order_by(code.c.id.desc()).limit(1)
_INSERT: Final = sa.insert(code)
_RETIRE: Final = (
    sa.update(code)
    .where(_IS_OF, _CURRENT)
    .values(state=literally(CodeState.RETIRED), retired_at=sa.bindparam("now", type_=Instant))
)
_NOT_TAKEN: Final = sa.update(code).where(_IS_OF, code.c.taken).values(taken=sa.false())
_TAKEN: Final = (
    sa.update(code)
    .where(code.c.id == sa.select(sa.func.max(code.c.id)).where(_IS_OF, _HAS_PRINT).scalar_subquery())
    .values(taken=sa.true())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCode:
    """A gate code as the database may see it."""

    fingerprint: bytes
    sealed: bytes


def take(connection: sa.Connection, subject_id: int, key: SubjectKey, new: SealedCode, now: datetime) -> None:
    """Put the code in force for the subject and retire the one before. Raises `Conflict` when another has it."""
    _wait_for_others(connection, new)
    alike = {"of_connection": key.connection, "of_site": key.site, "of_fingerprint": new.fingerprint, "of": subject_id}
    if connection.execute(_BARRED, {**alike, "rested": now - CODE_REST}).first():
        raise Conflict("another tenant of the site has this gate code, or had it a short time ago")
    had = connection.execute(_MINE, alike).one_or_none()
    if had is not None and had.state == CodeState.CURRENT:
        return
    retire(connection, subject_id, now)
    try:
        connection.execute(
            _INSERT,
            {
                "subject_id": subject_id,
                "connection": key.connection,
                "site": key.site,
                "fingerprint": new.fingerprint,
                "sealed": new.sealed,
                "state": CodeState.CURRENT,
                "taken_at": now,
            },
        )
    except sa.exc.IntegrityError as error:
        raise Conflict("another tenant of the site was given this gate code at the same moment") from error


def _wait_for_others(connection: sa.Connection, new: SealedCode) -> None:
    """Let one at a time take a code: taken and retired since we looked, it would leave no row in force to meet."""
    if is_postgresql(connection):
        number = int.from_bytes(new.fingerprint[:8], signed=True)
        connection.execute(_LOCK, {"number": number})


def retire(connection: sa.Connection, subject_id: int, now: datetime) -> None:
    """End the code in force, if there is one."""
    connection.execute(_RETIRE, {"of": subject_id, "now": now})


def opened(rows: Sequence[sa.Row[Any]], key: SubjectKey, keyring: Keyring) -> CodeMemory:
    """Return a subject's codes from their rows, which come in the order in which they were given."""
    current = [keyring.open(key, row.sealed) for row in rows if row.state == CodeState.CURRENT]
    earlier = [keyring.open(key, row.sealed) for row in rows if row.state != CodeState.CURRENT]
    taken = [keyring.open(key, row.sealed) for row in rows if row.taken]
    return CodeMemory(
        current=current[0] if current else None, earlier=tuple(earlier), taken=taken[-1] if taken else None
    )


def note_taken(connection: sa.Connection, subject_id: int, fingerprint: bytes) -> None:
    """Remember which of the subject's codes the vendor took last."""
    connection.execute(_NOT_TAKEN, {"of": subject_id})
    connection.execute(_TAKEN, {"of": subject_id, "of_fingerprint": fingerprint})
