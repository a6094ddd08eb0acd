"""One tenant's part of a plan, from the same scene that an explanation is told from."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Final

from bridge.domain.access import RentalAccess
from bridge.domain.changes import Change, Kind
from bridge.domain.checks import RentalChecks, Verdict
from bridge.domain.desired import rental_access
from bridge.domain.explanation import UNKNOWN, field_steps
from bridge.domain.ids import RentalId, SubjectKey, TargetId, UnitId
from bridge.domain.proposal import PlannedRental, PlannedSubject, Standing, Step
from bridge.domain.scene import Scene
from bridge.domain.side_checks import gate_code, loop_breaker, platform_fields, words_of
from bridge.domain.tenancy import FieldWrites, Rental

DEAD: Final = "dead"
NEW_PARTICULARS: Final = "the tenant's name, e-mail or phone is not what the gate system was told last"
OCCUPIED: Final = "the unit is still an earlier tenant's at the gate system, whose removal goes first"


def planned_subject(
    scene: Scene, checks: RentalChecks, *, occupied: Collection[TargetId] = frozenset()
) -> PlannedSubject:
    """Return what a run would do now. `occupied` are targets that another tenant must leave before they open."""
    told = {access.rental: access for access in scene.desired.rentals}
    bearers = _bearers(scene)
    rentals = []
    for rental in scene.snapshot.rentals:
        access = scene.with_problem(told.get(rental.id) or rental_access(rental, checks.of(rental)))
        rentals.append(_planned(_Case(scene, rental, access, checks), bearers, occupied))
    unread = [
        unknown_rental(rental, why, scene.records[rental].unit if rental in scene.records else None)
        for rental, why in sorted(scene.snapshot.unreadable.items())
    ]
    work = scene.work
    is_owed = scene.has_drifted or (work is not None and (work.state == DEAD or work.attempts > 0))
    return PlannedSubject(
        subject=scene.snapshot.subject,
        rentals=(*rentals, *unread),
        foreign=scene.plan.foreign,
        is_owed=is_owed,
        in_step=scene.in_step and not is_owed,
    )


def unknown_subject(subject: SubjectKey, rentals: Mapping[RentalId, UnitId | None], why: str) -> PlannedSubject:
    """Return the part of a tenant of whom nothing could be read."""
    return PlannedSubject(
        subject=subject,
        rentals=tuple(unknown_rental(rental, why, unit) for rental, unit in sorted(rentals.items())),
        is_owed=True,
    )


def unknown_rental(rental: RentalId, why: str, unit: UnitId | None) -> PlannedRental:
    return PlannedRental(rental=rental, unit=unit, standing=Standing.UNKNOWN, status=UNKNOWN, reasons=(why,))


@dataclass(frozen=True, slots=True)
class _Case:
    scene: Scene
    rental: Rental
    access: RentalAccess
    checks: RentalChecks


def _planned(case: _Case, bearers: Mapping[Kind, RentalId], occupied: Collection[TargetId]) -> PlannedRental:
    scene, rental, access = case.scene, case.rental, case.access
    if scene.observed is None:
        return unknown_rental(rental.id, scene.unseen, rental.unit.id or None)
    changes = [change for change in scene.plan.changes if _is_told_at(change, rental.id, bearers)]
    write = scene.writes.get(rental.id)
    standing = _standing(access, changes, write)
    return PlannedRental(
        rental=rental.id,
        unit=rental.unit.id or None,
        standing=standing,
        status=intern(str(access.words())),
        steps=tuple(
            Step(kind=change.kind, target=change.target, waits_for=tuple(sorted(change.after))) for change in changes
        ),
        fields=_fields(write),
        does=_once(words_of([change]) for change in changes) + _once(field_steps(scene, access)),
        reasons=() if standing is Standing.UNCHANGED else _reasons(case, changes, occupied),
        calls=sum(_is_counted_at(change, rental.id) for change in changes) + (write is not None),
    )


def _bearers(scene: Scene) -> dict[Kind, RentalId]:
    """Return at which rental a change that is about the whole person is told, and counted."""
    served = [access.rental for access in scene.desired.rentals if access.is_served]
    closed = [rental for change in scene.plan.changes if change.kind is Kind.REVOKE for rental in change.rentals]
    had = [rental for rental, record in sorted(scene.records.items()) if record.targets]
    here = {rental.id for rental in scene.snapshot.rentals}
    left = [rental for rental in (*closed, *had, *sorted(here)) if rental in here]
    found = {Kind.UPDATE_PERSON: served[:1], Kind.REMOVE_PERSON: left[:1]}
    return {kind: rentals[0] for kind, rentals in found.items() if rentals}


def _is_told_at(change: Change, rental: RentalId, bearers: Mapping[Kind, RentalId]) -> bool:
    if change.kind in {Kind.UPDATE_PERSON, Kind.REMOVE_PERSON}:
        return bearers.get(change.kind) == rental
    return rental in change.rentals


def _is_counted_at(change: Change, rental: RentalId) -> bool:
    return change.kind in {Kind.UPDATE_PERSON, Kind.REMOVE_PERSON} or change.rentals[:1] == (rental,)


def _standing(access: RentalAccess, changes: Sequence[Change], write: FieldWrites | None) -> Standing:
    if not changes:
        return Standing.UNCHANGED if write is None else Standing.CHANGE
    if not access.is_served:
        return Standing.REMOVAL
    return Standing.GRANT if any(change.kind is Kind.GRANT for change in changes) else Standing.CHANGE


def _fields(write: FieldWrites | None) -> tuple[str, ...]:
    if write is None:
        return ()
    written = {
        "status": write.status is not None,
        "pinCode": write.code is not None or write.clear_code,
        "overlocked": write.overlock,
        "resync": write.clear_resync,
    }
    return tuple(name for name, is_written in written.items() if is_written)


def _reasons(case: _Case, changes: Sequence[Change], occupied: Collection[TargetId]) -> tuple[str, ...]:
    """Say why, in the words of an explanation; where nothing stands against the access, the rental's state does."""
    scene, rental, access = case.scene, case.rental, case.access
    kinds = {change.kind for change in changes}
    asked = case.checks.of(rental)
    checks = [check for check in asked if check.verdict is Verdict.FAIL] or list(asked[:1])
    if rental.id in scene.desired.held:
        checks.append(loop_breaker(scene, rental.id))
    if Kind.CHANGE_CODE in kinds:
        checks.append(gate_code(scene, rental, access))
    if not changes:
        checks.append(platform_fields(scene, rental, access))
    told = [f"{check.name}: {check.evidence}" for check in checks]
    told += [NEW_PARTICULARS] if Kind.UPDATE_PERSON in kinds else []
    is_waiting = any(change.kind is Kind.GRANT and change.target in occupied for change in changes)
    return _once([*told, *([OCCUPIED] if is_waiting else [])])


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts that are kept once, however many rentals of a large plan have them."""
    return tuple(intern(str(text)) for text in texts)
