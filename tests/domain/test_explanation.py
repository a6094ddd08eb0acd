"""An explanation says what the rules say, in the same words, and always what to do."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.access import AccessStatus
from bridge.domain.changes import EntryState
from bridge.domain.checks import NO_PAST, Past, RentalChecks, suspension
from bridge.domain.desired import desired_access
from bridge.domain.ids import RentalId
from bridge.domain.policy import MoveOutPolicy, OverduePolicy, SitePolicy
from bridge.domain.scene import Work
from bridge.domain.tenancy import Rental, RentalState
from tests.domain.scenes import at_gate, check, explained, not_passed, record
from tests.domain.tenancies import LONDON, NOON, POLICY, rental, snapshot, unit

ACTIVE = EntryState.ACTIVE
DAYS = st.dates(min_value=date(2026, 3, 1), max_value=date(2026, 3, 8)) | st.none()
RENTALS = st.builds(
    rental,
    st.integers(1, 4),
    state=st.sampled_from([state for state in RentalState if state is not RentalState.UNKNOWN]),
    overdue=st.booleans(),
    overlocked=st.booleans(),
    forgiven=DAYS,
    start=DAYS,
    end=DAYS,
    move_out=DAYS,
    of=st.builds(unit, st.integers(1, 4), opted_out=st.booleans(), blocked=st.booleans()) | st.none(),
)
POLICIES = st.builds(
    SitePolicy,
    zone=st.just(LONDON),
    overdue=st.sampled_from(OverduePolicy),
    move_out_date=st.sampled_from(MoveOutPolicy),
    grace=st.sampled_from([timedelta(0), timedelta(hours=30)]),
    early_access=st.sampled_from([timedelta(0), timedelta(hours=5)]),
)


@given(st.lists(RENTALS, min_size=1, max_size=4, unique_by=lambda one: one.id), POLICIES, st.integers(-100, 100))
def test_it_comes_to_what_a_run_decides_and_the_reasons_are_the_checks_that_fail(
    rentals: list[Rental], policy: SitePolicy, hours: int
) -> None:
    moment = NOON + timedelta(hours=hours)
    told = {one.rental: one for one in explained(*rentals, policy=policy, moment=moment)}
    desired = desired_access(snapshot(*rentals), policy, moment, NO_PAST)
    assert {one.rental: told[one.rental].status for one in desired.rentals} == {
        one.rental: one.words() for one in desired.rentals
    }
    for access in desired.rentals:
        assert suspension(told[access.rental].checks) == access.reasons
        assert told[access.rental].advice


@pytest.mark.parametrize(
    ("one", "policy", "advice"),
    [
        (rental(overlocked=True), POLICY, "Untick gate_overlocked on the rental."),
        (rental(of=unit(blocked=True)), POLICY, "Unblock the unit in the platform."),
        (rental(state=RentalState.RESERVED), POLICY, "Complete the move-in in the platform"),
        (rental(state=RentalState.ENDED), POLICY, "Nothing: the rental is ended."),
        (rental(of=unit(target=None)), POLICY, "Write the gate system's name of the unit into gate_id of the unit"),
        (rental(of=unit(target=None, opted_out=True)), POLICY, "To open the unit through the gate system"),
        (rental(start=date(2026, 3, 9)), POLICY, "Nothing: it opens by itself at 2026-03-09 00:00 GMT."),
        (rental(overdue=True), POLICY, "Have the invoices paid"),
        (
            rental(move_out=date(2026, 3, 3)),
            SitePolicy(zone=LONDON, move_out_date=MoveOutPolicy.END_OF_DAY),
            "Confirm the move-out in the platform",
        ),
    ],
)
def test_each_failed_check_has_its_advice(one: Rental, policy: SitePolicy, advice: str) -> None:
    (told,) = explained(one, observed=at_gate(), policy=policy)
    assert told.advice[0].startswith(advice)


def test_goodwill_that_is_over_is_named_with_its_day() -> None:
    (told,) = explained(rental(overdue=True, forgiven=date(2026, 3, 3)))
    assert "gate_overdueUntil on the rental in place of 2026-03-03, which is over" in told.advice[0]


def test_every_reason_has_its_line_and_the_bridges_part_comes_last() -> None:
    (told,) = explained(rental(overdue=True, overlocked=True), observed=at_gate(B_001=ACTIVE))
    assert [line.split()[0] for line in told.advice] == ["Have", "Untick", "To"]


@pytest.mark.parametrize(
    ("work", "advice"),
    [
        (Work(state="idle"), "To have it done now, write resync into gate_resync on the rental."),
        (Work(state="ready", due_at=NOON), "Nothing else: the bridge is at it."),
        (Work(state="ready", due_at=NOON + timedelta(days=9)), "To have it done now"),
        (Work(state="running"), "Nothing else: the bridge is at it."),
        (Work(state="dead", note="no such door"), "Mend what the gate system refuses: no such door; then write resync"),
        (None, "Save the rental in the platform"),
    ],
)
def test_what_is_not_done_yet_is_got_done(work: Work | None, advice: str) -> None:
    (told,) = explained(rental(), observed=at_gate(), work=work)
    assert told.advice[0].startswith(advice)


def test_what_follows_is_told_in_order_and_nothing_where_no_run_comes() -> None:
    owing = rental(overdue=True)
    (told,) = explained(owing, observed=at_gate(B_001=ACTIVE))
    (unheard,) = explained(owing, observed=at_gate(B_001=ACTIVE), work=None)
    (unseen,) = explained(owing)
    assert told.follows == (
        "at the gate system: close B-001",
        "gate_status becomes suspended: overdue",
        "gate_pinCode is filled",
    )
    assert unheard.follows == unseen.follows == ()


def test_since_when_is_told_only_of_what_is_so_already() -> None:
    known = record(1, "B-001", status=AccessStatus.GRANTED, since=NOON)
    (done,) = explained(rental(), observed=at_gate(B_001=ACTIVE), records=(known,))
    (undone,) = explained(rental(), observed=at_gate(), records=(known,))
    (other,) = explained(rental(overlocked=True), observed=at_gate(B_001=ACTIVE), records=(known,))
    assert [one.since for one in (done, undone, other)] == [NOON, None, None]


def test_those_that_are_over_come_last() -> None:
    told = explained(rental(1, state=RentalState.ENDED), rental(2), unreadable={RentalId("r3"): "not found"})
    assert [one.rental for one in told] == ["r2", "r3", "r1"]


def test_a_rental_that_cannot_be_read_is_unknown_and_stays_as_it_is() -> None:
    (told,) = explained(
        observed=at_gate(B_001=ACTIVE), records=(record(1, "B-001"),), unreadable={RentalId("r1"): "not found"}
    )
    assert (told.status, not_passed(told)) == ("unknown", ["rental_state", "at_vendor"])
    assert check(told, "rental_state").evidence == "not found"
    assert "stays as it is" in told.advice[0]


def test_the_next_change_is_the_rentals_own() -> None:
    one, other = rental(1, start=date(2026, 3, 6)), rental(2, overdue=True, forgiven=date(2026, 3, 4))
    told = explained(one, other)
    assert [each.next_change for each in told] == [datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)]


def test_overdue_is_told_since_when_also_where_another_rental_owes() -> None:
    since = NOON - timedelta(days=3)
    policy = SitePolicy(zone=LONDON, overdue=OverduePolicy.TENANT)
    checks = RentalChecks(snapshot(rental(1, overdue=True, overdue_since=since), rental(2)), policy, NOON, Past())
    told = [one for number in (1, 2) for one in checks.of(rental(number)) if one.name == "overdue"]
    assert [one.since for one in told] == [since, since]
