"""What staff at a site are asked to mend: one task on a unit for a problem, never one a retry, closed when mended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.domain.access import AccessRecord, Problem, Reason
from bridge.domain.credential import RefusedCode
from bridge.domain.desired import Desired
from bridge.domain.errors import Anomaly, BridgeError, PermanentError
from bridge.domain.ids import RentalId, SiteId, UnitId
from bridge.domain.tenancy import Snapshot
from bridge.ports.source import Platform, StaffTask
from bridge.ports.store import OpenTask
from bridge.telemetry import get_logger

_TITLES: Final[Mapping[str, str]] = {
    Problem.NO_MAPPING: "Gate access: unit without mapping",
    Problem.CODE_REFUSED: "Gate access: the typed gate code cannot be used",
    Problem.REFUSED_BY_VENDOR: "Gate access: the gate system refused a change",
    Problem.NO_CAPACITY: "Gate access: the gate system is full",
    Problem.RENTAL_UNREADABLE: "Gate access: a rental of this unit cannot be read",
    Problem.TRANSFER_UNCLEAR: "Gate access: was this tenant transferred, and their lock too?",
    Problem.FLIPPING: "Gate access: opened and closed too often",
    Problem.MOVE_OUT_UNCONFIRMED: "Gate access: a move-out that nobody confirmed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskNews:
    """What staff were told in this run, and the units whose task could not be raised, with why."""

    raised: Mapping[UnitId, OpenTask] = field(default_factory=dict)
    untold: Mapping[UnitId, BridgeError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnds:
    """The units whose task is over and may be forgotten, and what keeps another open, to be tried again."""

    over: tuple[UnitId, ...] = ()
    error: BridgeError | None = None


class TaskBoard:
    """Raises tasks and closes them."""

    def __init__(self) -> None:
        self._log = get_logger()

    async def tell_staff(
        self,
        platform: Platform,
        problems: Mapping[UnitId, tuple[Problem, StaffTask]],
        known: Mapping[UnitId, OpenTask],
    ) -> TaskNews:
        """Raise what staff do not know of yet; `known` is what they were told before.

        Another problem at a unit takes the place of the one before: that task is closed, since none can be rewritten.
        """
        raised: dict[UnitId, OpenTask] = {}
        untold: dict[UnitId, BridgeError] = {}
        for unit, (problem, task) in problems.items():
            before = known.get(unit)
            if before is not None and before.problem == problem:
                continue
            try:
                if before is not None:
                    await self._close(platform, task.site, unit, before)
                raised[unit] = OpenTask(problem=str(problem), id=await platform.raise_task(task))
            except BridgeError as error:
                untold[unit] = error
                self._log.warning("task.not_raised", unit=unit, problem=str(problem), why=str(error))
        return TaskNews(raised=raised, untold=untold)

    async def close_mended(
        self, platform: Platform, site: SiteId, mended: Mapping[UnitId, OpenTask], *, has_new_code: bool
    ) -> TaskEnds:
        """Close the tasks of units that have no problem any more.

        A refused code is over as soon as the field is put right, and nobody may have read of it by then: until there is
        a new code, its task is left for its reader to close.
        """
        over: list[UnitId] = []
        failed: BridgeError | None = None
        for unit, task in sorted(mended.items(), key=lambda one: one[0]):
            try:
                if task.problem != Problem.CODE_REFUSED or has_new_code:
                    await self._close(platform, site, unit, task)
                over.append(unit)
            except BridgeError as error:
                failed = failed or error
        return TaskEnds(over=tuple(over), error=failed)

    async def _close(self, platform: Platform, site: SiteId, unit: UnitId, task: OpenTask) -> None:
        """Close the task, or leave it to staff where trying again would change nothing. Raises what may pass."""
        log = self._log.bind(unit=unit, problem=task.problem, task=task.id)
        try:
            if task.id and await platform.close_task(task.id, site=site):
                log.info("task.closed")
            else:
                log.info("task.left")
        except (PermanentError, Anomaly) as error:
            log.warning("task.left", why=str(error))
        except BridgeError as error:
            log.warning("task.not_closed", why=str(error))
            raise


def staff_problems(
    snapshot: Snapshot,
    desired: Desired,
    refused: Sequence[RefusedCode],
    failures: Mapping[RentalId, tuple[Problem, str]],
    *,
    field_prefix: str,
    records: Mapping[RentalId, AccessRecord],
) -> dict[UnitId, tuple[Problem, StaffTask]]:
    """Return what staff can mend, at most one problem a unit. The unit of what cannot be read is in its record."""
    units = {rental.id: rental.unit for rental in snapshot.rentals}
    found: dict[UnitId, tuple[Problem, str]] = {}
    for rental, why in snapshot.unreadable.items():
        unit = records[rental].unit if rental in records else None
        if unit is not None:
            text = f"{why}. Its access stays as it is until it can be read again. Was it deleted, or moved elsewhere?"
            found[unit] = (Problem.RENTAL_UNREADABLE, text)
    for rental in desired.overstayed:
        text = (
            "The tenant was to move out by now, and nobody has confirmed it. Confirm or cancel the move-out; until "
            "then the rental goes on."
        )
        found[units[rental].id] = (Problem.MOVE_OUT_UNCONFIRMED, text)
    for rental in desired.frozen & units.keys():
        text = (
            "Its access was opened and closed again and again within an hour. It stays as it is for now: look for two "
            "people or two systems that change the rental against each other."
        )
        found[units[rental].id] = (Problem.FLIPPING, text)
    for code in refused:
        text = (
            f"The code in {field_prefix}_pinCode was not taken over ({code.refusal}). "
            "The rental shows the code that is in force; type another one to change it."
        )
        found[units[code.rental].id] = (Problem.CODE_REFUSED, text)
    for rental in sorted(failures.keys() & units.keys()):  # what cannot be read has its task already
        problem, why = failures[rental]
        found[units[rental].id] = (
            problem,
            f"{why}. Access of this rental is not as it should be until this is mended.",
        )
    for access in desired.rentals:
        if Reason.TRANSFER_UNCLEAR in access.reasons:
            text = (
                "A rental of this tenant that staff had locked ended just before this one began, and no transfer was "
                f"seen. Tick {field_prefix}_overlocked on this rental if the lock goes with it, or untick it on the "
                "old one if not. Until then the tenant does not get in."
            )
            found[access.unit] = (Problem.TRANSFER_UNCLEAR, text)
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
