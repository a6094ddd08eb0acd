"""What is held for a person: the losses of a site that its budgets, or a hold that stands, did not clear."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from bridge.domain.access import Loss
from bridge.domain.dead_letters import Signature
from bridge.domain.errors import NotFoundHere, inert
from bridge.domain.ids import RentalId, SiteKey, SubjectKey
from bridge.domain.judge import Book, Verdict
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.pauses import MAX_WORDS

DIGEST_LENGTH: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLoss:
    """A rental that keeps what it has until a person decides. `since` is UTC."""

    subject: SubjectKey
    rental: RentalId
    loss: Loss
    since: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """All that is held of one kind at a site, the oldest first."""

    site: SiteKey
    loss: Loss
    items: tuple[HeldLoss, ...]

    @property
    def since(self) -> datetime:
        return self.items[0].since

    @property
    def why(self) -> str:
        """Return what tripped it."""
        return self.items[0].why

    @property
    def digest(self) -> str:
        """Return what a person decides about: another list has another digest."""
        rentals = "".join(f"\n{item.subject.tenant} {item.rental}" for item in sorted(self.items, key=_by_rental))
        text = f"{self.site[0]} {self.site[1]} {self.loss}{rentals}"
        return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def holds_of(items: Iterable[HeldLoss]) -> list[Hold]:
    """Return the holds that these come to, by site and kind."""
    found = []
    for _, group in groupby(sorted(items, key=_place), key=_place):
        in_order = tuple(sorted(group, key=lambda item: (item.since, item.subject, item.rental)))
        first = in_order[0]
        found.append(Hold(site=(first.subject.connection, first.subject.site), loss=first.loss, items=in_order))
    return found


def alerts_of(subject: SubjectKey, verdict: Verdict, book: Book, at: datetime) -> tuple[LedgerEntry, ...]:
    """Return the alerts of the holds that begin with this verdict; what joins one that stands has none of its own."""
    standing = {loss for loss, _ in book.held}
    first: dict[Loss, str] = {}
    for (loss, _), why in verdict.held.items():
        if loss not in standing:
            first.setdefault(loss, why)
    return tuple(
        LedgerEntry(
            kind=LedgerKind.ALERT,
            at=at,
            what=f"{loss}s_held",
            subject=subject,
            details={"why": why, "next": "gatebridge holds list"},
        )
        for loss, why in first.items()
    )


def of_digest(holds: Iterable[Hold], digest: str) -> Hold:
    """Return the one with this digest. Raises `NotFoundHere`."""
    for hold in holds:
        if hold.digest == digest:
            return hold
    raise NotFoundHere(
        f"nothing that is held has the digest {inert(digest, 32)} now: look at `gatebridge holds list` again"
    )


def decided(hold: Hold, what: str, by: Signature) -> tuple[LedgerEntry, ...]:
    """Return what the ledger keeps of a person's decision: one entry a rental, with digest, name and reason."""
    details = {"digest": hold.digest, "who": inert(by.who, MAX_WORDS), "reason": inert(by.reason, MAX_WORDS)}
    return tuple(
        LedgerEntry(
            kind=LedgerKind.OPERATOR,
            at=by.at,
            what=f"{hold.loss}_{what}",
            subject=item.subject,
            rental=item.rental,
            details=details,
        )
        for item in hold.items
    )


def _by_rental(item: HeldLoss) -> tuple[SubjectKey, RentalId]:
    return item.subject, item.rental


def _place(item: HeldLoss) -> tuple[str, str, str]:
    return item.subject.connection, item.subject.site, str(item.loss)
