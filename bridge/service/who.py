"""Who can open which door, now and then, from what the bridge remembers: nobody else is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, status_words
from bridge.domain.errors import NotFoundHere
from bridge.domain.history import door_histories
from bridge.domain.ids import RentalId, SiteId, SiteKey, SubjectKey, TargetId, UnitId
from bridge.domain.intervals import DoorHistory, Interval
from bridge.domain.wall_clock import moment_by
from bridge.ports.clock import Clock
from bridge.ports.proof import AccessHistory, Held, Holder

MAX_HOLDERS: Final = 200
AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One rental at one door. `wanted` is what the rental is to have, in the status's words; None: never looked at.

    `certainty` is of the rental as a whole at its last run; `interval` is what the ledger tells of the door, None where
    it tells nothing. A rental that is to have access and has no door yet has no `door`, a stranger's entry no `rental`.
    """

    subject: SubjectKey
    rental: RentalId | None = None
    unit: UnitId | None = None
    door: TargetId | None = None
    wanted: str | None = None
    certainty: Certainty = Certainty.UNKNOWN
    since: datetime | None = None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """`after` goes on after these where there may be more."""

    rows: tuple[Standing, ...]
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceThere:
    """A person who could open the door at that moment, or of whom it is not known that they could not."""

    subject: SubjectKey
    interval: Interval


class Who:
    def __init__(self, *, history: AccessHistory, zones: Mapping[SiteKey, ZoneInfo], clock: Clock) -> None:
        self._history = history
        self._zones = zones
        self._clock = clock

    async def now(self, held: Held, *, after: int = 0, limit: int = MAX_HOLDERS) -> Standings:
        """Return who has what now, of up to `limit` tenants; rentals that are over and have no door are left out."""
        limit = min(max(limit, 1), MAX_HOLDERS)
        holders = await self._history.list_holders(held, after=after, limit=limit)
        entries = await self._history.door_entries([one.subject for one in holders], door=held.door)
        rows = [row for one in holders for row in _standings(one, door_histories(entries.get(one.subject, ())), held)]
        more = holders[-1].number if len(holders) == limit else None
        return Standings(rows=tuple(rows), after=more)

    async def at(self, moment: datetime, door: TargetId, *, site: SiteId | None = None) -> Sequence[OnceThere]:
        """Return who could open the door at `moment`, and who may have been able to: the unknown are among them.

        Raises `NotFoundHere` for a door of which the ledger has never told anything.
        """
        subjects = await self._history.subjects_at_door(door, site=site)
        if not subjects:
            raise NotFoundHere(f"the ledger knows of no door {door}" + ("" if site is None else f" at site {site}"))
        found: list[OnceThere] = []
        for start in range(0, len(subjects), AT_ONCE):
            entries = await self._history.door_entries(subjects[start : start + AT_ONCE], door=door)
            for subject, told in sorted(entries.items()):
                history = door_histories(told).get(door)
                interval = None if history is None else history.at(moment)
                if interval is not None and interval.may_be_open:
                    found.append(OnceThere(subject=subject, interval=interval))
        return found

    def moment(self, named: datetime, site: SiteId | None) -> datetime:
        """Return the moment in UTC; without an offset it is by the site's clock, or the one that all sites have.

        Raises `ValueError` in a sentence: which clock is not told, the time is left out or came twice, or is to come.
        """
        zones = {zone for (_, one), zone in self._zones.items() if site in {None, one}}
        if named.tzinfo is None and len(zones) != 1:
            several = "the sites have several clocks: add --site, or an offset" if zones else "add an offset"
            raise ValueError(f"{named.isoformat()} is by a clock that is not known here; {several}")
        moment = moment_by(zones.pop() if zones else ZoneInfo("UTC"), named)
        if moment > self._clock.now():
            raise ValueError(f"{named.isoformat()} is to come: the ledger tells of what was")
        return moment


def _standings(holder: Holder, histories: Mapping[TargetId, DoorHistory], held: Held) -> Iterator[Standing]:
    for record in holder.access:
        if held.unit not in {None, record.unit}:
            continue
        doors = record.targets | record.unsure
        doors |= {t for t, h in histories.items() if record.rental in h.last.rentals and _is_told(h)}
        chosen: list[TargetId | None] = [*sorted(door for door in doors if held.door in {None, door})]
        if not doors and held.door is None and record.status in {AccessStatus.GRANTED, AccessStatus.SUSPENDED}:
            chosen = [None]
        for door in chosen:
            history = None if door is None else histories.get(door)
            yield _standing(holder.subject, record, door, history)
    for target, history in histories.items():
        if history.last.is_foreign and _is_told(history) and held.unit is None and held.door in {None, target}:
            yield Standing(subject=holder.subject, door=target, interval=history.last)


def _is_told(history: DoorHistory) -> bool:
    """Tell whether something is, or may be, at the door."""
    return history.last.may_be_open or history.last.towards is not None


def _standing(
    subject: SubjectKey, record: AccessRecord, door: TargetId | None, history: DoorHistory | None
) -> Standing:
    wanted = None if record.status is None else status_words(record.status, sorted(record.reasons))
    return Standing(
        subject=subject,
        rental=record.rental,
        unit=record.unit,
        door=door,
        wanted=wanted,
        certainty=record.certainty,
        since=record.since,
        interval=None if history is None else history.last,
    )
