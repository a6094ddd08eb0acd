"""A plan, applied in full, leaves nothing to plan."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, Problem, RentalAccess
from bridge.domain.capabilities import Capabilities
from bridge.domain.changes import Change, EntryState, Kind, Observed, Plan
from bridge.domain.credential import CodeRules, GateCode
from bridge.domain.desired import CommonDoor, Desired
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId, UnitId
from bridge.domain.plan import Holding, make_plan, targets_to_look_at
from bridge.domain.records import after_run, before_changes

SUBJECT = SubjectKey(connection=ConnectionName("c"), site=SiteId("s"), tenant=TenantId("t"))
CODE, OLD_CODE = GateCode("482913"), GateCode("771204")
GRANTED, SUSPENDED, NONE = AccessStatus.GRANTED, AccessStatus.SUSPENDED, AccessStatus.NONE
ACTIVE, HELD = EntryState.ACTIVE, EntryState.SUSPENDED
R1, R2, A, B, C = RentalId("r1"), RentalId("r2"), TargetId("A"), TargetId("B"), TargetId("C")
NOW = datetime(2026, 3, 4, tzinfo=UTC)


def access(
    rental: RentalId, status: AccessStatus, target: TargetId | None = A, *, opted_out: bool = False
) -> RentalAccess:
    problem = Problem.NO_MAPPING if target is None and status is not NONE else None
    return RentalAccess(
        rental=rental, unit=UnitId(f"u-{rental}"), status=status, target=target, problem=problem, opted_out=opted_out
    )


def desired(*rentals: RentalAccess) -> Desired:
    return Desired(subject=SUBJECT, rentals=rentals)


def ours(rental: RentalId, *targets: TargetId) -> dict[RentalId, AccessRecord]:
    return {rental: AccessRecord(rental=rental, targets=frozenset(targets))}


def seen(entries: Mapping[TargetId, EntryState], code: GateCode | None = CODE) -> Observed:
    return Observed(exists=True, code=code, entries=entries)


def planned(
    wanted: Desired,
    observed: Observed,
    records: Mapping[RentalId, AccessRecord],
    code: GateCode | None,
    transfers: Mapping[RentalId, RentalId] | None = None,
) -> Plan:
    waits = {left: frozenset({heir}) for left, heir in (transfers or {}).items()}
    holding = Holding(records=records, code=code, taken_code=code, waits=waits)
    return make_plan(wanted, observed, holding, Capabilities(code_rules=CodeRules()))


def kinds(plan: Plan) -> list[tuple[Kind, TargetId | None]]:
    return [(change.kind, change.target) for change in plan.changes]


def test_a_new_tenant_is_granted_with_the_code() -> None:
    plan = planned(desired(access(R1, GRANTED)), Observed(), {}, CODE)
    assert kinds(plan) == [(Kind.GRANT, A)]
    assert plan.changes[0].code == CODE


def test_what_is_right_already_is_left_alone() -> None:
    assert planned(desired(access(R1, GRANTED)), seen({A: ACTIVE}), ours(R1, A), CODE) == Plan()
    assert planned(desired(access(R1, SUSPENDED)), seen({A: HELD}), ours(R1, A), CODE) == Plan()


def test_a_suspension_without_anything_to_suspend_needs_nothing() -> None:
    assert planned(desired(access(R1, SUSPENDED)), Observed(), {}, CODE) == Plan()


def test_suspend_and_resume() -> None:
    assert kinds(planned(desired(access(R1, SUSPENDED)), seen({A: ACTIVE}), ours(R1, A), CODE)) == [(Kind.SUSPEND, A)]
    assert kinds(planned(desired(access(R1, GRANTED)), seen({A: HELD}), ours(R1, A), CODE)) == [(Kind.RESUME, A)]


def test_a_move_out_closes_the_door_and_removes_the_person() -> None:
    plan = planned(desired(access(R1, NONE)), seen({A: ACTIVE}), ours(R1, A), CODE)
    assert kinds(plan) == [(Kind.REVOKE, A), (Kind.REMOVE_PERSON, None)]


def test_a_move_out_of_one_of_two_keeps_the_person_and_the_other_door() -> None:
    wanted = desired(access(R1, NONE, A), access(R2, GRANTED, B))
    plan = planned(wanted, seen({A: ACTIVE, B: ACTIVE}), ours(R1, A) | ours(R2, B), CODE)
    assert kinds(plan) == [(Kind.REVOKE, A)]


def test_a_door_that_two_rentals_share_is_open_while_either_earns_it() -> None:
    wanted = desired(access(R1, SUSPENDED, A), access(R2, GRANTED, A))
    assert planned(wanted, seen({A: ACTIVE}), ours(R1, A) | ours(R2, A), CODE) == Plan()
    left = desired(access(R1, NONE, A), access(R2, GRANTED, A))
    assert planned(left, seen({A: ACTIVE}), ours(R1, A) | ours(R2, A), CODE) == Plan()


def test_an_entry_that_the_bridge_did_not_make_is_reported_and_never_removed() -> None:
    plan = planned(desired(access(R1, NONE)), seen({A: ACTIVE, C: ACTIVE}), ours(R1, A), CODE)
    assert kinds(plan) == [(Kind.REVOKE, A)], "the person stays too: somebody else's entry hangs on them"
    assert plan.foreign == (C,)


def test_a_transfer_keeps_the_old_door_until_the_new_one_is_seen_open() -> None:
    wanted = desired(access(R1, NONE, A), access(R2, GRANTED, B))
    records, link = ours(R1, A), {R1: R2}
    first = planned(wanted, seen({A: ACTIVE}), records, CODE, link)
    assert [(c.kind, c.target, c.after) for c in first.changes] == [
        (Kind.GRANT, B, frozenset()),
        (Kind.REVOKE, A, frozenset({R2})),
    ]
    then = planned(wanted, seen({A: ACTIVE, B: ACTIVE}), records | ours(R2, B), CODE, link)
    assert [(c.kind, c.target, c.after) for c in then.changes] == [(Kind.REVOKE, A, frozenset())]


def test_a_transfer_keeps_the_old_door_while_the_new_one_is_accepted_and_not_in_force() -> None:
    wanted = desired(access(R1, NONE), access(R2, GRANTED, target=B))
    records = ours(R1, A) | ours(R2, B)
    observed = replace(seen({A: ACTIVE, B: ACTIVE}), unsettled=frozenset({B}))
    (removal,) = planned(wanted, observed, records, CODE, transfers={R1: R2}).changes
    assert (removal.target, removal.after) == (A, frozenset({R2}))
    (removal,) = planned(wanted, seen({A: ACTIVE, B: ACTIVE}), records, CODE, transfers={R1: R2}).changes
    assert (removal.target, removal.after) == (A, frozenset())


def test_what_is_accepted_and_not_in_force_is_removed_like_any_other() -> None:
    observed = replace(seen({A: ACTIVE}), unsettled=frozenset({A}))
    plan = planned(desired(access(R1, NONE)), observed, ours(R1, A), CODE)
    assert kinds(plan) == [(Kind.REVOKE, A), (Kind.REMOVE_PERSON, None)]


def test_a_transfer_to_a_unit_without_mapping_keeps_the_old_door_open() -> None:
    plan = planned(
        desired(access(R1, NONE, A), access(R2, GRANTED, None)), seen({A: ACTIVE}), ours(R1, A), CODE, {R1: R2}
    )
    assert [(c.kind, c.after) for c in plan.changes] == [(Kind.REVOKE, frozenset({R2}))]


def test_a_rental_that_cannot_be_read_keeps_exactly_what_it_has() -> None:
    records = ours(R1, A) | ours(R2, B)
    unread = Desired(subject=SUBJECT, rentals=(access(R2, NONE, B),), frozen=frozenset({R1}))
    plan = planned(unread, seen({A: ACTIVE, B: ACTIVE}), records, CODE)
    assert kinds(plan) == [(Kind.REVOKE, B)]
    assert plan.foreign == ()
    after = after_run(unread, records, seen({A: ACTIVE}), {}, NOW)
    assert (after[R1].targets, after[R1].certainty) == (frozenset({A}), Certainty.UNKNOWN)


def test_a_transfer_to_a_suspended_rental_does_not_keep_the_old_door_open() -> None:
    wanted = desired(access(R1, NONE, A), access(R2, SUSPENDED, B))
    plan = planned(wanted, seen({A: ACTIVE}), ours(R1, A), CODE, {R1: R2})
    assert [(c.kind, c.after) for c in plan.changes] == [(Kind.REVOKE, frozenset())]


def test_a_new_mapping_opens_the_new_door_before_it_closes_the_old() -> None:
    plan = planned(desired(access(R1, GRANTED, B)), seen({A: ACTIVE}), ours(R1, A), CODE)
    assert [(c.kind, c.target, c.after) for c in plan.changes] == [
        (Kind.GRANT, B, frozenset()),
        (Kind.REVOKE, A, frozenset({R1})),
    ]


def test_an_emptied_mapping_locks_nobody_out_and_still_follows_the_rules() -> None:
    unmapped = desired(access(R1, GRANTED, None))
    assert planned(unmapped, seen({A: ACTIVE}), ours(R1, A), CODE) == Plan()
    overdue = desired(access(R1, SUSPENDED, None))
    assert kinds(planned(overdue, seen({A: ACTIVE}), ours(R1, A), CODE)) == [(Kind.SUSPEND, A)]


def test_opting_a_unit_out_removes_what_the_bridge_made_there() -> None:
    wanted = desired(access(R1, GRANTED, None, opted_out=True))
    plan = planned(wanted, seen({A: ACTIVE}), ours(R1, A), CODE)
    assert kinds(plan) == [(Kind.REVOKE, A), (Kind.REMOVE_PERSON, None)]


def test_a_code_that_differs_is_changed_and_one_that_cannot_be_read_is_believed() -> None:
    wanted = desired(access(R1, GRANTED))
    assert kinds(planned(wanted, seen({A: ACTIVE}, OLD_CODE), ours(R1, A), CODE)) == [(Kind.CHANGE_CODE, None)]
    assert planned(wanted, seen({A: ACTIVE}, None), ours(R1, A), CODE) == Plan()


def test_grants_go_before_suspensions_and_removals() -> None:
    wanted = desired(access(R1, NONE, A), access(R2, SUSPENDED, B), access(RentalId("r3"), GRANTED, C))
    plan = planned(wanted, seen({A: ACTIVE, B: ACTIVE}), ours(R1, A) | ours(R2, B), CODE)
    assert kinds(plan) == [(Kind.GRANT, C), (Kind.SUSPEND, B), (Kind.REVOKE, A)]


def test_the_vendor_is_asked_about_all_that_is_wanted_and_all_that_may_be_there() -> None:
    wanted = Desired(
        subject=SUBJECT,
        rentals=(access(R1, GRANTED, A), access(R2, NONE, None)),
        common_doors=(CommonDoor(target=TargetId("GATE"), is_open=True, rentals=(R1,)),),
    )
    records = {R2: AccessRecord(rental=R2, targets=frozenset({B}), unsure=frozenset({C}))}
    assert targets_to_look_at(wanted, records) == {A, B, C, "GATE"}


class Gate:
    """A vendor that does what it is told."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed

    def apply(self, change: Change) -> None:
        entries, code, exists = dict(self.observed.entries), self.observed.code, self.observed.exists
        if change.kind in {Kind.GRANT, Kind.RESUME} and change.target is not None:
            entries[change.target] = ACTIVE
            exists, code = True, code or change.code
        elif change.kind is Kind.SUSPEND and change.target is not None:
            entries[change.target] = HELD
        elif change.kind is Kind.REVOKE and change.target is not None:
            entries.pop(change.target, None)
        elif change.kind is Kind.CHANGE_CODE:
            code = change.code
        elif change.kind is Kind.REMOVE_PERSON:
            entries, code, exists = {}, None, False
        self.observed = Observed(exists=exists, code=code, entries=entries)


