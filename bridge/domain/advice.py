"""What a person can do about each check that did not pass, in the words of the platform's own fields."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final

from bridge.domain.access import HELD, Reason, RentalAccess
from bridge.domain.checks import RENTAL_STATE, UNIT_MAPPED, Check, Verdict
from bridge.domain.policy import midnight
from bridge.domain.scene import Scene
from bridge.domain.side_checks import AT_VENDOR, COMMON_DOORS, GATE_CODE, LOOP_BREAKER, PLATFORM_FIELDS, WORK
from bridge.domain.tenancy import Rental, RentalState

_OF_THE_BRIDGE: Final = frozenset({GATE_CODE, AT_VENDOR, PLATFORM_FIELDS, WORK})
_STILL_TO_COME: Final = frozenset({RentalState.SUBMITTED, RentalState.RESERVED})
NOTHING_IS_OPEN: Final = "Nothing: the gate is open for this rental."
NOTHING_THEN_OPEN: Final = "Nothing: by the rules the gate is open for this rental at that moment."
SEE_HOLDS: Final = "It is held, with others, until somebody decides: see `gatebridge holds list`."
UNREADABLE: Final = "Look at the rental in the platform: until it can be read, what it has at the gate stays as it is."


def advice(scene: Scene, rental: Rental, access: RentalAccess, checks: Sequence[Check]) -> tuple[str, ...]:
    """Return what to do, the first cause first; never empty."""
    wrong = {check.name: check for check in checks if check.verdict is not Verdict.PASS}
    told = [name for name in wrong if name in _ADVICE and (name != COMMON_DOORS or access.common_doors_closed)]
    lines = [_ADVICE[name](scene, rental, wrong[name]) for name in told]
    if scene.is_now and wrong.keys() & _OF_THE_BRIDGE:
        is_held = _is_held(scene, rental)
        lines += [SEE_HOLDS] if is_held else _about_the_bridge(scene, rental, access, wrong.keys())
    if not lines:
        lines.append(NOTHING_IS_OPEN if scene.is_now else NOTHING_THEN_OPEN)
    if _is_forgiven(scene, rental):
        lines.append(f"To end the goodwill sooner, clear {scene.field('overdueUntil')} on the rental.")
    return tuple(dict.fromkeys(lines))


def _state(scene: Scene, rental: Rental, check: Check) -> str:
    del scene, check
    if rental.state in _STILL_TO_COME:
        return "Complete the move-in in the platform: only then does the rental open anything."
    return f"Nothing: the rental is {rental.state}. Who is to enter needs a new move-in."


def _mapping(scene: Scene, rental: Rental, check: Check) -> str:
    del check
    name = scene.field("id")
    if rental.unit.opted_out:
        return (
            f"To open the unit through the gate system, write its name there into {name} of the unit in place of NONE."
        )
    return f"Write the gate system's name of the unit into {name} of the unit, or NONE to leave the unit out."


def _not_started(scene: Scene, rental: Rental, check: Check) -> str:
    del rental
    when = "" if check.turns is None else f" at {scene.local(check.turns)}"
    return f"Nothing: it opens by itself{when}. To open it sooner, change the rental's start date in the platform."


def _overdue(scene: Scene, rental: Rental, check: Check) -> str:
    del check
    name, until = scene.field("overdueUntil"), rental.fields.overdue_until
    over = "" if until is None else f" in place of {until}, which is over"
    where = "the rental" if rental.overdue else "the overdue rental"
    return (
        "Have the invoices paid: access opens when the platform takes its overdue mark away. "
        f"As goodwill, write a date into {name} on {where}{over}: overdue is ignored through that day."
    )


def _manual(scene: Scene, rental: Rental, check: Check) -> str:
    del check
    name = scene.field("overlocked")
    if rental.id in scene.heirs:
        return f"The lock came along with a transfer: untick {name} on the old rental, or here once it is ticked."
    return f"Untick {name} on the rental."


def _moved_out(scene: Scene, rental: Rental, check: Check) -> str:
    del scene, rental, check
    return "Confirm the move-out in the platform; if the tenant stays, cancel it or give it a later date."


def _blocked(scene: Scene, rental: Rental, check: Check) -> str:
    del scene, rental, check
    return "Unblock the unit in the platform."


def _unclear(scene: Scene, rental: Rental, check: Check) -> str:
    del rental, check
    name = scene.field("overlocked")
    return f"Say whether the lock goes along: tick {name} on this rental, or untick it on the rental that ended."


def _flipping(scene: Scene, rental: Rental, check: Check) -> str:
    del rental
    when = "later" if check.turns is None else f"at {scene.local(check.turns)}"
    return f"Find what opens and closes the rental again and again in the platform; the bridge goes on {when}."


def _doors(scene: Scene, rental: Rental, check: Check) -> str:
    del rental, check
    owing = [access.rental for access in scene.desired.rentals if Reason.OVERDUE in access.reasons]
    return f"The common doors open when no rental of the tenant is overdue: see rental {', '.join(owing)}."


def _revoked(scene: Scene, rental: Rental, check: Check) -> str:
    del rental, check
    tenant = scene.snapshot.subject.tenant
    return f"To give it back: gatebridge unrevoke --tenant {tenant} --reason ...; then the rules decide again."


_ADVICE: Final[Mapping[str, Callable[[Scene, Rental, Check], str]]] = {
    RENTAL_STATE: _state,
    Reason.EMERGENCY: _revoked,
    UNIT_MAPPED: _mapping,
    Reason.NOT_STARTED: _not_started,
    Reason.OVERDUE: _overdue,
    Reason.MANUAL: _manual,
    Reason.MOVE_OUT_PASSED: _moved_out,
    Reason.UNIT_BLOCKED: _blocked,
    Reason.TRANSFER_UNCLEAR: _unclear,
    LOOP_BREAKER: _flipping,
    COMMON_DOORS: _doors,
}


def _about_the_bridge(scene: Scene, rental: Rental, access: RentalAccess, wrong: Collection[str]) -> list[str]:
    """Say how to get the bridge's own part done, in one line or two."""
    lines, resync = [], f"write resync into {scene.field('resync')} on the rental"
    if any(refused.rental == rental.id for refused in scene.refused_codes):
        lines.append(f"Type another code into {scene.field('pinCode')}, or empty the field.")
    if scene.observed is None:
        return [*lines, "Ask again when the gate system answers; if it stays away, run `gatebridge check`."]
    row = scene.work
    if row is None:
        return [*lines, f"Save the rental in the platform, or {resync}: the bridge looks when it hears of it."]
    if row.paused:
        return [*lines, "Resume what is paused with `gatebridge resume`: until then nothing is done at the gate."]
    if row.state == "dead" or access.problem is not None:
        what = f"what the gate system refuses: {row.note}" if row.state == "dead" and row.note else "the cause"
        return [*lines, f"Mend {what}; then {resync}."]
    if row.state == "idle" or (row.due_at is not None and row.due_at > scene.moment and not row.attempts):
        return lines if wrong == {WORK} else [*lines, f"To have it done now, {resync}."]
    return [*lines, "Nothing else: the bridge is at it."]


def _is_held(scene: Scene, rental: Rental) -> bool:
    """Tell whether the rental was left as it is when it was looked at last; its status says so."""
    record = scene.records.get(rental.id)
    written = "" if record is None else record.written_status or ""
    return written.endswith(tuple(HELD.values()))


def _is_forgiven(scene: Scene, rental: Rental) -> bool:
    until = rental.fields.overdue_until
    return rental.overdue and until is not None and scene.moment < midnight(until + timedelta(days=1), scene.policy)
