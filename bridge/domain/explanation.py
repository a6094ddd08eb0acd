"""Why a rental may be entered or not: the checks in their order, what they come to, what follows, what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bridge.domain.access import AccessStatus, RentalAccess
from bridge.domain.advice import UNREADABLE, advice
from bridge.domain.changes import Kind
from bridge.domain.checks import RENTAL_STATE, Check, RentalChecks, Verdict
from bridge.domain.desired import rental_access
from bridge.domain.ids import RentalId, UnitId
from bridge.domain.scene import Scene
from bridge.domain.side_checks import at_vendor, side_checks, words_of, work
from bridge.domain.tenancy import Rental

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RentalExplanation:
    """One rental. `status` has the words of the status field; it is what the rules say, done or not.

    `since` (UTC) is when that began, where it is so already. `follows` is what the bridge does next by itself, in
    order; `next_change` (UTC) when the rules say something else. `advice` is never empty.
    """

    rental: RentalId
    unit: UnitId | None
    checks: tuple[Check, ...]
    status: str
    since: datetime | None
    follows: tuple[str, ...]
    next_change: datetime | None
    advice: tuple[str, ...]


def explain_rentals(scene: Scene, checks: RentalChecks) -> tuple[RentalExplanation, ...]:
    """Explain every rental of the scene, those that are over last. `checks` are those of its desired state."""
    told = {access.rental: access for access in scene.desired.rentals}
    found = []
    for rental in scene.snapshot.rentals:
        asked = checks.of(rental)
        access = scene.with_problem(told.get(rental.id) or rental_access(rental, asked))
        found.append((access.status is AccessStatus.NONE, _explained(scene, rental, access, asked)))
    unreadable = [_unreadable(scene, rental, why) for rental, why in sorted(scene.snapshot.unreadable.items())]
    living = [explained for is_over, explained in found if not is_over]
    return (*living, *unreadable, *(explained for is_over, explained in found if is_over))


def _explained(scene: Scene, rental: Rental, access: RentalAccess, rules: Sequence[Check]) -> RentalExplanation:
    checks = (*rules, *side_checks(scene, rental, access))
    until = scene.desired.held.get(rental.id)
    return RentalExplanation(
        rental=rental.id,
        unit=rental.unit.id or None,
        checks=checks,
        status=access.words(),
        since=_since(scene, access),
        follows=_follows(scene, access),
        next_change=until or min((c.turns for c in rules if c.turns and c.turns > scene.moment), default=None),
        advice=advice(scene, rental, access, checks),
    )


def _unreadable(scene: Scene, rental: RentalId, why: str) -> RentalExplanation:
    record = scene.records.get(rental)
    state = Check(name=RENTAL_STATE, verdict=Verdict.UNKNOWN, evidence=why)
    return RentalExplanation(
        rental=rental,
        unit=None if record is None else record.unit,
        checks=(state, at_vendor(scene, rental, None), work(scene)),
        status=UNKNOWN,
        since=None,
        follows=(),
        next_change=None,
        advice=(UNREADABLE,),
    )


def _since(scene: Scene, access: RentalAccess) -> datetime | None:
    record = scene.records.get(access.rental)
    status = AccessStatus.NONE if access.opted_out else access.status
    is_so = scene.is_now and not scene.left_at_doors(access.rental)
    return record.since if record is not None and record.status is status and is_so else None


def _follows(scene: Scene, access: RentalAccess) -> tuple[str, ...]:
    """Say what a run would do for the rental; nothing where none comes, or where it could not see the vendor."""
    if scene.observed is None or scene.work is None or access.rental in scene.desired.held:
        return ()
    steps = []
    changes = scene.left(access.rental)
    if access.is_served:
        changes += [change for change in scene.plan.changes if change.kind is Kind.UPDATE_PERSON]
        if scene.asks_new_code:
            steps.append("a new gate code, as staff asked for")
    if changes:
        steps.append(f"at the gate system: {words_of(changes)}")
    return (*steps, *field_steps(scene, access))


def field_steps(scene: Scene, access: RentalAccess) -> list[str]:
    """Say what a run would write into the rental's fields."""
    write = scene.writes.get(access.rental)
    if write is None:
        return []
    steps = []
    if write.status is not None:
        steps.append(f"{scene.field('status')} becomes {write.status}")
    if write.code is not None or write.clear_code:
        steps.append(f"{scene.field('pinCode')} is {'emptied' if write.clear_code else 'filled'}")
    if write.overlock:
        steps.append(f"{scene.field('overlocked')} is ticked")
    if write.clear_resync:
        steps.append(f"{scene.field('resync')} is emptied")
    return steps