_targets = st.sampled_from([A, B, C, TargetId("D")])
_accesses = st.lists(
    st.builds(
        access,
        st.sampled_from([RentalId(f"r{n}") for n in range(5)]),
        st.sampled_from(AccessStatus),
        st.none() | _targets,
        opted_out=st.booleans(),
    ),
    max_size=5,
    unique_by=lambda one: one.rental,
)


@given(
    wanted=_accesses,
    entries=st.dictionaries(_targets, st.sampled_from(EntryState)),
    made=st.dictionaries(st.sampled_from([RentalId(f"r{n}") for n in range(5)]), st.frozensets(_targets, max_size=2)),
    transfers=st.dictionaries(st.sampled_from([R1, R2]), st.sampled_from([RentalId("r3"), RentalId("r4")])),
    code=st.sampled_from([CODE, OLD_CODE, None]),
)
def test_applying_plans_leaves_nothing_to_plan_and_touches_nothing_foreign(
    wanted: list[RentalAccess],
    entries: dict[TargetId, EntryState],
    made: dict[RentalId, frozenset[TargetId]],
    transfers: dict[RentalId, RentalId],
    code: GateCode | None,
) -> None:
    wish = desired(*wanted)
    records = {rental: AccessRecord(rental=rental, targets=targets) for rental, targets in made.items()}
    records |= {r.rental: AccessRecord(rental=r.rental) for r in wanted if r.rental not in records}
    gate = Gate(Observed(exists=bool(entries), code=code if entries else None, entries=entries))
    owned = {target for targets in made.values() for target in targets}
    earned = {r.target for r in wanted if r.status is not NONE and not r.opted_out}
    foreign = {t: state for t, state in entries.items() if t not in owned and t not in earned}
    for _ in range(4):
        ready = [c for c in planned(wish, gate.observed, records, CODE, transfers).changes if not c.after]
        records = before_changes(records, ready)
        for change in ready:
            gate.apply(change)
    left = planned(wish, gate.observed, records, CODE, transfers).changes
    unmapped = {r.rental for r in wanted if r.target is None and r.status is GRANTED and not r.opted_out}
    unseen = unmapped | (set(transfers.values()) - {r.rental for r in wanted})
    assert all(change.after and change.after <= unseen for change in left), "only a door that is not here is waited for"
    assert {t: state for t, state in gate.observed.entries.items() if t in foreign} == foreign
    after = after_run(wish, records, gate.observed, {}, NOW)
    assert planned(wish, gate.observed, after, CODE, transfers).changes == left
    for one in wanted:
        if one.status is GRANTED and one.target is not None and not one.opted_out:
            assert gate.observed.entries[one.target] is ACTIVE
            assert one.target in after[one.rental].targets, "what a tenant has through us is ours to close later"
