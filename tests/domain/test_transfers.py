"""A transfer: the old door waits for the new one, but not for ever; what is doubtful is asked."""

from datetime import date, timedelta

import pytest

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, Reason
from bridge.domain.checks import Past
from bridge.domain.desired import desired_access
from bridge.domain.ids import RentalId
from bridge.domain.policy import SitePolicy
from bridge.domain.tenancy import Rental, RentalState
from bridge.domain.transfers import PATIENCE, QUICK_ATTEMPTS, Link, heirs_to_wait_for
from tests.domain.tenancies import LONDON, NOON, POLICY, rental, snapshot, unit

R1, R2 = RentalId("r1"), RentalId("r2")
LINK = {R1: Link(heir=R2, seen_at=NOON)}
LEFT = rental(1, state=RentalState.ENDED)


def waits(*rentals: Rental, **more: object) -> dict[RentalId, frozenset[RentalId]]:
    known: dict[str, object] = {"records": {}, "elsewhere": {}, "links": LINK, "now": NOON, "attempts": QUICK_ATTEMPTS}
    return heirs_to_wait_for(snapshot(*rentals), **(known | more))  # type: ignore[arg-type]  # by name


class TestAtOneSite:
    def test_the_left_door_waits_for_the_new_rental(self) -> None:
        assert waits(LEFT, rental(2)) == {R1: {R2}}

    def test_for_some_hours(self) -> None:
        assert waits(LEFT, rental(2), now=NOON + PATIENCE) == {}

    def test_unless_its_unit_is_let_again(self) -> None:
        assert waits(rental(1, state=RentalState.ENDED, of=unit(1, holder="r9")), rental(2)) == {}

    def test_a_new_rental_that_no_link_names_yet_is_waited_for_in_the_first_runs(self) -> None:
        assert waits(LEFT, rental(2), links={}, attempts=QUICK_ATTEMPTS - 1)[R1] == {R2}
        assert waits(LEFT, rental(2), links={}, attempts=QUICK_ATTEMPTS) == {}

    def test_one_that_the_platform_was_told_of_is_nothing_new(self) -> None:
        known = {R2: AccessRecord(rental=R2, written_status="granted")}
        assert waits(LEFT, rental(2), links={}, records=known, attempts=0)[R1] == frozenset()


class TestAcrossSites:
    @pytest.mark.parametrize(
        ("heir", "waited_for"),
        [
            (None, True),
            (AccessRecord(rental=R2), True),
            (AccessRecord(rental=R2, status=AccessStatus.GRANTED), True),
            (AccessRecord(rental=R2, status=AccessStatus.GRANTED, certainty=Certainty.ACCEPTED), True),
            (AccessRecord(rental=R2, status=AccessStatus.GRANTED, certainty=Certainty.CONFIRMED), False),
            (AccessRecord(rental=R2, status=AccessStatus.SUSPENDED), False),
            (AccessRecord(rental=R2, status=AccessStatus.NONE), False),
        ],
    )
    def test_what_the_other_site_has_come_to_decides(self, heir: AccessRecord | None, *, waited_for: bool) -> None:
        elsewhere = {} if heir is None else {R2: heir}
        assert waits(LEFT, elsewhere=elsewhere) == ({R1: {R2}} if waited_for else {})

    def test_an_unreachable_site_is_not_waited_for_for_ever(self) -> None:
        assert waits(LEFT, now=NOON + PATIENCE - timedelta(seconds=1)) == {R1: {R2}}
        assert waits(LEFT, now=NOON + PATIENCE) == {}


