"""Which losses are cleared and which are held, as a table; what counts as a loss at all."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.access import AccessRecord, AccessStatus, Loss, Problem, RentalAccess
from bridge.domain.budgets import Budget, Budgets, SiteBudgets
from bridge.domain.changes import Change, EntryState, Kind, Observed
from bridge.domain.desired import Desired
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId, UnitId
from bridge.domain.judge import HELD_ALREADY, HOLD_STANDS, Book, Losing, Taken, Verdict, judge, losses

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
HERE, THERE = SiteId("here"), SiteId("there")
LONG_AGO = NOW - timedelta(days=90)
REMOVED = AccessStatus.NONE


def rental(number: int) -> RentalId:
    return RentalId(f"r{number}")


def site(*, per_hour: int | None = None, percent: float | None = None) -> SiteBudgets:
    return SiteBudgets(site=Budgets(removals=Budget(per_hour=per_hour, percent_per_day=percent)))


def past(count: int, *, minutes: float, had: int = 0, of: SiteId = HERE) -> tuple[Taken, ...]:
    """Return so many removals of that long ago."""
    at = NOW - timedelta(minutes=minutes)
    return tuple(
        Taken(site=of, loss=Loss.REMOVAL, rental=RentalId(f"gone{minutes}-{number}"), at=at, site_had=had)
        for number in range(count)
    )


def removals(count: int) -> list[Losing]:
    return [Losing(loss=Loss.REMOVAL, rental=rental(number), since=LONG_AGO) for number in range(count)]


def cleared(verdict: Verdict) -> int:
    return len(verdict.cleared)


@pytest.mark.parametrize(
    ("budgets", "taken", "had", "asked", "passes"),
    [
        (site(per_hour=10), (), 500, 12, 10),
        (site(per_hour=10), past(9, minutes=59), 500, 3, 1),
        (site(per_hour=10), past(9, minutes=60), 500, 3, 3),
        (site(per_hour=10), past(9, minutes=-59), 500, 3, 1),
        (site(per_hour=10), past(9, minutes=-60 * 24 * 365), 500, 3, 3),
        (site(per_hour=0), (), 500, 1, 0),
        (site(percent=20), (), 9, 3, 2),
        (site(percent=20), (), 1, 1, 1),
        (site(percent=20), (), 2, 2, 2),
        (site(percent=20), (), 15, 4, 3),
        (site(percent=20), (), 100, 30, 20),
        (site(percent=20), past(2, minutes=60 * 23, had=15), 13, 2, 1),
        (site(percent=20), past(2, minutes=60 * 24, had=15), 13, 3, 2),
        (site(percent=20), past(2, minutes=60 * 23, had=100), 9, 3, 3),
        (site(percent=0), (), 100, 3, 2),
        (site(percent=100), past(90, minutes=5), 1, 50, 50),
        (site(), past(90, minutes=5), 1, 50, 50),
        (site(per_hour=2, percent=50), (), 100, 9, 2),
        (site(per_hour=9, percent=50), (), 6, 9, 3),
        (site(per_hour=2), past(9, minutes=5, of=THERE), 10, 3, 2),
        (SiteBudgets(connection=Budgets(removals=Budget(per_hour=2))), past(1, minutes=5, of=THERE), 10, 3, 1),
        (SiteBudgets(site=Budgets(suspensions=Budget(per_hour=0))), (), 10, 3, 3),
    ],
)
def test_so_many_pass(budgets: SiteBudgets, taken: tuple[Taken, ...], had: int, asked: int, passes: int) -> None:
    verdict = judge(removals(asked), Book(site=HERE, taken=taken, site_had=had), budgets, NOW)
    assert (len(verdict.cleared), len(verdict.held)) == (passes, asked - passes)
    assert verdict.cleared == tuple(removals(passes)), "the first of the plan"


def test_what_others_of_the_site_wait_for_holds_everything_of_its_kind() -> None:
    losing = [*removals(1), Losing(loss=Loss.SUSPENSION, rental=rental(9), since=LONG_AGO)]
    limits = SiteBudgets(site=Budgets(removals=Budget(per_hour=50), suspensions=Budget(per_hour=50)))
    book = Book(site=HERE, held={(Loss.REMOVAL, rental(7))}, site_had=100)
    verdict = judge(losing, book, limits, NOW)
    assert verdict.held == {(Loss.REMOVAL, rental(0)): HOLD_STANDS}
    assert [one.rental for one in verdict.cleared] == [rental(9)]


def test_what_was_held_by_this_run_stands_in_nobodys_way() -> None:
    book = Book(site=HERE, held={(Loss.REMOVAL, rental(7))}, site_had=100)
    assert cleared(judge(removals(1), book, site(per_hour=9), NOW, spared={rental(7)})) == 1


def test_what_is_held_stays_so_until_it_is_released() -> None:
    key = (Loss.REMOVAL, rental(0))
    assert judge(removals(1), Book(site=HERE, held={key}, site_had=100), site(per_hour=9), NOW).held == {
        key: HELD_ALREADY
    }
    book = Book(site=HERE, held={(Loss.REMOVAL, rental(7))}, released={key})
    verdict = judge(removals(1), book, site(per_hour=0), NOW)
    assert (cleared(verdict), verdict.taken) == (1, ())


@pytest.mark.parametrize(("since", "is_again"), [(LONG_AGO, True), (None, True), (NOW - timedelta(minutes=9), False)])
def test_the_same_loss_passes_again_unless_it_was_open_since(since: datetime | None, *, is_again: bool) -> None:
    before = Taken(site=HERE, loss=Loss.REMOVAL, rental=rental(0), at=NOW - timedelta(minutes=10))
    losing = [Losing(loss=Loss.REMOVAL, rental=rental(0), since=since)]
    verdict = judge(losing, Book(site=HERE, taken=(before,), site_had=100), site(per_hour=0), NOW)
    assert cleared(verdict) == is_again
    assert verdict.taken == ()


def test_a_rental_of_the_same_id_at_another_site_is_another() -> None:
    there = Taken(site=THERE, loss=Loss.REMOVAL, rental=rental(0), at=NOW)
    assert judge(removals(1), Book(site=HERE, taken=(there,), site_had=100), site(per_hour=0), NOW).held


@given(
    per_hour=st.none() | st.integers(0, 12),
    percent=st.none() | st.floats(0, 100),
    history=st.lists(st.tuples(st.integers(0, 60 * 30), st.integers(0, 40)), max_size=30),
    had=st.integers(0, 60),
    asked=st.integers(0, 30),
)
def test_no_plan_that_is_cleared_exceeds_the_budgets(
    per_hour: int | None, percent: float | None, history: Iterable[tuple[int, int]], had: int, asked: int
) -> None:
    taken = tuple(
        one
        for number, (minutes, then) in enumerate(history)
        for one in past(1, minutes=minutes + number / 1000, had=then)
    )
    verdict = judge(
        removals(asked), Book(site=HERE, taken=taken, site_had=had), site(per_hour=per_hour, percent=percent), NOW
    )
    new = len(verdict.taken)
    hour = new + sum(NOW - one.at < timedelta(hours=1) for one in taken)
    of_the_day = [one for one in taken if NOW - one.at < timedelta(days=1)]
    day, most = new + len(of_the_day), max([had, *(one.site_had for one in of_the_day)])
    assert not new or per_hour is None or hour <= per_hour
    assert not new or percent is None or percent == 100 or day < 3 or day * 100 <= percent * most
    assert len(verdict.cleared) + len(verdict.held) == asked


SUBJECT = SubjectKey(connection=ConnectionName("lakeside"), site=HERE, tenant=TenantId("t"))
DOOR, GATE = TargetId("door"), TargetId("gate")
BOTH = Observed(exists=True, entries={DOOR: EntryState.ACTIVE, GATE: EntryState.ACTIVE})


def access(number: int, status: AccessStatus, *, opted_out: bool = False) -> RentalAccess:
    return RentalAccess(rental=rental(number), unit=UnitId(f"u{number}"), status=status, opted_out=opted_out)


def had(number: int, status: AccessStatus = AccessStatus.GRANTED, *doors: TargetId) -> AccessRecord:
    return AccessRecord(rental=rental(number), targets=frozenset(doors or {DOOR}), status=status, since=LONG_AGO)


def a_change(kind: Kind, target: TargetId | None = DOOR, *numbers: int) -> Change:
    return Change(kind=kind, target=target, rentals=tuple(rental(number) for number in numbers or (1,)))


@pytest.mark.parametrize(
    ("change", "wanted", "record", "observed", "lost"),
    [
        (a_change(Kind.REVOKE), access(1, REMOVED), had(1), BOTH, Loss.REMOVAL),
        (a_change(Kind.REVOKE), access(1, REMOVED), had(1, AccessStatus.SUSPENDED), BOTH, Loss.REMOVAL),
        (a_change(Kind.REVOKE), access(1, AccessStatus.GRANTED, opted_out=True), had(1), BOTH, Loss.REMOVAL),
        (a_change(Kind.REVOKE), access(1, AccessStatus.GRANTED), had(1), BOTH, None),
        (a_change(Kind.REMOVE_PERSON, None), access(1, REMOVED), had(1), BOTH, Loss.REMOVAL),
        (a_change(Kind.REMOVE_PERSON, None), access(1, REMOVED), had(1), Observed(exists=True), None),
        (a_change(Kind.SUSPEND), access(1, AccessStatus.SUSPENDED), had(1), BOTH, Loss.SUSPENSION),
        (a_change(Kind.SUSPEND, None), access(1, AccessStatus.SUSPENDED), had(1), BOTH, Loss.SUSPENSION),
        (a_change(Kind.REVOKE), access(1, AccessStatus.SUSPENDED), had(1), BOTH, Loss.SUSPENSION),
        (
            a_change(Kind.REVOKE),
            access(1, AccessStatus.SUSPENDED),
            had(1, AccessStatus.SUSPENDED),
            Observed(exists=True, entries={DOOR: EntryState.SUSPENDED}),
            None,
        ),
        (a_change(Kind.SUSPEND), access(1, AccessStatus.GRANTED), had(1), BOTH, None),
        (a_change(Kind.GRANT), access(1, AccessStatus.GRANTED), had(1), BOTH, None),
        (a_change(Kind.CHANGE_CODE, None), access(1, REMOVED), had(1), BOTH, None),
    ],
)
def test_what_is_a_loss(
    change: Change, wanted: RentalAccess, record: AccessRecord, observed: Observed, lost: Loss | None
) -> None:
    desired = Desired(subject=SUBJECT, rentals=(wanted,))
    found = losses([change], desired, {record.rental: record}, observed)
    assert [one.loss for one in found] == ([] if lost is None else [lost])


def test_a_rental_of_which_the_rules_say_nothing_is_counted_as_lost() -> None:
    found = losses([a_change(Kind.REVOKE)], Desired(subject=SUBJECT, rentals=()), {rental(1): had(1)}, BOTH)
    assert [one.loss for one in found] == [Loss.REMOVAL]


def test_one_rental_with_three_calls_is_one_loss_and_a_frozen_one_is_none() -> None:
    desired = Desired(subject=SUBJECT, rentals=(access(1, REMOVED),), frozen=frozenset({rental(2)}))
    records = {rental(1): had(1, AccessStatus.GRANTED, DOOR, GATE), rental(2): had(2)}
    changes = [
        a_change(Kind.REVOKE, DOOR, 1, 2),
        a_change(Kind.REVOKE, GATE, 1),
        a_change(Kind.REMOVE_PERSON, None, 1, 2),
    ]
    assert losses(changes, desired, records, BOTH) == (Losing(loss=Loss.REMOVAL, rental=rental(1), since=LONG_AGO),)


@pytest.mark.parametrize(
    ("held", "status", "problem", "words"),
    [
        (Loss.REMOVAL, AccessStatus.GRANTED, None, "granted: removal_held"),
        (Loss.REMOVAL, AccessStatus.SUSPENDED, None, "suspended: removal_held"),
        (Loss.SUSPENSION, AccessStatus.GRANTED, None, "granted: suspension_held"),
        (Loss.REMOVAL, AccessStatus.GRANTED, Problem.REFUSED_BY_VENDOR, "error: refused_by_vendor"),
    ],
)
def test_the_status_says_that_it_is_held(held: Loss, status: AccessStatus, problem: Problem | None, words: str) -> None:
    one = RentalAccess(rental=rental(1), unit=UnitId("u"), status=status, held=held, problem=problem)
    assert one.words() == words
