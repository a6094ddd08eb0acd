"""A vendor that suspends only the whole person: closed doors beside open ones are taken away instead."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.access import AccessRecord, AccessStatus, RentalAccess
from bridge.domain.capabilities import Capabilities, CodeMaker, SuspendScope
from bridge.domain.changes import Change, EntryState, Kind, Observed
from bridge.domain.credential import CodeRules, GateCode
from bridge.domain.desired import CommonDoor, Desired
from bridge.domain.ids import RentalId, TargetId, UnitId
from bridge.domain.plan import Holding, make_plan
from bridge.domain.records import after_run, before_changes
from tests.domain.tenancies import NOON, SUBJECT

PERSON = Capabilities(code_rules=CodeRules(), suspends=SuspendScope.PERSON)
CODE = GateCode("482913")
ACTIVE, HELD = EntryState.ACTIVE, EntryState.SUSPENDED
GRANTED, SUSPENDED, NONE = AccessStatus.GRANTED, AccessStatus.SUSPENDED, AccessStatus.NONE
A, B = TargetId("A"), TargetId("B")
NAMES = [RentalId(f"r{n}") for n in range(4)]


class Vendor:
    """One person with targets, suspended as a whole or not at all. It watches that nothing opens for a moment."""

    def __init__(self, entries: frozenset[TargetId], *, suspended: bool) -> None:
        self.targets = set(entries)
        self.suspended = suspended
        self.exists = bool(entries)

    @property
    def observed(self) -> Observed:
        state = HELD if self.suspended else ACTIVE
        entries = dict.fromkeys(self.targets, state)
        return Observed(exists=self.exists, code=CODE if self.exists else None, entries=entries)

    @property
    def open(self) -> set[TargetId]:
        return set() if self.suspended else set(self.targets)

    def apply(self, change: Change) -> None:
        match change.kind:
            case Kind.GRANT if change.target is not None:
                self.targets.add(change.target)
                self.exists = True
            case Kind.REVOKE if change.target is not None:
                self.targets.discard(change.target)
            case Kind.SUSPEND:
                assert change.target is None, "it cannot suspend one target"
                self.suspended = True
            case Kind.RESUME:
                assert change.target is None
                self.suspended = False
            case Kind.REMOVE_PERSON:
                self.targets, self.suspended, self.exists = set(), False, False
            case _:
                assert change.kind is Kind.UPDATE_PERSON


def access(name: RentalId, status: AccessStatus, target: TargetId = A) -> RentalAccess:
    return RentalAccess(rental=name, unit=UnitId(f"u-{name}"), status=status, target=target)


def holding(**targets: TargetId) -> Holding:
    records = {RentalId(k): AccessRecord(rental=RentalId(k), targets=frozenset({v})) for k, v in targets.items()}
    return Holding(records=records, code=CODE, profile_is_new=False)


def planned(vendor: Vendor, *rentals: RentalAccess, **made: TargetId) -> list[tuple[Kind, TargetId | None]]:
    plan = make_plan(Desired(subject=SUBJECT, rentals=rentals), vendor.observed, holding(**made), PERSON)
    return [(change.kind, change.target) for change in plan.changes]


def test_when_all_are_suspended_the_person_is() -> None:
    both = access(NAMES[0], SUSPENDED, A), access(NAMES[1], SUSPENDED, B)
    assert planned(Vendor(frozenset({A, B}), suspended=False), *both, r0=A, r1=B) == [(Kind.SUSPEND, None)]
    assert planned(Vendor(frozenset({A, B}), suspended=True), *both, r0=A, r1=B) == []


def test_when_one_is_suspended_its_door_is_taken_away_and_given_back_later() -> None:
    one = access(NAMES[0], SUSPENDED, A), access(NAMES[1], GRANTED, B)
    assert planned(Vendor(frozenset({A, B}), suspended=False), *one, r0=A, r1=B) == [(Kind.REVOKE, A)]
    paid = access(NAMES[0], GRANTED, A), access(NAMES[1], GRANTED, B)
    assert planned(Vendor(frozenset({B}), suspended=False), *paid, r0=A, r1=B) == [(Kind.GRANT, A)]


def test_a_person_is_resumed_only_when_what_stays_closed_is_gone() -> None:
    vendor = Vendor(frozenset({A, B}), suspended=True)
    wish = Desired(subject=SUBJECT, rentals=(access(NAMES[0], SUSPENDED, A), access(NAMES[1], GRANTED, B)))
    plan = make_plan(wish, vendor.observed, holding(r0=A, r1=B), PERSON)
    assert [(c.kind, c.target, bool(c.after)) for c in plan.changes] == [
        (Kind.REVOKE, A, False),
        (Kind.RESUME, None, True),
    ]
    vendor.apply(plan.changes[0])
    plan = make_plan(wish, vendor.observed, holding(r0=A, r1=B), PERSON)
    assert [(c.kind, c.after) for c in plan.changes] == [(Kind.RESUME, frozenset())]


def test_a_suspended_person_who_moves_out_of_one_unit_loses_it_before_the_other_opens() -> None:
    vendor = Vendor(frozenset({A, B}), suspended=True)
    wish = Desired(subject=SUBJECT, rentals=(access(NAMES[0], NONE, A), access(NAMES[1], GRANTED, B)))
    plan = make_plan(wish, vendor.observed, holding(r0=A, r1=B), PERSON)
    assert [(c.kind, bool(c.after)) for c in plan.changes] == [(Kind.REVOKE, False), (Kind.RESUME, True)]


def test_beside_a_closed_rental_of_which_nothing_is_known_nobody_is_resumed_before_its_door_is_gone() -> None:
    vendor = Vendor(frozenset({A, B}), suspended=True)
    wish = Desired(subject=SUBJECT, rentals=(access(NAMES[1], GRANTED, B),), frozen=frozenset({NAMES[0]}))
    plan = make_plan(wish, vendor.observed, holding(r0=A, r1=B), PERSON)
    assert [(c.kind, c.target, c.after) for c in plan.changes] == [
        (Kind.REVOKE, A, frozenset()),
        (Kind.RESUME, None, frozenset({NAMES[0]})),
    ]


def test_nobody_is_suspended_whole_beside_a_rental_of_which_nothing_is_known() -> None:
    vendor = Vendor(frozenset({A, B}), suspended=False)
    wish = Desired(subject=SUBJECT, rentals=(access(NAMES[1], SUSPENDED, B),), frozen=frozenset({NAMES[0]}))
    plan = make_plan(wish, vendor.observed, holding(r0=A, r1=B), PERSON)
    assert [(c.kind, c.target) for c in plan.changes] == [(Kind.REVOKE, B)]


def test_a_vendor_that_makes_codes_is_sent_none_and_asked_for_one_where_ours_is_lost() -> None:
    makes = Capabilities(code_rules=CodeRules(), suspends=SuspendScope.PERSON, code_maker=CodeMaker.VENDOR)
    wish = Desired(subject=SUBJECT, rentals=(access(NAMES[0], GRANTED, A),))
    (grant,) = make_plan(wish, Observed(), Holding(), makes).changes
    assert (grant.kind, grant.code) == (Kind.GRANT, None)
    there = Observed(exists=True, entries={A: ACTIVE})
    (change,) = make_plan(wish, there, Holding(code=None), makes).changes
    assert (change.kind, change.code) == (Kind.CHANGE_CODE, None)
    assert make_plan(wish, there, Holding(code=CODE), makes).changes == ()
    assert len(make_plan(wish, there, Holding(code=CODE, renew_code=True), makes).changes) == 1


def test_a_vendor_that_hides_codes_is_believed_to_have_the_one_that_it_took_last() -> None:
    hides = Capabilities(code_rules=CodeRules(), reads_codes=False)
    wish = Desired(subject=SUBJECT, rentals=(access(NAMES[0], GRANTED, A),))
    there = Observed(exists=True, entries={A: ACTIVE})
    assert make_plan(wish, there, Holding(code=CODE, taken_code=CODE), hides).changes == ()
    (change,) = make_plan(wish, there, Holding(code=CODE, taken_code=GateCode("771204")), hides).changes
    assert (change.kind, change.code) == (Kind.CHANGE_CODE, CODE)
    assert [c.kind for c in make_plan(wish, Observed(), Holding(code=CODE), hides).changes] == [Kind.GRANT]


_targets = st.sampled_from([A, B, TargetId("C"), TargetId("D")])
_wishes = st.lists(
    st.builds(access, st.sampled_from(NAMES), st.sampled_from(AccessStatus), _targets),
    max_size=4,
    unique_by=lambda one: one.rental,
)


@given(
    rentals=_wishes,
    gate_open=st.none() | st.booleans(),
    entries=st.frozensets(_targets),
    suspended=st.booleans(),
    made=st.dictionaries(st.sampled_from(NAMES), st.frozensets(_targets, max_size=3)),
)
def test_the_right_doors_are_open_in_the_end_and_no_wrong_one_on_the_way(
    *,
    rentals: list[RentalAccess],
    gate_open: bool | None,
    entries: frozenset[TargetId],
    suspended: bool,
    made: dict[RentalId, frozenset[TargetId]],
) -> None:
    served = tuple(one.rental for one in rentals if one.is_served)
    gate = TargetId("GATE")
    doors = (CommonDoor(target=gate, is_open=gate_open, rentals=served),) if gate_open is not None and served else ()
    wish = Desired(subject=SUBJECT, rentals=tuple(rentals), common_doors=doors)
    records = {name: AccessRecord(rental=name, targets=targets) for name, targets in made.items()}
    records |= {one.rental: AccessRecord(rental=one.rental) for one in rentals if one.rental not in records}
    vendor = Vendor(entries, suspended=suspended)
    right = {one.target for one in rentals if one.status is GRANTED} | {door.target for door in doors if door.is_open}
    ours = {target for record in records.values() for target in record.targets}
    ours |= {one.target for one in rentals if one.is_served and one.target is not None} | {gate}
    for _ in range(5):
        plan = make_plan(wish, vendor.observed, Holding(records=records, code=CODE), PERSON)
        ready = [change for change in plan.changes if not change.after]
        records = before_changes(records, ready)
        before = vendor.open
        for change in ready:
            vendor.apply(change)
            assert vendor.open & ours - before <= right, "nothing opens, not for a moment, that should be closed"
    left = make_plan(wish, vendor.observed, Holding(records=records, code=CODE), PERSON)
    assert left.changes == ()
    assert vendor.open & ours == right & ours
    after = after_run(wish, records, vendor.observed, {}, NOON)
    assert make_plan(wish, vendor.observed, Holding(records=after, code=CODE), PERSON).changes == ()
