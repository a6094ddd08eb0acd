"""Who may enter, as tables."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.access import AccessRecord, AccessStatus, Problem, Reason
from bridge.domain.checks import Past
from bridge.domain.desired import desired_access
from bridge.domain.errors import Anomaly
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.policy import Blackout, CommonDoorsPolicy, MoveOutPolicy, OverduePolicy, SitePolicy
from bridge.domain.records import as_read
from bridge.domain.tenancy import Rental, RentalState
from tests.domain.tenancies import LONDON, NOON, POLICY, rental, snapshot, unit


@pytest.mark.parametrize("state", [s for s in RentalState if s not in {RentalState.OCCUPIED, RentalState.UNKNOWN}])
def test_only_an_occupied_rental_earns_access(state: RentalState) -> None:
    (access,) = desired_access(snapshot(rental(state=state, overdue=True)), POLICY, NOON).rentals
    assert access.status is AccessStatus.NONE
    assert access.words() == "revoked"


def test_a_state_that_nobody_knows_is_an_anomaly_and_not_nobody() -> None:
    with pytest.raises(Anomaly):
        desired_access(snapshot(rental(state=RentalState.UNKNOWN)), POLICY, NOON)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (rental(), "granted"),
        (rental(overdue=True), "suspended: overdue"),
        (rental(overlocked=True), "suspended: manual"),
        (rental(overdue=True, overlocked=True), "suspended: overdue, manual"),
        (rental(start=date(2026, 3, 4)), "granted"),
        (rental(start=date(2026, 3, 5)), "suspended: not_started"),
        (rental(start=date(2026, 3, 5), overdue=True), "suspended: overdue, not_started"),
        (rental(of=unit(blocked=True)), "suspended: unit_blocked"),
        (rental(of=unit(target=None)), "error: no_mapping"),
        (rental(of=unit(target=None, opted_out=True)), "revoked: opted_out"),
        (rental(move_out=date(2026, 3, 3)), "granted"),
    ],
)
def test_each_reason_has_its_own_evidence(one: Rental, words: str) -> None:
    (access,) = desired_access(snapshot(one), POLICY, NOON).rentals
    assert access.words() == words


def test_a_payment_removes_only_overdue() -> None:
    before = desired_access(snapshot(rental(overdue=True, overlocked=True)), POLICY, NOON).rentals[0]
    after = desired_access(snapshot(rental(overlocked=True)), POLICY, NOON).rentals[0]
    assert before.reasons - after.reasons == {Reason.OVERDUE}
    assert after.status is AccessStatus.SUSPENDED


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (OverduePolicy.RENTAL, ["suspended: overdue", "granted"]),
        (OverduePolicy.TENANT, ["suspended: overdue", "suspended: overdue"]),
        (OverduePolicy.IGNORE, ["granted", "granted"]),
    ],
)
def test_the_overdue_policy_says_whom_one_unpaid_rental_suspends(policy: OverduePolicy, words: list[str]) -> None:
    wanted = desired_access(snapshot(rental(1, overdue=True), rental(2)), SitePolicy(zone=LONDON, overdue=policy), NOON)
    assert [access.words() for access in wanted.rentals] == words


def test_goodwill_ignores_overdue_through_its_last_day() -> None:
    forgiven = snapshot(rental(overdue=True, forgiven=date(2026, 6, 30)))
    midnight = datetime(2026, 6, 30, 23, tzinfo=UTC)  # London is an hour ahead in summer
    before = desired_access(forgiven, POLICY, midnight - timedelta(seconds=1))
    after = desired_access(forgiven, POLICY, midnight)
    assert (before.rentals[0].words(), before.next_change) == ("granted", midnight)
    assert (after.rentals[0].words(), after.next_change) == ("suspended: overdue", None)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (OverduePolicy.RENTAL, ["granted", "suspended: overdue", "granted"]),
        (OverduePolicy.TENANT, ["suspended: overdue"] * 3),
        (OverduePolicy.IGNORE, ["granted"] * 3),
    ],
)
def test_goodwill_is_for_its_own_rental(policy: OverduePolicy, words: list[str]) -> None:
    rentals = rental(1, overdue=True, forgiven=date(2026, 3, 4)), rental(2, overdue=True), rental(3)
    wanted = desired_access(snapshot(*rentals), SitePolicy(zone=LONDON, overdue=policy), NOON)
    assert [access.words() for access in wanted.rentals] == words


def test_by_policy_goodwill_for_every_overdue_rental_opens_all_of_the_tenants() -> None:
    policy = SitePolicy(zone=LONDON, overdue=OverduePolicy.TENANT)
    wanted = desired_access(snapshot(rental(1, overdue=True, forgiven=date(2026, 3, 4)), rental(2)), policy, NOON)
    assert [access.words() for access in wanted.rentals] == ["granted", "granted"]
    assert wanted.next_change == datetime(2026, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "policy"),
    [
        (rental(forgiven=date(2026, 3, 10)), POLICY),
        (rental(forgiven=date(2026, 3, 10), overdue=True), SitePolicy(zone=LONDON, overdue=OverduePolicy.IGNORE)),
        (rental(forgiven=date(2026, 3, 10), overdue=True, state=RentalState.ENDED), POLICY),
    ],
    ids=["nothing owed", "overdue ignored", "ended"],
)
def test_goodwill_that_forgives_nothing_wakes_nobody(one: Rental, policy: SitePolicy) -> None:
    assert desired_access(snapshot(one), policy, NOON).next_change is None


def test_goodwill_leaves_staffs_own_lock_in_place() -> None:
    one = rental(overdue=True, overlocked=True, forgiven=date(2026, 3, 10))
    assert desired_access(snapshot(one), POLICY, NOON).rentals[0].words() == "suspended: manual"


def test_an_ended_rental_that_is_overdue_suspends_nothing() -> None:
    policy = SitePolicy(zone=LONDON, overdue=OverduePolicy.TENANT)
    ended = rental(1, state=RentalState.ENDED, overdue=True)
    wanted = desired_access(snapshot(ended, rental(2)), policy, NOON)
    assert [access.words() for access in wanted.rentals] == ["revoked", "granted"]


def test_the_move_out_day_belongs_to_the_tenant_to_its_end() -> None:
    policy = SitePolicy(zone=LONDON, move_out_date=MoveOutPolicy.END_OF_DAY)
    leaving = snapshot(rental(move_out=date(2026, 6, 30)))
    midnight = datetime(2026, 6, 30, 23, tzinfo=UTC)  # London is an hour ahead in summer
    before = desired_access(leaving, policy, midnight - timedelta(seconds=1))
    after = desired_access(leaving, policy, midnight)
    assert before.rentals[0].words() == "granted"
    assert before.next_change == midnight
    assert after.rentals[0].words() == "suspended: move_out_passed"
    assert after.next_change is None


@pytest.mark.parametrize(
    ("zone", "day", "starts"),
    [
        ("Europe/London", date(2026, 3, 29), datetime(2026, 3, 29, 0, tzinfo=UTC)),
        ("Europe/London", date(2026, 3, 30), datetime(2026, 3, 29, 23, tzinfo=UTC)),
        ("America/New_York", date(2026, 11, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),
        ("America/New_York", date(2026, 11, 2), datetime(2026, 11, 2, 5, tzinfo=UTC)),
        ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, tzinfo=UTC)),  # midnight itself is skipped
        ("Pacific/Auckland", date(2028, 2, 29), datetime(2028, 2, 28, 11, tzinfo=UTC)),
    ],
)
def test_a_rental_starts_at_the_sites_own_midnight(zone: str, day: date, starts: datetime) -> None:
    policy = SitePolicy(zone=ZoneInfo(zone))
    coming = snapshot(rental(start=day))
    early = desired_access(coming, policy, starts - timedelta(seconds=1))
    assert early.rentals[0].words() == "suspended: not_started"
    assert early.next_change == starts
    assert desired_access(coming, policy, starts).rentals[0].words() == "granted"


def test_a_tenant_without_any_rental_needs_no_code_and_a_suspended_one_keeps_it() -> None:
    assert desired_access(snapshot(rental(overdue=True)), POLICY, NOON).needs_code
    assert not desired_access(snapshot(rental(state=RentalState.ENDED)), POLICY, NOON).needs_code
    assert not desired_access(snapshot(rental(of=unit(opted_out=True))), POLICY, NOON).needs_code


def test_an_unmapped_unit_is_a_problem_for_staff_and_opens_nothing() -> None:
    (access,) = desired_access(snapshot(rental(of=unit(target=None))), POLICY, NOON).rentals
    assert access.problem is Problem.NO_MAPPING
    assert access.target is None


_rentals = st.lists(
    st.builds(
        rental,
        st.integers(1, 6),
        state=st.sampled_from([s for s in RentalState if s is not RentalState.UNKNOWN]),
        overdue=st.booleans(),
        overlocked=st.booleans(),
        forgiven=st.none() | st.dates(date(2026, 2, 25), date(2026, 3, 10)),
        start=st.none() | st.dates(date(2026, 2, 25), date(2026, 3, 10)),
        move_out=st.none() | st.dates(date(2026, 2, 25), date(2026, 3, 10)),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)


_policies = st.builds(
    SitePolicy,
    zone=st.just(LONDON),
    overdue=st.sampled_from(OverduePolicy),
    move_out_date=st.sampled_from(MoveOutPolicy),
    common_doors=st.sampled_from([(), (TargetId("GATE"),)]),
    common_doors_open=st.sampled_from(CommonDoorsPolicy),
    early_access=st.timedeltas(timedelta(0), timedelta(days=3)),
    grace=st.timedeltas(timedelta(0), timedelta(days=3)),
    blackout=st.sampled_from([None, Blackout(start=time(9), end=time(17)), Blackout(start=time(22), end=time(6))]),
)
_records = st.dictionaries(
    st.sampled_from([RentalId(f"r{n}") for n in range(1, 7)]), st.sampled_from([None, *AccessStatus])
).map(lambda known: {one: AccessRecord(rental=one, status=status) for one, status in known.items()})


@given(rentals=_rentals, policy=_policies, known=_records)
def test_open_means_occupied_and_no_reason_left(
    rentals: list[Rental], policy: SitePolicy, known: dict[RentalId, AccessRecord]
) -> None:
    past = Past(records=as_read(known, rentals, NOON))
    wanted = desired_access(snapshot(*rentals), policy, NOON, past)
    by_id = {one.id: one for one in rentals}
    for access in wanted.rentals:
        if access.status is AccessStatus.GRANTED:
            assert by_id[access.rental].state is RentalState.OCCUPIED
            assert not by_id[access.rental].fields.overlocked
            assert not access.reasons
    if wanted.next_change is not None:
        moment = wanted.next_change - timedelta(microseconds=1)
        just_before = desired_access(snapshot(*rentals), policy, moment, past)
        assert just_before.rentals == wanted.rentals, "nothing changes by itself before the next change"
    for door in wanted.common_doors:
        assert not door.is_open or any(by_id[one].state is RentalState.OCCUPIED for one in door.rentals)
