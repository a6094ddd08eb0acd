"""A rehearsal comes to what a run would, once, and remembers it for itself alone."""

from datetime import timedelta

import pytest

from bridge.domain.capabilities import Capabilities, SuspendScope
from bridge.domain.changes import EntryState
from bridge.domain.checks import Past
from bridge.domain.credential import CodeRules
from bridge.domain.desired import desired_access
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.shadow import (
    Door,
    Look,
    Rehearsal,
    Stage,
    from_json,
    lasting,
    looked_at,
    next_look,
    rehearse,
    to_json,
)
from bridge.domain.tenancy import Rental, RentalState
from tests.domain.tenancies import NOON, POLICY, rental, snapshot, unit

R1, A = RentalId("r1"), TargetId("B-001")
ANY = Capabilities(code_rules=CodeRules())
WHOLE = Capabilities(code_rules=CodeRules(), suspends=SuspendScope.PERSON)


def run(stage: Stage, *rentals: Rental, capabilities: Capabilities = ANY) -> Rehearsal:
    desired = desired_access(snapshot(*rentals), POLICY, NOON, Past(records=stage.records))
    return rehearse(desired, stage, stage.records, capabilities, waits={}, now=NOON)


def kinds(rehearsal: Rehearsal) -> list[str]:
    return [str(change.kind) for change, _ in rehearsal.changes]


STORY: list[tuple[Rental, list[str]]] = [
    (rental(), ["grant"]),
    (rental(), []),
    (rental(overdue=True), ["suspend"]),
    (rental(overdue=True), []),
    (rental(), ["resume"]),
    (rental(of=unit(2)), ["grant", "revoke"]),
    (rental(of=unit(2), state=RentalState.ENDED), ["revoke", "remove_person"]),
    (rental(of=unit(2), state=RentalState.ENDED), []),
]


@pytest.mark.parametrize("capabilities", [ANY, WHOLE])
def test_each_change_is_made_once_and_kept_from_run_to_run(capabilities: Capabilities) -> None:
    stage = Stage()
    for now, expected in STORY:
        rehearsal = run(stage, now, capabilities=capabilities)
        assert kinds(rehearsal) == expected
        stage = from_json(to_json(rehearsal.stage))
        assert stage == rehearsal.stage
    assert (stage.entries, stage.records) == ({}, {})


def test_one_switch_for_the_whole_person_takes_away_what_should_close_beside_an_open_door() -> None:
    stage = run(Stage(), rental(1), rental(2), capabilities=WHOLE).stage
    assert kinds(run(stage, rental(1), rental(2, overdue=True), capabilities=WHOLE)) == ["revoke"]
    shut = run(stage, rental(1, overdue=True), rental(2, overdue=True), capabilities=WHOLE)
    assert kinds(shut) == ["suspend"]
    assert set(shut.stage.entries.values()) == {EntryState.SUSPENDED}


def test_how_many_have_a_door_is_counted_by_rentals() -> None:
    assert run(Stage(), rental(1), rental(2), rental(3, state=RentalState.RESERVED)).stage.with_doors == 2


def looks(stage: Stage, one: Rental, theirs: dict[TargetId, bool] | None) -> dict[RentalId, Look]:
    desired = desired_access(snapshot(one), POLICY, NOON, Past(records=stage.records))
    return looked_at(stage, desired, snapshot(one), theirs, NOON)


def seen(ours: Door, theirs: Door, *, minutes: int = 0, door: str = "B-001") -> Look:
    return Look(door=TargetId(door), ours=ours, theirs=theirs, since=NOON - timedelta(minutes=minutes))


OPEN, CLOSED, UNKNOWN = Door


@pytest.mark.parametrize(
    ("one", "before", "theirs", "expected"),
    [
        (rental(), None, {A: True}, seen(OPEN, OPEN)),
        (rental(), None, {A: False}, seen(OPEN, CLOSED)),
        (rental(), None, {}, seen(OPEN, CLOSED)),
        (rental(), None, None, seen(OPEN, UNKNOWN)),
        (rental(), seen(OPEN, CLOSED, minutes=5), None, seen(OPEN, CLOSED, minutes=5)),
        (rental(), seen(OPEN, OPEN, minutes=5), {A: True}, seen(OPEN, OPEN, minutes=5)),
        (rental(overdue=True), seen(OPEN, OPEN, minutes=5), {A: True}, seen(CLOSED, OPEN)),
        (rental(overdue=True), seen(OPEN, OPEN, minutes=5), None, seen(CLOSED, OPEN)),
        (rental(state=RentalState.ENDED), seen(OPEN, OPEN, minutes=5), {A: True}, seen(CLOSED, OPEN)),
        (rental(state=RentalState.ENDED), None, {A: True}, None),
        (
            rental(state=RentalState.ENDED, of=unit(holder="r9")),
            seen(OPEN, OPEN, minutes=5),
            {A: True},
            seen(CLOSED, UNKNOWN),
        ),
        (rental(of=unit(target=None)), None, {A: True}, None),
        (rental(of=unit(opted_out=True)), None, {A: True}, None),
    ],
)
def test_a_rentals_own_door_is_seen_on_both_sides(
    one: Rental, before: Look | None, theirs: dict[TargetId, bool] | None, expected: Look | None
) -> None:
    past = Stage(looks={} if before is None else {R1: before})
    stage = run(past, one).stage
    assert looks(stage, one, theirs) == ({} if expected is None else {R1: expected})


def test_what_is_over_on_both_sides_is_looked_at_no_more() -> None:
    desired = desired_access(snapshot(rental(state=RentalState.ENDED), rental(2)), POLICY, NOON)
    r2 = RentalId("r2")
    for theirs, kept in ((CLOSED, {r2}), (UNKNOWN, {r2}), (OPEN, {R1, r2})):
        assert set(lasting({R1: seen(CLOSED, theirs), r2: seen(CLOSED, CLOSED)}, desired)) == kept


@pytest.mark.parametrize(("minutes", "wait"), [(0, 1), (1, 1), (10, 5), (60, 30), (600, 60)])
def test_where_they_differ_it_looks_again_soon_and_then_less_often(minutes: int, wait: int) -> None:
    differing = {R1: seen(OPEN, CLOSED, minutes=minutes)}
    assert next_look(differing, NOON) == NOON + timedelta(minutes=wait)
    assert next_look({R1: seen(OPEN, OPEN), RentalId("r2"): seen(OPEN, UNKNOWN)}, NOON) is None
