"""The append-only record of what was decided, sent and seen, chained so that a changed row shows."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from bridge.domain.ids import RentalId, SubjectKey, TargetId

GENESIS: Final = "0" * 64


class LedgerKind(StrEnum):
    INTENT = "intent"
    OUTCOME = "outcome"
    READ_BACK = "read_back"
    CODE = "code"
    WRITE_BACK = "write_back"
    ALERT = "alert"
    OPERATOR = "operator"
    SHADOW = "shadow"
    """What a site in shadow would have done, and how its doors were seen: never what was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line. `what` is a machine word, `details` are plain texts; nothing secret, no tenant's name."""

    kind: LedgerKind
    at: datetime
    what: str
    subject: SubjectKey | None = None
    rental: RentalId | None = None
    target: TargetId | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    def canonical(self) -> str:
        """Return the text that the chain covers; equal entries have equal texts."""
        subject = None if self.subject is None else [self.subject.connection, self.subject.site, self.subject.tenant]
        parts = [
            self.kind,
            self.at.isoformat(),
            self.what,
            subject,
            self.rental,
            self.target,
            dict(self.details),
        ]
        return json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedEntry:
    """An entry with its place in the ledger: a later one has a higher number, and none is given twice."""

    number: int
    entry: LedgerEntry


def link(previous: str, entry: LedgerEntry) -> str:
    """Return the entry's chain value, after the one before it (`GENESIS` for the first)."""
    return hashlib.sha256(f"{previous}\n{entry.canonical()}".encode()).hexdigest()


def first_break(chain: Iterable[tuple[LedgerEntry, str]]) -> int | None:
    """Return the place, from 0, of the first entry whose chain value is not what it should be; None if all hold."""
    previous = GENESIS
    for place, (entry, value) in enumerate(chain):
        previous = link(previous, entry)
        if not hmac.compare_digest(previous, value):
            return place
    return None
