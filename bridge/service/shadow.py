"""Sites in shadow: each run is rehearsed and noted; nothing is written to vendor or platform."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol, cast

from bridge.domain.access import AccessRecord, Loss
from bridge.domain.agreement import CHANGE, HELD, LOOK, LOSS, LOST, OURS, THEIRS, WOULD
from bridge.domain.budgets import SiteBudgets
from bridge.domain.changes import Change, Observed
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.desired import Desired
from bridge.domain.doors_seen import WANTED
from bridge.domain.errors import Anomaly, Unsupported
from bridge.domain.ids import RentalId, SiteKey, TargetId
from bridge.domain.judge import DAY, Book, Losing, Taken, judge, losses
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.outcome import Done, Outcome
from bridge.domain.plan import targets_to_look_at
from bridge.domain.shadow import Look, Rehearsal, from_json, lasting, looked_at, next_look, rehearse, to_json
from bridge.ports.adapter import Adapter, Checkpoint, Person, Ref, Target
from bridge.ports.clock import Clock
from bridge.ports.findings import Finding
from bridge.ports.shadow import ShadowBook
from bridge.ports.source import TruthReader
from bridge.ports.store import RecordReader, SubjectCommit, SubjectRecord
from bridge.ports.survey import Survey, Surveyor
from bridge.service.reading import Reading, read_case
from bridge.service.settling import outcome_of
from bridge.service.sites import ManagedSite
from bridge.service.watch import Watch

IN_SHADOW: Final = "the site is in shadow: nothing is written there"


class ShadowReader(RecordReader, ShadowBook, Protocol):
    """What a rehearsal asks of the store."""


class Shadow:
    """Rehearses runs. It is handed nothing that could write: the vendor is observed, the platform read."""

    def __init__(self, *, records: ShadowReader, watch: Watch, clock: Clock) -> None:
        self._records = records
        self._watch = watch
        self._clock = clock

    async def run(
        self, claim: ClaimedSubject, site: ManagedSite, platform: TruthReader, record: SubjectRecord
    ) -> SubjectCommit:
        """Return what a run would have done, as notes for the ledger. Raises what the look-ups raise."""
        stage, key = from_json(record.shadow or {}), (site.connection, site.id)
        reading = await read_case(
            claim.key,
            replace(record, access={**_emptied(record.access), **stage.records}),
            platform=platform,
            records=self._records,
            clock=self._clock,
        )
        desired = reading.desired(site.policy, reading.now)
        # As a run does: what cannot be read would have kept it from doing anything.
        await site.adapter.observe(reading.person, record.ref, targets_to_look_at(desired, record.access))
        rehearsal = rehearse(
            desired, stage, reading.access, site.capabilities, waits=reading.waits(claim.attempts), now=reading.now
        )
        notes = await self._would(key, site.budgets, reading, desired, rehearsal)
        seen, now = await self._watch.doors(key), self._clock.now()
        looks = looked_at(rehearsal.stage, desired, reading.snapshot, None if seen is None else seen.open, now)
        notes += [_seen(claim, rental, look) for rental, look in looks.items() if look != stage.looks.get(rental)]
        kept = to_json(replace(rehearsal.stage, looks=lasting(looks, desired)))
        times = [time for time in (desired.next_change, next_look(looks, now)) if time is not None]
        outcome: Outcome = Done(next_due=min(times, default=None))
        for why in reading.snapshot.unreadable.values():
            outcome = outcome_of(Anomaly(why), failed_before=claim.attempts, now=now)
        return SubjectCommit(outcome=outcome, entries=tuple(notes), shadow=kept if kept != record.shadow else None)

    async def _would(
        self, key: SiteKey, budgets: SiteBudgets, reading: Reading, desired: Desired, rehearsal: Rehearsal
    ) -> list[LedgerEntry]:
        lost = [losses([change], desired, reading.access, before) for change, before in rehearsal.changes]
        limited = [one for losing in lost for one in losing if budgets.limits(one.loss)]
        held = await self._held(key, budgets, limited, reading.now) if limited else {}
        return [
            _would_be(reading, change, desired, losing, held)
            for (change, _), losing in zip(rehearsal.changes, lost, strict=True)
            if change.rentals
        ]

    async def _held(
        self, key: SiteKey, budgets: SiteBudgets, losing: Collection[Losing], now: datetime
    ) -> Mapping[tuple[Loss, RentalId], str]:
        """Say of which losses the guard would have asked a person, who is then taken to have let them go.

        Only what was rehearsed at this site is counted; what the sites of a connection share is not.
        """
        had = sum(from_json(one).with_doors for one in await self._records.shadow_stages(key))
        taken = [
            Taken(site=key[1], loss=Loss(note.details[LOSS]), rental=RentalId(rental), at=note.at, site_had=had)
            for note in await self._records.shadow_notes(key, since=now - DAY)
            if LOSS in note.details and HELD not in note.details
            for rental in note.details[LOST].split(",")
        ]
        return judge(losing, Book(site=key[1], taken=taken, site_had=had), SiteBudgets(site=budgets.site), now).held


class ReadOnly:
    """An adapter that writes nothing, whoever asks for it."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    async def check(self) -> Sequence[Finding]:
        return await self._adapter.check()

    async def targets(self) -> Sequence[Target]:
        return await self._adapter.targets()

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        return await self._adapter.observe(person, ref, targets)

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        del change, person, ref, checkpoint
        raise Unsupported(IN_SHADOW)

    async def survey(self) -> Survey:
        """Read it as the adapter would, whose capabilities say whether it can."""
        return await cast("Surveyor", self._adapter).survey()


def shielded(site: ManagedSite) -> ManagedSite:
    """Return the site; one in shadow with an adapter that writes nothing."""
    return replace(site, adapter=ReadOnly(site.adapter)) if site.is_shadow else site


def in_shadow(sites: Mapping[SiteKey, ManagedSite]) -> frozenset[SiteKey]:
    return frozenset(key for key, site in sites.items() if site.is_shadow)


def _emptied(records: Mapping[RentalId, AccessRecord]) -> dict[RentalId, AccessRecord]:
    """Return the rentals that are known, without what was done for them: the rehearsal has a past of its own."""
    return {rental: AccessRecord(rental=rental, unit=record.unit) for rental, record in records.items()}


def _would_be(
    reading: Reading,
    change: Change,
    desired: Desired,
    losing: Sequence[Losing],
    held: Mapping[tuple[Loss, RentalId], str],
) -> LedgerEntry:
    words = {one.words() for one in desired.rentals if one.rental in change.rentals}
    details = {CHANGE: str(change.kind), WANTED: "; ".join(sorted(words))}
    if losing:
        details |= {LOSS: str(losing[0].loss), LOST: ",".join(one.rental for one in losing)}
        whys = [held[one.loss, one.rental] for one in losing if (one.loss, one.rental) in held]
        details |= {HELD: whys[0]} if whys else {}
    return LedgerEntry(
        kind=LedgerKind.SHADOW,
        at=reading.now,
        what=WOULD,
        subject=reading.snapshot.subject,
        rental=losing[0].rental if losing else change.rentals[0],
        target=change.target,
        details={name: text for name, text in details.items() if text},
    )


def _seen(claim: ClaimedSubject, rental: RentalId, look: Look) -> LedgerEntry:
    return LedgerEntry(
        kind=LedgerKind.SHADOW,
        at=look.since,
        what=LOOK,
        subject=claim.key,
        rental=rental,
        target=look.door,
        details={OURS: str(look.ours), THEIRS: str(look.theirs)},
    )
