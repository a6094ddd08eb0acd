"""What a vendor has for a person, and what can be done about it: the words between the core and an adapter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from bridge.domain.credential import GateCode
from bridge.domain.ids import RentalId, TargetId


class EntryState(StrEnum):
    """What a person may do at one target, as the vendor shows it."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The person that the bridge made for the subject. `code` is None where the vendor does not show codes.

    `exists` False is only said by a look-up that can be trusted; what cannot be read is an error, not an empty answer.
    Where the vendor suspends the whole person, all entries of a suspended one are suspended.
    """

    exists: bool = False
    code: GateCode | None = None
    code_in_doubt: bool = False
    """Which code works is not known, or more than one does: only a changed one will be."""
    entries: Mapping[TargetId, EntryState] = field(default_factory=dict)
    unsettled: frozenset[TargetId] = frozenset()
    """Entries that the vendor has taken and does not say to be in force at the door yet: accepted, not confirmed."""


class Kind(StrEnum):
    GRANT = "grant"
    RESUME = "resume"
    CHANGE_CODE = "change_code"
    UPDATE_PERSON = "update_person"
    SUSPEND = "suspend"
    REVOKE = "revoke"
    REMOVE_PERSON = "remove_person"


REMOVALS: Final = frozenset({Kind.REVOKE, Kind.REMOVE_PERSON})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing to do at the vendor, for the rentals it serves.

    `target` is None for changes of the whole person. `code` is set where the vendor must learn it; where the vendor
    makes the codes it is None, and `change_code` asks for a new one. `after` names rentals whose own doors must be seen
    as they should be first: a transfer closes the old door only when the new one is open.
    """

    kind: Kind
    target: TargetId | None = None
    code: GateCode | None = None
    rentals: tuple[RentalId, ...] = ()
    after: frozenset[RentalId] = frozenset()

    @property
    def step(self) -> "Step":
        """What makes it the same change in another plan."""
        return self.kind, self.target

    @property
    def is_removal(self) -> bool:
        return self.kind in REMOVALS


Step = tuple[Kind, TargetId | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Changes in the order to apply them; `foreign` are entries of our person that the bridge did not make."""

    changes: tuple[Change, ...] = ()
    foreign: tuple[TargetId, ...] = ()
