"""Staff's lock goes from a left rental to the one that replaced it, once."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.access import AccessRecord, Handover
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TenantId, UnitId
from bridge.domain.inheritance import Inheritance, inherited_locks, with_locks
from bridge.domain.tenancy import Rental, RentalFields, RentalState, Snapshot, Tenant, Unit
from bridge.domain.transfers import Link, Links

SUBJECT = SubjectKey(connection=ConnectionName("lakeside"), site=SiteId("s1"), tenant=TenantId("t1"))
OLD, NEW, NEXT = RentalId("old"), RentalId("new"), RentalId("next")


def linked(heirs: Mapping[RentalId, RentalId]) -> Links:
    return {left: Link(heir=heir, seen_at=datetime(2026, 3, 4, tzinfo=UTC)) for left, heir in heirs.items()}


LINK = linked({OLD: NEW})


def rental(
    name: RentalId,
    *,
    locked: bool = False,
    state: RentalState = RentalState.OCCUPIED,
    status: str | None = None,
) -> Rental:
    unit = Unit(id=UnitId(f"u-{name}"), name=name)
    return Rental(id=name, unit=unit, state=state, fields=RentalFields(overlocked=locked, status=status))


def left(*, locked: bool) -> Rental:
    return rental(OLD, locked=locked, state=RentalState.ENDED)


def record(handover: Handover | None, written: str | None = None) -> Mapping[RentalId, AccessRecord]:
    return {NEW: AccessRecord(rental=NEW, handover=handover, written_status=written)}


def snapshot(*rentals: Rental, unreadable: Mapping[RentalId, str] | None = None) -> Snapshot:
    return Snapshot(subject=SUBJECT, tenant=Tenant(name="Mira"), rentals=rentals, unreadable=unreadable or {})


HEIR = Inheritance(heirs=frozenset({NEW}))
OVER = Inheritance(over=frozenset({NEW}))
OPEN = Inheritance()


@pytest.mark.parametrize(
    ("old_locked", "new", "known", "expected"),
    [
        (True, rental(NEW), record(None), HEIR),
        (False, rental(NEW), record(None), OVER),
        (True, rental(NEW, locked=True), record(None), OVER),
        (True, rental(NEW), record(Handover.DONE), OVER),
        (True, rental(NEW, state=RentalState.RESERVED), record(None), OPEN),
        (True, rental(NEW), record(Handover.SENT, "suspended: manual"), HEIR),
        (True, rental(NEW, status="suspended: manual"), record(Handover.SENT, "suspended: manual"), OVER),
        (True, rental(NEW, locked=True), record(Handover.SENT, "suspended: manual"), OVER),
    ],
    ids=[
        "a lock is taken over",
        "no lock is not taken over later either",
        "a ticked switch is staff's own",
        "an unticked one after the handing on is staff's word",
        "a rental still to come waits",
        "a write that was announced and did not arrive is repeated",
        "a write that arrived and was unticked is not",
        "a write that arrived is not repeated",
    ],
)
def test_a_lock_is_handed_on_once(
    *, old_locked: bool, new: Rental, known: Mapping[RentalId, AccessRecord], expected: Inheritance
) -> None:
    assert inherited_locks(snapshot(left(locked=old_locked), new), known, LINK) == expected


def test_without_a_link_nothing_is_taken_over() -> None:
    assert inherited_locks(snapshot(left(locked=True), rental(NEW)), {}, {}) == OPEN


def test_the_lock_of_a_rental_elsewhere_is_left_open() -> None:
    assert inherited_locks(snapshot(rental(NEW)), {}, LINK) == OPEN


@pytest.mark.parametrize(("locked", "expected"), [(True, HEIR), (False, OPEN)])
def test_of_an_old_rental_that_cannot_be_read_only_a_lock_that_was_seen_is_believed(
    *, locked: bool, expected: Inheritance
) -> None:
    known = {OLD: AccessRecord(rental=OLD, staff_lock=locked)}
    assert inherited_locks(snapshot(rental(NEW), unreadable={OLD: "away"}), known, LINK) == expected


def test_a_lock_passes_through_a_rental_that_was_left_before_it_was_ticked() -> None:
    moved_twice = snapshot(left(locked=True), rental(NEW, state=RentalState.ENDED), rental(NEXT))
    assert inherited_locks(moved_twice, {}, linked({OLD: NEW, NEW: NEXT})).heirs == {NEXT}


def test_a_lock_that_staff_ended_on_the_way_is_not_passed_on() -> None:
    moved_twice = snapshot(left(locked=True), rental(NEW, state=RentalState.ENDED), rental(NEXT))
    assert inherited_locks(moved_twice, record(Handover.DONE), linked({OLD: NEW, NEW: NEXT})).heirs == frozenset()


NAMES = [RentalId(name) for name in "abcd"]


@given(
    rentals=st.lists(
        st.builds(rental, st.sampled_from(NAMES), locked=st.booleans(), state=st.sampled_from(RentalState)),
        unique_by=lambda one: one.id,
    ),
    heirs=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES)),
)
def test_once_the_ticks_are_written_nobody_is_an_heir_any_more(
    rentals: list[Rental], heirs: dict[RentalId, RentalId]
) -> None:
    links = linked(heirs)
    before = snapshot(*rentals)
    first = inherited_locks(before, {}, links)
    done = {name: AccessRecord(rental=name, handover=Handover.DONE) for name in first.heirs | first.over}
    assert inherited_locks(with_locks(before, first.heirs), done, links).heirs == frozenset()
    assert not first.heirs & first.over
    unticked = inherited_locks(before, done, links)
    assert not unticked.heirs & first.heirs, "what staff untick stays unticked"
