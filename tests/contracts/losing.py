"""Tenants who have doors and lose them, said short: what the tests of the guard's book do to a store."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bridge.domain.access import AccessRecord, AccessStatus, Loss
from bridge.domain.budgets import Budget, Budgets, SiteBudgets
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.ids import RentalId, SubjectKey, TargetId
from bridge.domain.judge import Losing
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.outcome import Done
from bridge.ports.store import Announcement, Judged, Priority, Store, SubjectCommit
from tests.contracts.store_builders import START, a_key, mark

BEFORE = START - timedelta(days=9)


def budgets(*, per_hour: int | None = None, percent: float | None = None) -> SiteBudgets:
    return SiteBudgets(site=Budgets(removals=Budget(per_hour=per_hour, percent_per_day=percent)))


def a_record(rental: str, *doors: str, status: AccessStatus = AccessStatus.GRANTED) -> AccessRecord:
    """Return the record of a rental that has had these doors for long."""
    return AccessRecord(
        rental=RentalId(rental), targets=frozenset(TargetId(door) for door in doors), status=status, since=BEFORE
    )


def an_intent(rental: str) -> LedgerEntry:
    return LedgerEntry(kind=LedgerKind.INTENT, at=START, what="revoke", rental=RentalId(rental))


async def claim_of(store: Store, key: SubjectKey) -> ClaimedSubject:
    """Mark the subject and claim it; whoever else was due has nothing to do."""
    await store.mark_known(priority=Priority.LIVE, site=(key.connection, key.site))
    claims = {claim.key: claim for claim in await store.claim_subjects(500)}
    for other, claim in claims.items():
        if other != key:
            await store.commit(claim, SubjectCommit(outcome=Done()))
    return claims[key]


async def housed(store: Store, count: int, *, site: str = "site1") -> list[SubjectKey]:
    """Give so many tenants a rental each, with a door; the rental has the tenant's name."""
    keys = [a_key(f"{site}-t{number:02}", site) for number in range(count)]
    await mark(store, *keys, event=f"housed at {site}")
    for claim in await store.claim_subjects(500):
        if claim.key in keys:
            await store.commit(claim, SubjectCommit(outcome=Done(), access=(a_record(claim.key.tenant, "door"),)))
    return keys


async def announce(
    store: Store,
    claim: ClaimedSubject,
    limits: SiteBudgets,
    *rentals: str,
    loss: Loss = Loss.REMOVAL,
    spared: Collection[RentalId] = (),
    since: Mapping[str, datetime] | None = None,
) -> Judged:
    """Announce that these rentals of the claimed tenant lose their access: by default, the one of the same name.

    They have had it for long, but for those that have a time in `since`.
    """
    names = rentals or (claim.key.tenant,)
    announcement = Announcement(
        losing=tuple(Losing(loss=loss, rental=RentalId(name), since=(since or {}).get(name, BEFORE)) for name in names),
        budgets=limits,
        spared=spared,
        entries=tuple(an_intent(name) for name in names),
        access=tuple(a_record(name, "door", "sent") for name in names),
    )
    return await store.announce(claim, announcement)


async def lose(store: Store, key: SubjectKey, limits: SiteBudgets) -> bool:
    """Run the tenant whose rental is over, and tell whether it has lost its access."""
    claim = await claim_of(store, key)
    judged = await announce(store, claim, limits)
    over = () if judged.held else (a_record(key.tenant, status=AccessStatus.NONE),)
    await store.commit(claim, SubjectCommit(outcome=Done(), access=over))
    return not judged.held
