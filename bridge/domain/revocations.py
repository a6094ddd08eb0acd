"""Access that a person has taken away at once, at every door, until a person gives it back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bridge.domain.dead_letters import MAX_REASON, Signature
from bridge.domain.errors import inert
from bridge.domain.ids import ConnectionName, SiteId, SubjectKey, TenantId
from bridge.domain.ledger import LedgerEntry, LedgerKind

REVOKED: Final = "access_revoked"
LIFTED: Final = "revocation_lifted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Banned:
    """Whom, and where: with `site` None at every site of the connection, those that they have yet to come to too."""

    connection: ConnectionName
    tenant: TenantId
    site: SiteId | None = None

    def covers(self, subject: SubjectKey) -> bool:
        return (self.connection, self.tenant) == (subject.connection, subject.tenant) and self.site in {
            None,
            subject.site,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """`since` is UTC."""

    banned: Banned
    since: datetime
    who: str
    reason: str

    def __str__(self) -> str:
        return inert(f"revoked since {self.since:%Y-%m-%d %H:%M} UTC by {self.who}: {self.reason}")


def revocation(banned: Banned, by: Signature) -> Revocation:
    return Revocation(banned=banned, since=by.at, who=inert(by.who, MAX_REASON), reason=inert(by.reason, MAX_REASON))


def told_of(what: str, banned: Banned, subjects: Collection[SubjectKey], by: Signature) -> tuple[LedgerEntry, ...]:
    """Return what the ledger keeps of a person's act: an entry for each subject, or one of nobody known yet."""
    details = {
        "connection": banned.connection,
        "tenant": inert(banned.tenant),
        "where": "every site" if banned.site is None else banned.site,
        "who": inert(by.who, MAX_REASON),
        "reason": inert(by.reason, MAX_REASON),
    }
    whom: list[SubjectKey | None] = [*sorted(subjects)]
    return tuple(
        LedgerEntry(kind=LedgerKind.OPERATOR, at=by.at, what=what, subject=subject, details=details)
        for subject in whom or [None]
    )
