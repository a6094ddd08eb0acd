"""Doors that a tenant's rentals share: open while any earns them, or while none is overdue."""

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.capabilities import Capabilities
from bridge.domain.changes import EntryState, Kind, Observed
from bridge.domain.checks import Past
from bridge.domain.credential import CodeRules, GateCode
from bridge.domain.desired import Desired, desired_access
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.plan import Holding, make_plan
from bridge.domain.policy import CommonDoorsPolicy, SitePolicy
from bridge.domain.records import after_run, before_changes
from bridge.domain.tenancy import Rental, RentalState
from tests.domain.tenancies import LONDON, NOON, SUBJECT, rental, snapshot, unit

GATE = TargetId("GATE")
ANY = SitePolicy(zone=LONDON, common_doors=(GATE,))
NONE_OVERDUE = SitePolicy(zone=LONDON, common_doors=(GATE,), common_doors_open=CommonDoorsPolicy.NONE_OVERDUE)
R1, R2 = RentalId("r1"), RentalId("r2")
ACTIVE, HELD = EntryState.ACTIVE, EntryState.SUSPENDED
CODE = GateCode("482913")


def wanted(policy: SitePolicy, *rentals: Rental, **records: AccessRecord) -> Desired:
    return desired_access(snapshot(*rentals), policy, NOON, Past(records={RentalId(k): v for k, v in records.items()}))


def planned(
    wish: Desired, entries: dict[TargetId, EntryState], *records: AccessRecord
) -> list[tuple[Kind, str | None]]:
    holding = Holding(records={record.rental: record for record in records}, code=CODE)
    observed = Observed(exists=bool(entries), code=CODE if entries else None, entries=entries)
    plan = make_plan(wish, observed, holding, Capabilities(code_rules=CodeRules()))
    return [(change.kind, change.target) for change in plan.changes if change.kind is not Kind.UPDATE_PERSON]


def holds(name: RentalId, *targets: str) -> AccessRecord:
    return AccessRecord(rental=name, targets=frozenset(TargetId(target) for target in targets))


def test_one_rental_that_may_be_entered_opens_the_gate() -> None:
    (door,) = wanted(ANY, rental(1, overdue=True), rental(2)).common_doors
    assert door.is_open
    assert door.rentals == (R1, R2)


def test_where_all_are_closed_the_gate_is_too() -> None:
    (door,) = wanted(ANY, rental(1, overdue=True), rental(2, overlocked=True)).common_doors
    assert not door.is_open


def test_one_debt_closes_the_gate_where_the_site_says_so_and_the_paid_rental_says_why() -> None:
    wish = wanted(NONE_OVERDUE, rental(1, overdue=True), rental(2))
    assert not wish.common_doors[0].is_open
    assert [one.words() for one in wish.rentals] == ["suspended: overdue", "granted: common_doors_closed"]


def test_a_lock_by_staff_is_no_debt() -> None:
    wish = wanted(NONE_OVERDUE, rental(1, overlocked=True), rental(2))
    assert wish.common_doors[0].is_open
    assert [one.words() for one in wish.rentals] == ["suspended: manual", "granted"]


def test_whoever_rents_nothing_has_no_gate() -> None:
    assert wanted(ANY, rental(1, state=RentalState.ENDED)).common_doors == ()
    assert wanted(ANY, rental(1, of=unit(opted_out=True))).common_doors == ()


def test_a_unit_without_a_mapping_earns_no_gate_until_it_had_one() -> None:
    unmapped = rental(1, of=unit(target=None))
    assert wanted(ANY, unmapped).common_doors == ()
    assert wanted(ANY, unmapped, r1=holds(R1, "GATE")).common_doors == ()
    assert wanted(ANY, unmapped, r1=holds(R1, "GATE", "B-001")).common_doors[0].is_open


def test_moving_in_opens_the_unit_and_the_gate_and_moving_out_closes_both() -> None:
    assert planned(wanted(ANY, rental(1)), {}) == [(Kind.GRANT, "B-001"), (Kind.GRANT, "GATE")]
    left = wanted(ANY, rental(1, state=RentalState.ENDED))
    entries = {GATE: ACTIVE, TargetId("B-001"): ACTIVE}
    assert planned(left, entries, holds(R1, "GATE", "B-001")) == [
        (Kind.REVOKE, "B-001"),
        (Kind.REVOKE, "GATE"),
        (Kind.REMOVE_PERSON, None),
    ]


def test_leaving_one_of_two_units_keeps_the_gate() -> None:
    wish = wanted(ANY, rental(1, state=RentalState.ENDED), rental(2))
    entries = {GATE: ACTIVE, TargetId("B-001"): ACTIVE, TargetId("B-002"): ACTIVE}
    assert planned(wish, entries, holds(R1, "GATE", "B-001"), holds(R2, "GATE", "B-002")) == [(Kind.REVOKE, "B-001")]


def test_a_gate_that_is_taken_out_of_the_policy_is_closed_once() -> None:
    wish = wanted(SitePolicy(zone=LONDON), rental(1))
    entries = {GATE: ACTIVE, TargetId("B-001"): ACTIVE}
    assert planned(wish, entries, holds(R1, "GATE", "B-001")) == [(Kind.REVOKE, "GATE")]


def test_a_gate_that_others_opened_for_our_person_is_ours_once_a_rental_earns_it() -> None:
    wish = wanted(ANY, rental(1))
    entries = {GATE: ACTIVE, TargetId("B-001"): ACTIVE}
    records = after_run(wish, {}, Observed(exists=True, code=CODE, entries=entries), {}, NOON)
    assert records[R1].targets == {"GATE", "B-001"}


def test_what_a_frozen_rental_has_open_is_not_closed_for_another() -> None:
    frozen = AccessRecord(rental=R2, status=AccessStatus.GRANTED, targets=frozenset({GATE}))
    read = snapshot(rental(1, overdue=True))
    unreadable = type(read)(subject=SUBJECT, tenant=read.tenant, rentals=read.rentals, unreadable={R2: "gone"})
    records = {R1: holds(R1, "GATE", "B-001"), R2: frozen}
    wish = desired_access(unreadable, ANY, NOON, Past(records=records))
    entries = {GATE: ACTIVE, TargetId("B-001"): ACTIVE}
    assert planned(wish, entries, *records.values()) == [(Kind.SUSPEND, "B-001")]


def test_every_rental_that_a_gate_serves_is_told_when_it_does_not_open() -> None:
    wish = wanted(ANY, rental(1), rental(2))
    plan = make_plan(wish, Observed(), Holding(code=CODE), Capabilities(code_rules=CodeRules()))
    gate = next(change for change in plan.changes if change.target == GATE)
    assert gate.rentals == (R1, R2)
    assert all(GATE in record.targets for record in before_changes({}, plan.changes).values())
