"""What a site's operator may decide: hours before, after and between."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.domain.access import AccessRecord, AccessStatus, RentalAccess
from bridge.domain.checks import Past
from bridge.domain.desired import desired_access
from bridge.domain.ids import RentalId
from bridge.domain.policy import Blackout, MoveOutPolicy, OverduePolicy, SitePolicy, blackout_end
from bridge.domain.records import as_read
from bridge.domain.tenancy import Rental, RentalState
from bridge.domain.transfers import Link
from tests.domain.tenancies import LONDON, NOON, rental, snapshot, unit

NIGHT = Blackout(start=time(22), end=time(6))
R1, R2 = RentalId("r1"), RentalId("r2")


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
        past = Past(records=as_read({}, [owing], NOON))
        later = as_read(past.records, [owing], NOON + timedelta(hours=20))
        assert later == past.records, "seeing it again starts nothing anew"
        assert only(owing, self.policy, NOON + timedelta(hours=23), past).words() == "granted"
        assert only(owing, self.policy, NOON + timedelta(hours=24), past).words() == "suspended: overdue"

    def test_a_debt_paid_and_made_again_has_its_grace_again(self) -> None:
        past = as_read({}, [rental(overdue=True)], NOON)
        paid = as_read(past, [rental()], NOON + timedelta(hours=30))
        again = as_read(paid, [rental(overdue=True)], NOON + timedelta(hours=40))
        assert again[R1].overdue_since == NOON + timedelta(hours=40)

    def test_a_mark_from_the_future_counts_from_now(self) -> None:
        owing = rental(overdue=True, overdue_since=NOON + timedelta(days=300))
        assert as_read({}, [owing], NOON)[R1].overdue_since == NOON

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
    links = {R1: Link(heir=R2, seen_at=NOON)}  # noqa: RUF012 - never changed
    left = rental(1, state=RentalState.ENDED)
    ends = NOON + timedelta(hours=48)

    def at(
        self,
        now: datetime,
        left: Rental | None = None,
        heir: Rental | None = None,
        *,
        past: Past | None = None,
        policy: SitePolicy | None = None,
    ) -> list[str]:
        past = past or replace(open_before(), links=self.links)
        wanted = desired_access(snapshot(left or self.left, heir or rental(2)), policy or self.policy, now, past)
        return [one.words() for one in wanted.rentals]

    def test_both_units_stay_open_for_that_long_after_the_transfer(self) -> None:
        assert self.at(self.ends - timedelta(seconds=1)) == ["granted", "granted"]
        assert self.at(self.ends) == ["revoked", "granted"]
        past = replace(open_before(), links=self.links)
        assert desired_access(snapshot(self.left, rental(2)), self.policy, NOON, past).next_change == self.ends

    def test_a_unit_that_is_let_again_is_closed_at_once(self) -> None:
        assert self.at(NOON, rental(1, state=RentalState.ENDED, of=unit(1, holder="r9"))) == ["revoked", "granted"]

    def test_the_left_rental_keeps_its_own_reasons(self) -> None:
        assert self.at(NOON, rental(1, state=RentalState.ENDED, overlocked=True)) == ["suspended: manual", "granted"]

    @pytest.mark.parametrize(
        "heir", [rental(2, state=RentalState.ENDED), rental(2, overlocked=True), rental(2, overdue=True)]
    )
    def test_it_lasts_only_while_the_new_rental_is_open(self, heir: Rental) -> None:
        assert self.at(NOON, heir=heir)[0] == "revoked"

    def test_without_a_transfer_nothing_overlaps(self) -> None:
        assert self.at(NOON, past=open_before())[0] == "revoked"

    def test_the_word_of_a_transfer_that_comes_late_opens_only_what_was_closed_just_now(self) -> None:
        def closed(ago: timedelta) -> Past:
            record = AccessRecord(rental=R1, status=AccessStatus.NONE, since=NOON - ago)
            return Past(records={R1: record}, links=self.links)

        assert self.at(NOON, past=closed(timedelta(minutes=2)))[0] == "granted"
        assert self.at(NOON, past=closed(timedelta(hours=2)))[0] == "revoked"

    def test_it_counts_from_the_end_of_the_old_rental_where_the_word_came_later(self) -> None:
        ended = rental(1, state=RentalState.ENDED, end=date(2026, 2, 20))
        assert self.at(NOON, ended)[0] == "revoked"

    def test_an_end_at_night_waits_for_the_morning(self) -> None:
        policy = replace(self.policy, blackout=Blackout(start=time(11), end=time(15)))
        assert self.at(self.ends, policy=policy)[0] == "granted"
        assert self.at(self.ends + timedelta(hours=3), policy=policy)[0] == "revoked"

    @pytest.mark.parametrize(
        ("heir", "words"),
        [
            (None, "granted"),
            (AccessRecord(rental=R2, status=AccessStatus.GRANTED), "granted"),
            (AccessRecord(rental=R2, status=AccessStatus.SUSPENDED), "revoked"),
            (AccessRecord(rental=R2, status=AccessStatus.NONE), "revoked"),
        ],
    )
    def test_across_sites_what_is_known_of_the_new_rental_decides(self, heir: AccessRecord | None, words: str) -> None:
        past = replace(open_before(), links=self.links, elsewhere={} if heir is None else {R2: heir})
        wanted = desired_access(snapshot(self.left), self.policy, NOON, past)
        assert wanted.rentals[0].words() == words
