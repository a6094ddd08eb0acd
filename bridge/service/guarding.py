"""What the guard would hold of a plan, judged in the order in which its runs would come."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.ids import RentalId
from bridge.domain.proposal import PlannedSubject
from bridge.domain.rehearsal import HeldBack, Part, Rehearsal
from bridge.ports.clock import Clock
from bridge.ports.losses import LossBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Losing:
    """A run that the guard has something to say of, and how its part of the plan reads around what is held."""

    part: Part
    around: Callable[[Mapping[RentalId, HeldBack]], PlannedSubject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """A tenant's part of a plan as if nothing were held.

    Where nothing can be, `gained` is how many more of the tenant's rentals have a door after the run.
    """

    planned: PlannedSubject
    losing: Losing | None = None
    gained: int = 0


async def as_guarded(books: LossBook, told: Sequence[Foretold], clock: Clock) -> list[PlannedSubject]:
    """Return the parts of a plan around what the guard would hold now. Nothing is locked, and nothing changed.

    A loss that waits for a door at another site is not judged: when that door opens, nobody knows.
    """
    sites = {one.losing.part.site for one in told if one.losing is not None}
    rehearsal = Rehearsal({site: await books.read_book(site) for site in sorted(sites)}, clock.now())
    planned = []
    for one in sorted(told, key=lambda one: one.planned.turn):
        if not one.planned.needs_run:
            planned.append(one.planned)
        elif one.losing is None:
            rehearsal.add((one.planned.subject.connection, one.planned.subject.site), one.gained)
            planned.append(one.planned)
        else:
            held = rehearsal.run(one.losing.part)
            planned.append(one.losing.around(held) if held else one.planned)
    return planned
