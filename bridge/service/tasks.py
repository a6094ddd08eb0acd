"""What staff at a site are asked to mend: one task on a unit for a problem, never one a retry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.domain.access import Problem, RentalAccess
from bridge.domain.credential import RefusedCode
from bridge.domain.errors import BridgeError
from bridge.domain.ids import RentalId, UnitId
from bridge.domain.tenancy import Snapshot
from bridge.ports.source import Platform, StaffTask
from bridge.telemetry import get_logger

_TITLES: Final[Mapping[str, str]] = {
    Problem.NO_MAPPING: "Gate access: unit without mapping",
    Problem.CODE_REFUSED: "Gate access: the typed gate code cannot be used",
    Problem.REFUSED_BY_VENDOR: "Gate access: the gate system refused a change",
    Problem.NO_CAPACITY: "Gate access: the gate system is full",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskNews:
    """What to remember: tasks raised in this run, as unit -> (problem, task id), and units whose problem is over."""

    raised: Mapping[UnitId, tuple[str, str]] = field(default_factory=dict)
    mended: tuple[UnitId, ...] = ()
    untold: Mapping[UnitId, BridgeError] = field(default_factory=dict)
    """Units whose task could not be raised, and why."""


class TaskBoard:
    """Raises tasks."""

    def __init__(self) -> None:
        self._log = get_logger()

    async def tell_staff(
        self, platform: Platform, problems: Mapping[UnitId, tuple[Problem, StaffTask]], known: Mapping[UnitId, str]
    ) -> TaskNews:
        """Raise what staff do not know of yet; `known` are the units and problems that they were told of before."""
        raised: dict[UnitId, tuple[str, str]] = {}
        untold: dict[UnitId, BridgeError] = {}
        for unit, (problem, task) in problems.items():
            if known.get(unit) == problem:
                continue
            try:
                raised[unit] = (str(problem), await platform.raise_task(task))
            except BridgeError as error:
                untold[unit] = error
                self._log.warning("task.not_raised", unit=unit, problem=str(problem), why=str(error))
        return TaskNews(raised=raised, mended=tuple(sorted(known.keys() - problems.keys())), untold=untold)


def staff_problems(
    snapshot: Snapshot,
    rentals: tuple[RentalAccess, ...],
    refused: Sequence[RefusedCode],
    failures: Mapping[RentalId, tuple[Problem, str]],
    field_prefix: str,
) -> dict[UnitId, tuple[Problem, StaffTask]]:
    """Return what staff can mend, at most one problem a unit."""
    units = {rental.id: rental.unit for rental in snapshot.rentals}
    found: dict[UnitId, tuple[Problem, str]] = {}
    for code in refused:
        text = (
            f"The code in {field_prefix}_pinCode was not taken over ({code.refusal}). "
            "The rental shows the code that is in force; type another one to change it."
        )
        found[units[code.rental].id] = (Problem.CODE_REFUSED, text)
    for rental, (problem, why) in failures.items():
        found[units[rental].id] = (
            problem,
            f"{why}. Access of this rental is not as it should be until this is mended.",
        )
    for access in rentals:
        if access.problem is Problem.NO_MAPPING:
            text = (
                f"Write the gate system's name of this unit into its custom field {field_prefix}_id, or NONE to leave "
                "the unit out. Until then its tenant gets no access to it."
            )
            found[access.unit] = (Problem.NO_MAPPING, text)
    return {
        unit: (problem, StaffTask(site=snapshot.subject.site, unit=unit, title=_TITLES[problem], text=text))
        for unit, (problem, text) in sorted(found.items())
        if unit  # a rental that has lost its unit has nowhere to put a task; the alert tells of it
    }
