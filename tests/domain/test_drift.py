"""What is drift and what the platform asks for; how often it is put back; what is never touched."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, RentalAccess
from bridge.domain.capabilities import Capabilities, SuspendScope
from bridge.domain.changes import EntryState, Kind, Observed, Plan
from bridge.domain.credential import CodeRules, GateCode
from bridge.domain.desired import Desired
from bridge.domain.drift import (
    DAY,
    MAX_ROUNDS,
    Aspect,
    Before,
    Drift,
    DriftKind,
    Left,
    Sight,
    Thing,
    believed,
    drifted,
    left_alone,
    may_be_over,
    sight_after,
    without,
)
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId, UnitId
from bridge.domain.plan import Holding, make_plan
from bridge.domain.policy import DriftPolicy

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
A, B, MASTER = TargetId("A"), TargetId("B"), TargetId("Master")
R1, R2 = RentalId("r1"), RentalId("r2")
ACTIVE, HELD = EntryState.ACTIVE, EntryState.SUSPENDED
GRANTED, SHUT, NONE = AccessStatus.GRANTED, AccessStatus.SUSPENDED, AccessStatus.NONE
CODE, OTHER = GateCode("482913"), GateCode("604197")
SUBJECT = SubjectKey(connection=ConnectionName("c"), site=SiteId("s"), tenant=TenantId("t"))
BY_TARGET = Capabilities(code_rules=CodeRules())
BY_PERSON = Capabilities(code_rules=CodeRules(), suspends=SuspendScope.PERSON)
DOORS = {R1: A, R2: B}
Entries = Mapping[TargetId, EntryState]


def wish(statuses: Mapping[RentalId, AccessStatus]) -> Desired:
    rentals = tuple(
        RentalAccess(rental=rental, unit=UnitId(f"u-{rental}"), status=status, target=DOORS[rental])
        for rental, status in statuses.items()
    )
    return Desired(subject=SUBJECT, rentals=rentals)


def records(*rentals: RentalId, certainty: Certainty = Certainty.CONFIRMED) -> dict[RentalId, AccessRecord]:
    return {
        rental: AccessRecord(
            rental=rental, targets=frozenset({DOORS[rental]}), status=GRANTED, certainty=certainty, unit=UnitId("u")
        )
        for rental in rentals
    }


def seen(entries: Entries, code: GateCode | None = CODE, *, exists: bool = True) -> Observed:
    return Observed(exists=exists, code=code if exists else None, entries=entries)


def classified(
    statuses: Mapping[RentalId, AccessStatus],
    before: Before,
    observed: Observed,
    *,
    code: GateCode = CODE,
    capabilities: Capabilities = BY_TARGET,
) -> tuple[Plan, dict[Kind, Drift]]:
    """Return what is done, and what of the plan is drift."""
    holding = Holding(records=before.records, code=code, taken_code=CODE)
    plan = make_plan(wish(statuses), observed, holding, capabilities)
    was = believed(before)
    asked = Plan() if was is None else make_plan(wish(statuses), was, holding, capabilities)
    found = drifted(plan, asked, before, NOW)
    return without(plan, found), {kind: drift for (kind, _), drift in found.items()}


def left_by(entries: Entries, *rentals: RentalId, policy: DriftPolicy = DriftPolicy.REPORT) -> Before:
    sight = Sight(exists=bool(entries), is_code_right=True, entries=entries)
    return Before(sight=sight, records=records(*rentals), code=CODE, policy=policy)


CASES = {
    "a door that was taken away": ({R1: GRANTED}, {A: ACTIVE}, seen({}), Kind.GRANT, DriftKind.MISSING),
    "a person who was removed": ({R1: GRANTED}, {A: ACTIVE}, seen({}, exists=False), Kind.GRANT, DriftKind.MISSING),
    "a door that was suspended": ({R1: GRANTED}, {A: ACTIVE}, seen({A: HELD}), Kind.RESUME, DriftKind.CHANGED),
    "a door that was opened": ({R1: SHUT}, {A: HELD}, seen({A: ACTIVE}), Kind.SUSPEND, DriftKind.CHANGED),
    "a shut door that was given": ({R1: SHUT}, {}, seen({A: ACTIVE}), Kind.SUSPEND, DriftKind.EXTRA_OURS),
    "a left door that is back": ({R1: NONE}, {}, seen({A: ACTIVE}), Kind.REVOKE, DriftKind.EXTRA_OURS),
    "a person who is back": ({R1: NONE}, {}, seen({}), Kind.REMOVE_PERSON, DriftKind.EXTRA_OURS),
    "another code": ({R1: GRANTED}, {A: ACTIVE}, seen({A: ACTIVE}, OTHER), Kind.CHANGE_CODE, DriftKind.CHANGED),
}


@pytest.mark.parametrize("case", CASES)
def test_what_somebody_has_changed_is_drift_and_left_where_it_is_reported(case: str) -> None:
    statuses, entries, observed, kind, word = CASES[case]
    done, found = classified(statuses, left_by(entries, R1), observed)
    assert done.changes == ()
    assert found[kind].kind is word
    assert {drift.left for drift in found.values()} == {Left.REPORT}


@pytest.mark.parametrize("case", CASES)
def test_the_same_is_put_back_where_it_is_healed(case: str) -> None:
    statuses, entries, observed, kind, _ = CASES[case]
    done, found = classified(statuses, left_by(entries, R1, policy=DriftPolicy.HEAL), observed)
    assert kind in {change.kind for change in done.changes}
    assert {drift.left for drift in found.values()} == {None}


ASKED = {
    "a move-in": ({R1: GRANTED}, {}, seen({}, exists=False), Kind.GRANT),
    "a lock-out": ({R1: SHUT}, {A: ACTIVE}, seen({A: ACTIVE}), Kind.SUSPEND),
    "a payment": ({R1: GRANTED}, {A: HELD}, seen({A: HELD}), Kind.RESUME),
    "a payment where the door is gone": ({R1: GRANTED}, {A: HELD}, seen({}), Kind.GRANT),
    "a move-out": ({R1: NONE}, {A: ACTIVE}, seen({A: ACTIVE}), Kind.REVOKE),
    "a move-out from a door that somebody shut": ({R1: NONE}, {A: ACTIVE}, seen({A: HELD}), Kind.REVOKE),
}


@pytest.mark.parametrize("case", ASKED)
def test_what_the_platform_asks_for_is_done_whatever_the_policy(case: str) -> None:
    statuses, entries, observed, kind = ASKED[case]
    done, found = classified(statuses, left_by(entries, R1), observed)
    assert kind in {change.kind for change in done.changes}
    assert found == {}


def test_a_new_code_is_asked_for_also_where_somebody_has_changed_the_old_one() -> None:
    done, found = classified({R1: GRANTED}, left_by({A: ACTIVE}, R1), seen({A: ACTIVE}, OTHER), code=GateCode("771204"))
    assert [change.kind for change in done.changes] == [Kind.CHANGE_CODE]
    assert found == {}


def test_a_switch_of_the_whole_person_is_drift_and_a_removal_beside_it_is_asked_for() -> None:
    before = left_by({A: ACTIVE, B: ACTIVE}, R1, R2)
    observed = seen({A: HELD, B: HELD})
    done, found = classified({R1: GRANTED, R2: NONE}, before, observed, capabilities=BY_PERSON)
    assert [change.step for change in done.changes] == [(Kind.REVOKE, B)]
    assert found[Kind.RESUME].words() == "changed: person"


@pytest.mark.parametrize("certainty", [Certainty.UNKNOWN, Certainty.SENT, Certainty.ACCEPTED])
def test_what_was_not_seen_as_it_should_be_is_no_drift(certainty: Certainty) -> None:
    before = replace(left_by({A: ACTIVE}, R1), records=records(R1, certainty=certainty))
    done, found = classified({R1: GRANTED}, before, seen({}))
    assert [change.kind for change in done.changes] == [Kind.GRANT]
    assert found == {}


def test_what_the_bridge_may_have_opened_itself_is_no_drift() -> None:
    record = replace(records(R1)[R1], unsure=frozenset({A}))
    done, found = classified({R1: NONE}, replace(left_by({}, R1), records={R1: record}), seen({A: ACTIVE}))
    assert Kind.REVOKE in {change.kind for change in done.changes}
    assert Kind.REVOKE not in found


def test_without_a_memory_nothing_is_drift() -> None:
    done, found = classified({R1: GRANTED}, replace(left_by({}, R1), sight=None), seen({}))
    assert [change.kind for change in done.changes] == [Kind.GRANT]
    assert found == {}


def test_what_is_left_stays_drift_although_something_else_fails_meanwhile() -> None:
    before = left_by({A: ACTIVE}, R1)
    assert before.sight is not None
    mine = Drift(kind=DriftKind.MISSING, aspect=Aspect.DOOR, target=A, since=NOW, left=Left.REPORT)
    before = replace(
        before, sight=replace(before.sight, left=(mine,)), records=records(R1, certainty=Certainty.UNKNOWN)
    )
    done, found = classified({R1: GRANTED}, before, seen({}))
    assert (done.changes, found[Kind.GRANT].left) == ((), Left.REPORT)


def test_what_is_not_in_force_any_more_is_unknown() -> None:
    observed = Observed(exists=True, code=CODE, entries={A: ACTIVE}, unsettled=frozenset({A}))
    (drift,) = left_alone((), Plan(), observed, Sight(entries={A: ACTIVE}), NOW)
    assert (drift.kind, drift.left, drift.since) == (DriftKind.UNKNOWN, Left.UNSETTLED, NOW)
    assert left_alone((), Plan(), observed, None, NOW) == ()


def test_what_is_left_is_as_old_as_it_is_known_to_be() -> None:
    before = left_by({A: ACTIVE}, R1)
    sight = sight_after_run(before, seen({}), NOW)
    again = sight_after_run(replace(before, sight=sight), seen({}), NOW + timedelta(hours=3))
    assert again == sight
    assert may_be_over(again, Plan())


def sight_after_run(before: Before, observed: Observed, now: datetime) -> Sight:
    done, found = classified({R1: GRANTED}, before, observed)
    plan = make_plan(wish({R1: GRANTED}), observed, Holding(records=before.records, code=CODE), BY_TARGET)
    assert done.changes == ()
    left = left_alone(found.values(), plan, observed, before.sight, now)
    return sight_after(observed, plan, before, left=left, healed=(), now=now)


class Gate:
    """A vendor with one person of ours, a bridge with its memory of them, and a clock."""

    def __init__(self, policy: DriftPolicy) -> None:
        self.now = NOW
        self.policy = policy
        self.code = CODE
        self.entries: dict[TargetId, EntryState] = {A: ACTIVE, B: ACTIVE, MASTER: ACTIVE}
        self.sight = Sight(exists=True, is_code_right=True, entries=dict(self.entries))
        self.healed: list[tuple[datetime, Thing]] = []

    def run(self) -> None:
        """Run once, to the end."""
        before = Before(sight=self.sight, records=records(R1, R2), code=CODE, policy=self.policy)
        holding = Holding(records=before.records, code=CODE, taken_code=CODE)
        wanted = wish({R1: GRANTED, R2: GRANTED})
        was = believed(before)
        assert was is not None
        asked = make_plan(wanted, was, holding, BY_TARGET)
        plan = make_plan(wanted, self._observed(), holding, BY_TARGET)
        found = drifted(plan, asked, before, self.now)
        for change in without(plan, found).changes:
            assert change.target != MASTER, "what is not ours is in no change"
            if change.kind is Kind.CHANGE_CODE:
                self.code = CODE
            elif change.target is not None:
                self.entries[change.target] = ACTIVE
        healed = {drift.thing for drift in found.values() if drift.left is None}
        self.healed += [(self.now, thing) for thing in healed]
        plan = make_plan(wanted, self._observed(), holding, BY_TARGET)
        found = drifted(plan, asked, before, self.now)
        left = left_alone(found.values(), plan, self._observed(), self.sight, self.now)
        self.sight = sight_after(self._observed(), plan, before, left=left, healed=healed, now=self.now)

    def edit(self, what: str) -> None:
        match what:
            case "code":
                self.code = OTHER
            case "master":
                self.entries[MASTER] = HELD if self.entries.get(MASTER) is ACTIVE else ACTIVE
            case "take A":
                self.entries.pop(A, None)
            case "shut A":
                self.entries[A] = HELD
            case _:
                self.entries.pop(B, None)

    def _observed(self) -> Observed:
        return Observed(exists=True, code=self.code, entries=dict(self.entries))


EDITS = st.sampled_from(["code", "master", "take A", "shut A", "take B"])
PAUSES = st.integers(0, 60 * 30).map(lambda minutes: timedelta(minutes=minutes))


@given(acts=st.lists(st.tuples(st.lists(EDITS, max_size=3), PAUSES), max_size=25), policy=st.sampled_from(DriftPolicy))
def test_a_fight_ends_after_three_rounds_whatever_the_timing_and_what_is_foreign_is_in_no_change(
    acts: list[tuple[list[str], timedelta]], policy: DriftPolicy
) -> None:
    gate = Gate(policy)
    for edits, pause in acts:
        for edit in edits:
            gate.edit(edit)
        gate.run()
        gate.now += pause
    for moment, thing in gate.healed:
        rounds = [at for at, other in gate.healed if other == thing and moment <= at < moment + DAY]
        assert len(rounds) <= MAX_ROUNDS
    assert policy is DriftPolicy.HEAL or gate.healed == []


@given(times=st.lists(PAUSES, min_size=4, max_size=12))
def test_once_it_has_ended_it_stays_so_until_a_person_decides(times: list[timedelta]) -> None:
    gate = Gate(DriftPolicy.HEAL)
    for _ in range(MAX_ROUNDS + 1):
        gate.edit("take A")
        gate.run()
    for pause in times:
        gate.now += pause
        gate.run()
    assert len(gate.healed) == MAX_ROUNDS
    assert [drift.left for drift in gate.sight.left if drift.target == A] == [Left.FIGHT]
    gate.sight = replace(gate.sight, healed={}, left=())
    gate.run()
    assert gate.entries[A] is ACTIVE
