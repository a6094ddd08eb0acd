"""The questions beside the rules of access: what is done at the vendor, what the rental shows, what is in the way."""

from collections.abc import Sequence
from typing import Final

from bridge.domain.access import RentalAccess
from bridge.domain.changes import Change
from bridge.domain.checks import Check, Verdict
from bridge.domain.flips import recent_flips
from bridge.domain.ids import RentalId
from bridge.domain.scene import Scene, Work
from bridge.domain.tenancy import Rental

LOOP_BREAKER: Final = "loop_breaker"
COMMON_DOORS: Final = "common_doors"
GATE_CODE: Final = "gate_code"
AT_VENDOR: Final = "at_vendor"
PLATFORM_FIELDS: Final = "platform_fields"
WORK: Final = "work"

_MISSING: Final = "missing"
_NOT_RECORDED: Final = "how it was or will be at another moment is not recorded"


def side_checks(scene: Scene, rental: Rental, access: RentalAccess) -> tuple[Check, ...]:
    """Return the checks that follow those of the rules, in order; of a rental that is over, only the last ones."""
    last = at_vendor(scene, rental.id, access), platform_fields(scene, rental, access), work(scene)
    if not access.is_served:
        return last
    return (loop_breaker(scene, rental.id), common_doors(scene, access), gate_code(scene, rental, access), *last)


def loop_breaker(scene: Scene, rental: RentalId) -> Check:
    record = scene.records.get(rental)
    flips = 0 if record is None else len(recent_flips(record, scene.moment))
    evidence = f"openings and closings within the hour: {flips}, of {scene.policy.max_flips} that are let through"
    until = scene.desired.held.get(rental)
    if until is None:
        return _passed(LOOP_BREAKER, evidence)
    evidence = f"{evidence}; it is left as it is until {scene.local(until)}"
    return Check(name=LOOP_BREAKER, verdict=Verdict.FAIL, evidence=evidence, turns=until)


def common_doors(scene: Scene, access: RentalAccess) -> Check:
    names = ", ".join(scene.policy.common_doors)
    if not names:
        return _passed(COMMON_DOORS, "the site has no doors that all share")
    if access.rental in scene.desired.held:
        return _unknown(COMMON_DOORS, f"{names}: as they are, for as long as the rental is")
    doors = [door for door in scene.desired.common_doors if access.rental in door.rentals]
    if not doors:
        return _failed(COMMON_DOORS, f"{names}: not for a rental that has no door of its own")
    if all(door.is_open for door in doors):
        return _passed(COMMON_DOORS, f"{names}: open to the tenant")
    if access.common_doors_closed:
        return _failed(COMMON_DOORS, f"{names}: closed, because another rental of the tenant is overdue")
    return _failed(COMMON_DOORS, f"{names}: closed to the tenant")


def gate_code(scene: Scene, rental: Rental, access: RentalAccess) -> Check:
    """Compare the code in force with the rental's field and the vendor; it is never shown itself."""
    if not scene.is_now:
        return _unknown(GATE_CODE, _NOT_RECORDED)
    if scene.codes.current is None:
        return _failed(GATE_CODE, "none was made yet")
    parts = [_code_on_field(scene, rental, access), _code_at_vendor(scene)]
    evidence = "one is in force; " + "; ".join(text for _, text in parts)
    return Check(name=GATE_CODE, verdict=_worst(*(verdict for verdict, _ in parts)), evidence=evidence)


def _code_on_field(scene: Scene, rental: Rental, access: RentalAccess) -> tuple[Verdict, str]:
    name, shown = scene.field("pinCode"), rental.fields.code
    if access.problem is not None and (shown is None or scene.codes.ever_had(shown)):
        return Verdict.PASS, f"{name} is left alone while the rental is in error"
    if shown is None:
        return Verdict.FAIL, f"{name} is empty"
    if shown == scene.codes.current:
        return Verdict.PASS, f"{name} shows it"
    if scene.codes.ever_had(shown):
        return Verdict.FAIL, f"{name} shows an earlier one"
    refusal = next((refused.refusal for refused in scene.refused_codes if refused.rental == rental.id), None)
    if refusal is not None:
        return Verdict.FAIL, f"{name} has another one, which cannot be used ({refusal})"
    return Verdict.FAIL, f"{name} has another one, which is not taken up yet"


def _code_at_vendor(scene: Scene) -> tuple[Verdict, str]:
    seen, code = scene.observed, scene.codes.current
    if seen is None:
        return Verdict.UNKNOWN, "the gate system could not be asked"
    if not seen.exists:
        verdict = Verdict.FAIL if scene.plan.changes else Verdict.PASS
        return verdict, "the gate system gets it with the first door that opens"
    if seen.code_in_doubt:
        return Verdict.UNKNOWN, "which one works at the gate system is in doubt"
    if (scene.codes.taken if seen.code is None else seen.code) != code:
        return Verdict.FAIL, "the gate system has another one"
    return Verdict.PASS, "the gate system took it" if seen.code is None else "the gate system has it"


