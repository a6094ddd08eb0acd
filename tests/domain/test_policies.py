"""What a site's operator may decide: hours before, after and between."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.domain.access import AccessRecord, AccessStatus, RentalAccess
from bridge.domain.checks import Past
from bridge.domain.desired import desired_access
from bridge.domain.ids import RentalId
from bridge.domain.policy import Blackout, MoveOutPolicy, OverduePolicy, SitePolicy, blackout_end
from bridge.domain.records import marked_overdue
from bridge.domain.tenancy import Rental, RentalState
from bridge.domain.transfers import Link
from tests.domain.tenancies import LONDON, NOON, rental, snapshot, unit

NIGHT = Blackout(start=time(22), end=time(6))
R1 = RentalId("r1")


def only(one: Rental, policy: SitePolicy, now: datetime, past: Past | None = None) -> RentalAccess:
    return desired_access(snapshot(one), policy, now, past or Past()).rentals[0]


def open_before(**more: object) -> Past:
    return Past(records={R1: AccessRecord(rental=R1, status=AccessStatus.GRANTED, **more)})  # type: ignore[arg-type]  # fields by name


def test_early_access_opens_that_long_before_the_first_day() -> None:
    policy = SitePolicy(zone=LONDON, early_access=timedelta(hours=6))
    coming = rental(start=date(2026, 3, 5))
    opens = datetime(2026, 3, 4, 18, tzinfo=UTC)
    assert only(coming, policy, opens - timedelta(seconds=1)).words() == "suspended: not_started"
    assert desired_access(snapshot(coming), policy, NOON).next_change == opens
    assert only(coming, policy, opens).words() == "granted"


@pytest.mark.parametrize("state", [RentalState.RESERVED, RentalState.SUBMITTED])
def test_early_access_is_for_a_rental_that_is_occupied(state: RentalState) -> None:
    policy = SitePolicy(zone=LONDON, early_access=timedelta(days=2))
    assert only(rental(state=state, start=date(2026, 3, 5)), policy, NOON).words() == "revoked"


class TestGrace:
    policy = SitePolicy(zone=LONDON, grace=timedelta(hours=24))

    def test_it_counts_from_when_the_platform_marked_the_rental(self) -> None:
        owing = rental(overdue=True, overdue_since=NOON - timedelta(hours=23))
        assert only(owing, self.policy, NOON).words() == "granted"
        assert desired_access(snapshot(owing), self.policy, NOON).next_change == NOON + timedelta(hours=1)
        assert only(owing, self.policy, NOON + timedelta(hours=1)).words() == "suspended: overdue"

    def test_or_from_when_the_bridge_first_saw_it(self) -> None:
        owing = rental(overdue=True)
        past = Past(records=marked_overdue({}, [owing], NOON))
        later = marked_overdue(past.records, [owing], NOON + timedelta(hours=20))
        assert later == past.records, "seeing it again starts nothing anew"
        assert only(owing, self.policy, NOON + timedelta(hours=23), past).words() == "granted"
        assert only(owing, self.policy, NOON + timedelta(hours=24), past).words() == "suspended: overdue"

    def test_a_debt_paid_and_made_again_has_its_grace_again(self) -> None:
        past = marked_overdue({}, [rental(overdue=True)], NOON)
        paid = marked_overdue(past, [rental()], NOON + timedelta(hours=30))
        again = marked_overdue(paid, [rental(overdue=True)], NOON + timedelta(hours=40))
        assert again[R1].overdue_since == NOON + timedelta(hours=40)

    def test_a_mark_from_the_future_counts_from_now(self) -> None:
        owing = rental(overdue=True, overdue_since=NOON + timedelta(days=300))
        assert marked_overdue({}, [owing], NOON)[R1].overdue_since == NOON

    def test_it_holds_for_the_others_where_one_debt_closes_all(self) -> None:
        policy = SitePolicy(zone=LONDON, grace=timedelta(hours=24), overdue=OverduePolicy.TENANT)
        both = snapshot(rental(1, overdue=True, overdue_since=NOON), rental(2))
        assert {one.words() for one in desired_access(both, policy, NOON).rentals} == {"granted"}
        later = desired_access(both, policy, NOON + timedelta(hours=24))
        assert {one.words() for one in later.rentals} == {"suspended: overdue"}
        assert desired_access(both, policy, NOON).next_change == NOON + timedelta(hours=24)

    def test_a_manual_lock_knows_no_grace(self) -> None:
        assert only(rental(overlocked=True), self.policy, NOON).words() == "suspended: manual"


class TestBlackout:
    policy = SitePolicy(zone=LONDON, blackout=NIGHT, move_out_date=MoveOutPolicy.END_OF_DAY)
    midnight = datetime(2026, 3, 5, tzinfo=UTC)
    morning = datetime(2026, 3, 5, 6, tzinfo=UTC)

    def test_what_is_open_is_closed_when_it_ends(self) -> None:
        owing = rental(overdue=True)
        assert only(owing, self.policy, self.midnight, open_before()).words() == "granted"
        assert desired_access(snapshot(owing), self.policy, self.midnight, open_before()).next_change == self.morning
        assert only(owing, self.policy, self.morning, open_before()).words() == "suspended: overdue"

    def test_a_move_out_date_that_passes_at_night_waits_for_the_morning(self) -> None:
        leaving = rental(move_out=date(2026, 3, 4))
        assert only(leaving, self.policy, self.midnight, open_before()).words() == "granted"
        assert only(leaving, self.policy, self.morning, open_before()).words() == "suspended: move_out_passed"

    @pytest.mark.parametrize("status", [None, AccessStatus.SUSPENDED, AccessStatus.NONE])
    def test_it_opens_nothing(self, status: AccessStatus | None) -> None:
        past = Past(records={R1: AccessRecord(rental=R1, status=status)})
        assert only(rental(overdue=True), self.policy, self.midnight, past).words() == "suspended: overdue"

    def test_what_staff_do_is_done_at_night_too(self) -> None:
        assert only(rental(overlocked=True), self.policy, self.midnight, open_before()).words() == "suspended: manual"
        blocked = rental(of=unit(blocked=True))
        assert only(blocked, self.policy, self.midnight, open_before()).words() == "suspended: unit_blocked"
        gone = rental(state=RentalState.ENDED)
        assert only(gone, self.policy, self.midnight, open_before()).words() == "revoked"

    @pytest.mark.parametrize(
        ("blackout", "now", "end"),
        [
            (NIGHT, "2026-03-04T21:59", None),
            (NIGHT, "2026-03-04T22:00", "2026-03-05T06:00"),
            (NIGHT, "2026-03-05T05:59", "2026-03-05T06:00"),
            (NIGHT, "2026-03-05T06:00", None),
            (Blackout(start=time(9), end=time(17)), "2026-03-04T12:00", "2026-03-04T17:00"),
            (Blackout(start=time(9), end=time(17)), "2026-03-04T17:00", None),
            # The clock goes forward on 29 March at 01:00, back on 25 October at 02:00.
            (NIGHT, "2026-03-28T23:00", "2026-03-29T05:00"),
            (NIGHT, "2026-10-24T23:00", "2026-10-25T06:00"),
            (NIGHT, "2028-02-28T23:00", "2028-02-29T06:00"),
        ],
    )
    def test_it_follows_the_wall_clock(self, blackout: Blackout, now: str, end: str | None) -> None:
        moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
        policy = SitePolicy(zone=LONDON, blackout=blackout)
        expected = None if end is None else datetime.fromisoformat(end).replace(tzinfo=UTC)
        assert blackout_end(policy, moment) == expected

    @pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])
    def test_its_end_is_always_ahead_and_never_a_day_away(self, zone: str) -> None:
        policy = SitePolicy(zone=ZoneInfo(zone), blackout=Blackout(start=time(1, 30), end=time(2, 15)))
        for minute in range(0, 366 * 24 * 60, 15):
            now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
            end = blackout_end(policy, now)
            assert end is None or now < end <= now + timedelta(hours=2), now


class TestOverlap:
    policy = SitePolicy(zone=LONDON, overlap=timedelta(hours=48))
    links = {R1: Link(heir=RentalId("r2"), seen_at=NOON)}  # noqa: RUF012 - never changed

    def at(self, now: datetime, left: Rental) -> list[str]:
        wanted = desired_access(snapshot(left, rental(2)), self.policy, now, Past(links=self.links))
        return [one.words() for one in wanted.rentals]

    def test_both_units_stay_open_for_that_long_after_the_transfer(self) -> None:
        left = rental(1, state=RentalState.ENDED)
        ends = NOON + timedelta(hours=48)
        assert self.at(ends - timedelta(seconds=1), left) == ["granted", "granted"]
        assert self.at(ends, left) == ["revoked", "granted"]
        wanted = desired_access(snapshot(left, rental(2)), self.policy, NOON, Past(links=self.links))
        assert wanted.next_change == ends

    def test_a_unit_that_is_let_again_is_closed_at_once(self) -> None:
        left = rental(1, state=RentalState.ENDED, of=unit(1, holder="r9"))
        assert self.at(NOON, left) == ["revoked", "granted"]

    def test_the_left_rental_keeps_its_own_reasons(self) -> None:
        assert self.at(NOON, rental(1, state=RentalState.ENDED, overlocked=True)) == ["suspended: manual", "granted"]

    def test_without_a_transfer_nothing_overlaps(self) -> None:
        left = rental(1, state=RentalState.ENDED)
        assert [one.words() for one in desired_access(snapshot(left), self.policy, NOON).rentals] == ["revoked"]
