"""Scenes to explain: what a run would know of a tenant, and do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.domain.access import AccessRecord
from bridge.domain.capabilities import Capabilities
from bridge.domain.changes import EntryState, Observed
from bridge.domain.checks import Check, Past, RentalChecks, Verdict
from bridge.domain.credential import CodeMemory, CodeRules, GateCode
from bridge.domain.desired import desired_access
from bridge.domain.explanation import RentalExplanation, explain_rentals
from bridge.domain.fields import field_writes
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.plan import Holding, make_plan
from bridge.domain.policy import SitePolicy
from bridge.domain.scene import Scene, Work
from bridge.domain.tenancy import Rental
from bridge.domain.transfers import Links
from tests.domain.tenancies import NOON, POLICY, snapshot

CODE, OLD_CODE, OTHER_CODE = GateCode("482913"), GateCode("730216"), GateCode("615048")
CODES = CodeMemory(current=CODE, earlier=(OLD_CODE,))
IDLE = Work(state="idle")


def at_gate(*, code: GateCode | None = CODE, in_doubt: bool = False, **doors: EntryState) -> Observed:
    """Return what the vendor has; doors are named as `B_001=EntryState.ACTIVE`."""
    entries = {TargetId(name.replace("_", "-")): state for name, state in doors.items()}
    return Observed(exists=True, code=code, code_in_doubt=in_doubt, entries=entries)


def record(number: int = 1, *targets: str, **fields: Any) -> AccessRecord:
    doors = frozenset(TargetId(target) for target in targets)
    return AccessRecord(rental=RentalId(f"r{number}"), targets=doors, **fields)


def explained(
    *rentals: Rental,
    observed: Observed | None = None,
    policy: SitePolicy = POLICY,
    moment: datetime = NOON,
    records: tuple[AccessRecord, ...] = (),
    links: Links | None = None,
    unreadable: Mapping[RentalId, str] | None = None,
    **known: Any,
) -> tuple[RentalExplanation, ...]:
    """Explain the rentals. `known` is what the scene knows beside them: its fields by name."""
    tenant = replace(snapshot(*rentals), unreadable=unreadable or {})
    past = Past(records={one.rental: one for one in records}, links=links or {})
    desired = desired_access(tenant, policy, moment, past)
    given: dict[str, Any] = {"codes": CODES, "work": IDLE, "is_now": True, "unseen": "GET gate: 503"} | known
    scene = Scene(
        policy=policy,
        prefix="gate",
        moment=moment,
        snapshot=tenant,
        desired=desired,
        records=past.records,
        observed=observed,
        **given,
    )
    if observed is not None:
        holding = Holding(records=past.records, code=scene.codes.current, taken_code=scene.codes.taken)
        scene = replace(scene, plan=make_plan(desired, observed, holding, Capabilities(code_rules=CodeRules())))
        told = [scene.with_problem(access) for access in desired.rentals]
        writes = field_writes(rentals, told, past.records, scene.codes, {access.rental for access in told})
        scene = replace(scene, writes={write.rental: write for write in writes})
    return explain_rentals(scene, RentalChecks(tenant, policy, moment, past))


def check(told: RentalExplanation, name: str) -> Check:
    (found,) = (one for one in told.checks if one.name == name)
    return found


def said(told: RentalExplanation, name: str) -> tuple[str, str]:
    found = check(told, name)
    return str(found.verdict), found.evidence


def not_passed(told: RentalExplanation) -> list[str]:
    return [one.name for one in told.checks if one.verdict is not Verdict.PASS]
