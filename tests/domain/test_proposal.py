"""What makes two plans the same, what differs between them, and how long the work takes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.domain.changes import Kind
from bridge.domain.estimate import Load, Pace, seconds_for
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId
from bridge.domain.proposal import MAX_NAMED, PlannedRental, PlannedSubject, Proposal, Standing, Step, differences

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
KEY = SubjectKey(connection=ConnectionName("lakeside"), site=SiteId("s1"), tenant=TenantId("t1"))


def a_step(kind: Kind = Kind.GRANT, target: str | None = "B-014") -> Step:
    return Step(kind=kind, target=None if target is None else TargetId(target))


def a_rental(rental: str = "r1", *steps: Step, standing: Standing = Standing.GRANT) -> PlannedRental:
    return PlannedRental(
        rental=RentalId(rental), unit=None, standing=standing, status="granted", steps=steps or (a_step(),)
    )


def a_plan(*rentals: PlannedRental, key: SubjectKey = KEY) -> Proposal:
    return Proposal(made_at=NOW, subjects=(PlannedSubject(subject=key, rentals=rentals),))


UNCHANGED = PlannedRental(rental=RentalId("r2"), unit=None, standing=Standing.UNCHANGED, status="granted")
UNKNOWN = PlannedRental(rental=RentalId("r1"), unit=None, standing=Standing.UNKNOWN, status="unknown", reasons=("503",))


@pytest.mark.parametrize(
    "same",
    [
        replace(a_plan(a_rental()), made_at=NOW + timedelta(hours=1), seconds=99.0, notes=("paused",)),
        a_plan(replace(a_rental(), status="granted: x", reasons=("because",), does=("open",), calls=7)),
        a_plan(a_rental(), UNCHANGED),
        a_plan(replace(a_rental(), steps=(replace(a_step(), waits_for=(RentalId("r9"),)),))),
    ],
)
def test_when_and_why_it_is_done_makes_no_other_plan(same: Proposal) -> None:
    assert same.digest() == a_plan(a_rental()).digest()


@pytest.mark.parametrize(
    "other",
    [
        a_plan(a_rental("r1", a_step(Kind.RESUME))),
        a_plan(a_rental("r1", a_step(target="B-015"))),
        a_plan(a_rental("r1", a_step(target=None))),
        a_plan(a_rental("r1", a_step(), a_step(Kind.CHANGE_CODE, None))),
        a_plan(a_rental("r2")),
        a_plan(a_rental(), a_rental("r2")),
        a_plan(a_rental(), key=replace(KEY, tenant=TenantId("t2"))),
        a_plan(a_rental(), key=replace(KEY, site=SiteId("s2"))),
        a_plan(a_rental(), key=replace(KEY, connection=ConnectionName("hillside"))),
        a_plan(replace(a_rental(), fields=("status",))),
        a_plan(UNKNOWN),
        a_plan(),
    ],
)
def test_who_and_what_makes_another_plan(other: Proposal) -> None:
    assert other.digest() != a_plan(a_rental()).digest()


def test_why_somebody_could_not_be_read_makes_no_other_plan() -> None:
    assert a_plan(UNKNOWN).digest() == a_plan(replace(UNKNOWN, reasons=("no answer",))).digest()


def test_differences_name_the_first_rentals_and_count_the_rest() -> None:
    before = a_plan(*(a_rental(f"r{number}") for number in range(MAX_NAMED + 3)))
    now = a_plan(a_rental("r0"), a_rental("new"))
    told = differences(before.lines(), now.lines())
    assert told.startswith("rental new: nothing then, grant B-014 now; rental r1: grant B-014 then, nothing now")
    assert told.endswith("; and 3 more")
    assert differences(before.lines(), before.lines()) == ""


def test_who_failed_before_is_run_again_even_if_nothing_is_to_do() -> None:
    rested = PlannedSubject(subject=KEY, rentals=(UNCHANGED,))
    assert not rested.needs_run
    assert replace(rested, is_owed=True).needs_run


@pytest.mark.parametrize(
    ("loads", "seconds"),
    [
        ([], 0.0),
        ([Load(calls=0, pace=Pace(at_once=1, rest=60.0))], 0.0),
        ([Load(calls=100, pace=Pace(at_once=4), answer=0.2)], 5.0),
        ([Load(calls=100, pace=Pace(at_once=4, rate=1.0), answer=0.2)], 100.0),
        ([Load(calls=100, pace=Pace(at_once=1, rate=50.0), answer=0.2)], 20.0),
        ([Load(calls=10, pace=Pace(at_once=1, rate=1.0, rest=30.0), answer=0.2)], 40.0),
        ([Load(calls=10, pace=Pace(at_once=1), answer=1.0), Load(calls=10, pace=Pace(at_once=1), answer=3.0)], 30.0),
    ],
)
def test_the_slowest_account_says_when_it_is_done(loads: list[Load], seconds: float) -> None:
    assert seconds_for(loads) == pytest.approx(seconds)
