"""What is told to the ledger of doors: how each was seen, so that its history can be read there without a guess."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final

from bridge.domain.access import AccessRecord, Certainty
from bridge.domain.changes import Change, EntryState, Kind, Observed, Step
from bridge.domain.desired import Desired
from bridge.domain.ids import RentalId, TargetId

DOOR: Final = "door"
RENTALS: Final = "rentals"
WANTED: Final = "wanted"
CHANGE: Final = "change"
DRIFT: Final = "drift"
LEFT: Final = "left"


class DoorWord(StrEnum):
    """What a look at the vendor has shown of one door, for one person."""

    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    UNSETTLED = "unsettled"
    """The vendor has taken an entry and does not say that it is in force."""


class ReadBack(StrEnum):
    """What a read-back says: of a change that was tried, or of a door by itself."""

    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    """It is there, and not in force at the door yet."""
    NOT_SEEN = "not_seen"
    SEEN = "seen"
    FOREIGN = "foreign"
    """An entry of our person that the bridge did not make."""
    DRIFTED = "drifted"
    """It is otherwise than the bridge left it, and stays so."""


_BY_ENTRY: Final[Mapping[EntryState | None, DoorWord]] = {
    EntryState.ACTIVE: DoorWord.OPEN,
    EntryState.SUSPENDED: DoorWord.SUSPENDED,
    None: DoorWord.CLOSED,
}
_FOR_THE_PERSON: Final = frozenset({Kind.SUSPEND, Kind.RESUME})


def door_word(target: TargetId, observed: Observed) -> DoorWord:
    return DoorWord.UNSETTLED if target in observed.unsettled else _BY_ENTRY[observed.entries.get(target)]


def intent_details(change: Change, observed: Observed | None, desired: Desired) -> dict[str, str]:
    """Return how the door was seen before the change, and what is wanted of its rentals, in the status's words."""
    details = {}
    if observed is not None and change.target is not None:
        details[DOOR] = str(door_word(change.target, observed))
    words = {access.words() for access in desired.rentals if access.rental in change.rentals}
    return details | ({WANTED: "; ".join(sorted(words))} if words else {})


def doors_to_tell(
    before: Mapping[RentalId, AccessRecord],
    after: Mapping[RentalId, AccessRecord],
    tried: Collection[Change],
    in_doubt: Collection[Step],
) -> dict[TargetId, tuple[RentalId, ...]]:
    """Return the doors, with their rentals, of which the ledger must hear beside those of the changes tried.

    Those of a rental whose access is another than at the run before, or is known more or less surely; those that came
    or went without a change of ours; all where the whole person was suspended or resumed. Where nothing is new: none.
    While such a change is `in_doubt`, taken perhaps and not seen, only those of rentals that are certain: others may
    show what they were before it.
    """
    told = {change.target for change in tried if change.target is not None}
    for_the_person = [c.step for c in tried if c.target is None and c.kind in _FOR_THE_PERSON]
    if any(step in in_doubt for step in for_the_person):
        told |= {
            t for one in after.values() if one.certainty is not Certainty.CONFIRMED for t in one.targets | one.unsure
        }
    found: dict[TargetId, set[RentalId]] = {}
    for rental, now in after.items():
        then = before.get(rental, AccessRecord(rental=rental))
        doors = then.targets | then.unsure | now.targets | now.unsure
        turned = (then.certainty, then.status) != (now.certainty, now.status) or then.certainty is Certainty.SENT
        for target in doors if turned or for_the_person else then.targets ^ now.targets:
            if target not in told:
                found.setdefault(target, set()).add(rental)
    return {target: tuple(sorted(found[target] | _sharing(target, after.values()))) for target in sorted(found)}


def _sharing(target: TargetId, records: Iterable[AccessRecord]) -> set[RentalId]:
    return {record.rental for record in records if target in record.targets | record.unsure}
