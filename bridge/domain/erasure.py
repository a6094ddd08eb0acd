"""What of a tenant is personal, and when it may be forgotten.

The ledger and the access records know a tenant by the platform's ids only. They stay: they prove who had access, and
they lead to nobody once the platform has forgotten the tenant too.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.domain.access import AccessRecord
from bridge.domain.dead_letters import MAX_REASON, OpenDoor, Signature
from bridge.domain.errors import inert
from bridge.domain.ids import SubjectKey
from bridge.domain.ledger import LedgerEntry, LedgerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """What the bridge keeps of one tenant at one site that is more than ids.

    `deliveries` have a body or headers that are kept. `is_busy`: a run is under way or asked for, and needs it.
    """

    subject: SubjectKey
    deliveries: int
    codes: int
    has_reference: bool
    open_doors: tuple[OpenDoor, ...] = ()
    is_busy: bool = False

    def why_kept(self) -> str | None:
        """Return why it cannot be erased now, or None."""
        if self.open_doors:
            doors = ", ".join(sorted({door.target for door in self.open_doors}))
            return inert(
                f"tenant {self.subject.tenant} at site {self.subject.site} has, or may have, a place at {doors}: "
                "what the bridge knows of them is needed to close it"
            )
        if self.is_busy:
            return inert(
                f"work on tenant {self.subject.tenant} at site {self.subject.site} is under way or due: wait until it "
                "is done, or discard it from the dead letters"
            )
        return None


def held_doors(records: Iterable[AccessRecord]) -> tuple[OpenDoor, ...]:
    """Return the doors at which they have or may have a place, a suspended one too: it is still to be removed."""
    return tuple(
        OpenDoor(rental=record.rental, target=target, wanted=record.status)
        for record in sorted(records, key=lambda record: record.rental)
        for target in sorted(record.targets | record.unsure)
    )


def erased(found: PersonalData, by: Signature) -> LedgerEntry:
    return LedgerEntry(
        kind=LedgerKind.OPERATOR,
        at=by.at,
        what="personal_data_erased",
        subject=found.subject,
        details={
            "who": inert(by.who, MAX_REASON),
            "reason": inert(by.reason, MAX_REASON),
            "deliveries": str(found.deliveries),
            "codes": str(found.codes),
        },
    )