class TestWithoutALink:
    """A rental that starts within a day after the tenant's locked one ended may be its heir."""

    old = rental(1, state=RentalState.ENDED, overlocked=True, end=date(2026, 3, 4))

    def words(self, new: Rental, old: Rental | None = None, past: Past | None = None) -> str:
        return desired_access(snapshot(old or self.old, new), POLICY, NOON, past or Past()).rentals[1].words()

    @pytest.mark.parametrize("start", [date(2026, 3, 4), date(2026, 3, 5)])
    def test_it_is_pending(self, start: date) -> None:
        policy = SitePolicy(zone=LONDON, early_access=timedelta(days=2))
        wanted = desired_access(snapshot(self.old, rental(2, start=start)), policy, NOON)
        assert wanted.rentals[1].words() == "pending: transfer_unclear"
        assert wanted.rentals[1].status is AccessStatus.SUSPENDED

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (old, rental(2, start=date(2026, 3, 3))),
            (
                rental(1, state=RentalState.ENDED, overlocked=True, end=date(2026, 3, 2)),
                rental(2, start=date(2026, 3, 4)),
            ),
            (rental(1, state=RentalState.ENDED, end=date(2026, 3, 4)), rental(2, start=date(2026, 3, 4))),
            (rental(1, state=RentalState.ENDED, overlocked=True), rental(2, start=date(2026, 3, 4))),
            (old, rental(2)),
        ],
        ids=["it began before", "days after", "nothing was locked", "no end is known", "no start is known"],
    )
    def test_else_it_is_not(self, old: Rental, new: Rental) -> None:
        assert self.words(new, old) == "granted"

    def test_a_lock_on_the_new_one_is_the_answer(self) -> None:
        assert self.words(rental(2, start=date(2026, 3, 4), overlocked=True)) == "suspended: manual"

    def test_so_is_the_link_when_it_comes(self) -> None:
        assert self.words(rental(2, start=date(2026, 3, 4)), past=Past(links=LINK)) == "granted", (
            "and inherits by itself"
        )

    def test_so_is_taking_the_lock_from_the_old_one(self) -> None:
        untouched = rental(1, state=RentalState.ENDED, end=date(2026, 3, 4))
        assert self.words(rental(2, start=date(2026, 3, 4)), untouched) == "granted"

    def test_it_stays_pending_however_long_nobody_answers(self) -> None:
        record = AccessRecord(
            rental=R2, status=AccessStatus.SUSPENDED, reasons=frozenset({str(Reason.TRANSFER_UNCLEAR)})
        )
        wanted = desired_access(
            snapshot(self.old, rental(2, start=date(2026, 3, 4))),
            POLICY,
            NOON + timedelta(days=90),
            Past(records={R2: record}),
        )
        assert wanted.rentals[1].words() == "pending: transfer_unclear"

    @pytest.mark.parametrize(
        ("status", "reasons", "words"),
        [
            (AccessStatus.NONE, set(), "pending: transfer_unclear"),
            (AccessStatus.SUSPENDED, {Reason.NOT_STARTED}, "pending: transfer_unclear"),
            (AccessStatus.SUSPENDED, {Reason.MANUAL}, "granted"),
            (AccessStatus.SUSPENDED, {Reason.OVERDUE}, "granted"),
        ],
        ids=["it was reserved", "it had not begun", "staff locked it and opened it", "it was overdue"],
    )
    def test_what_it_was_before_tells_whether_the_question_is_open(
        self, status: AccessStatus, reasons: set[Reason], words: str
    ) -> None:
        record = AccessRecord(rental=R2, status=status, reasons=frozenset(str(reason) for reason in reasons))
        assert self.words(rental(2, start=date(2026, 3, 4)), past=Past(records={R2: record})) == words

    def test_one_that_was_open_before_is_not_doubted(self) -> None:
        record = AccessRecord(rental=R2, status=AccessStatus.GRANTED)
        assert self.words(rental(2, start=date(2026, 3, 4)), past=Past(records={R2: record})) == "granted"

    def test_nor_is_one_that_began_long_before_the_bridge_heard_of_it(self) -> None:
        old = rental(1, state=RentalState.ENDED, overlocked=True, end=date(2025, 3, 4))
        assert self.words(rental(2, start=date(2025, 3, 4)), old) == "granted"