def at_vendor(scene: Scene, rental: RentalId, access: RentalAccess | None) -> Check:
    """Tell what the vendor has for a rental; `access` is None for one of which nothing can be said."""
    if scene.observed is None:
        return _unknown(AT_VENDOR, scene.unseen if scene.is_now else _NOT_RECORDED)
    record, entries = scene.records.get(rental), scene.observed.entries
    targets = set() if record is None else set(record.targets)
    if access is not None and access.is_served:
        targets |= {access.target} if access.target is not None else set()
        targets |= {door.target for door in scene.desired.common_doors if rental in door.rentals}
    seen = ", ".join(f"{target} {entries.get(target) or _MISSING}" for target in sorted(targets))
    evidence = seen or "nothing is there for this rental"
    if not scene.observed.exists:
        evidence += "; the tenant is not known there"
    if scene.plan.foreign:
        evidence += f"; not made by the bridge: {', '.join(scene.plan.foreign)}"
    if access is None:
        return _unknown(AT_VENDOR, f"{evidence}; it stays so until the rental can be read")
    left = scene.left_at_doors(rental)
    if not left and targets & scene.observed.unsettled:
        return _unknown(AT_VENDOR, f"{evidence}; the vendor has taken it, and does not say yet that it is in force")
    if not left:
        return _passed(AT_VENDOR, evidence)
    return _failed(AT_VENDOR, f"{evidence}; still to do: {words_of(left)}")


def platform_fields(scene: Scene, rental: Rental, access: RentalAccess) -> Check:
    """Compare the rental's status field with what is true, as far as the vendor shows it."""
    if not scene.is_now:
        return _unknown(PLATFORM_FIELDS, _NOT_RECORDED)
    says = _says(scene, rental, access)
    if rental.id in scene.desired.held:
        return _unknown(PLATFORM_FIELDS, f"{says}; it is left alone while the rental is")
    write = scene.writes.get(rental.id)
    if write is not None and write.status is not None:
        return _failed(PLATFORM_FIELDS, f"{says}; by the rules it is {write.status}")
    if rental.fields.status is None:
        return _passed(PLATFORM_FIELDS, f"{says}, and has nothing to say")
    if scene.left_at_doors(rental.id) and access.problem is None:
        return _failed(PLATFORM_FIELDS, f"{says}; at the gate system it is not so")
    verdict, why = (Verdict.PASS, "") if scene.observed else (Verdict.UNKNOWN, "; the gate system could not be asked")
    return Check(name=PLATFORM_FIELDS, verdict=verdict, evidence=says + why)


def _says(scene: Scene, rental: Rental, access: RentalAccess) -> str:
    """Quote the field only where it has words of ours: anybody may have typed anything there."""
    name, text = scene.field("status"), rental.fields.status
    if text is None:
        return f"{name} is empty"
    record = scene.records.get(rental.id)
    is_ours = text == access.words() or (record is not None and text == record.written_status)
    return f"{name} says {text}" if is_ours else f"{name} has a text that the bridge did not write"


def work(scene: Scene) -> Check:
    if not scene.is_now:
        return _unknown(WORK, _NOT_RECORDED)
    if scene.work is None:
        return _failed(WORK, "the bridge has not heard of this tenant at this site yet")
    return _work(scene, scene.work)


def _work(scene: Scene, row: Work) -> Check:
    why = f": {row.note}" if row.note else ""
    when = None if row.due_at is None else scene.local(row.due_at)
    is_due = row.due_at is not None and row.due_at <= scene.moment
    if row.paused:
        return _failed(WORK, f"{row.paused}{'' if row.state == 'idle' else ', and something waits'}")
    match row.state:
        case "dead":
            return _failed(WORK, f"given up after {_runs(row)}{why}")
        case "running":
            return _passed(WORK, "the bridge is at it at this moment")
        case "idle":
            return _passed(WORK, "nothing waits")
        case _ if row.attempts:
            return _failed(WORK, f"{_runs(row)} failed, {'the next is due' if is_due else f'the next at {when}'}{why}")
        case _:
            evidence = "due now" if is_due else f"waits until {when}"
            return _failed(WORK, f"{evidence}{why}") if why else _passed(WORK, evidence)


def _runs(row: Work) -> str:
    return "1 run" if row.attempts == 1 else f"{row.attempts} runs"


_VERBS: Final = {
    "grant": "open",
    "resume": "open again",
    "change_code": "change the gate code",
    "update_person": "tell the tenant's new particulars",
    "suspend": "close",
    "revoke": "remove",
    "remove_person": "remove the tenant",
}


def words_of(changes: Sequence[Change]) -> str:
    """Say what is to be done at the vendor, in order."""
    return ", ".join(_word_of(change) for change in changes)


def _word_of(change: Change) -> str:
    what = f"{_VERBS[change.kind]} {change.target}" if change.target is not None else _VERBS[change.kind]
    what += " all doors" if change.target is None and change.kind in {"suspend", "resume"} else ""
    waits = f" (waits for rental {', '.join(sorted(change.after))})" if change.after else ""
    return what + waits


def _worst(*verdicts: Verdict) -> Verdict:
    return next((one for one in (Verdict.FAIL, Verdict.UNKNOWN) if one in verdicts), Verdict.PASS)


def _passed(name: str, evidence: str) -> Check:
    return Check(name=name, verdict=Verdict.PASS, evidence=evidence)


def _failed(name: str, evidence: str) -> Check:
    return Check(name=name, verdict=Verdict.FAIL, evidence=evidence)


def _unknown(name: str, evidence: str) -> Check:
    return Check(name=name, verdict=Verdict.UNKNOWN, evidence=evidence)
