"""Who is overdue, when the platform's clock says so, and what staff's edits tell."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.sandbox.platform import MIRA, BatchForm, Event, EventType, World, demo_world
from bridge.sandbox.platform.records import FieldValue, RentalState

B014 = "66f1a0c2b7d4e90015c0d014"
B021 = "66f1a0c2b7d4e90015c0d021"
JONAS = "66f1a0c2b7d4e90015c01778"


class Standing:
    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


@pytest.fixture
def world() -> World:
    return demo_world(base=Standing(datetime(2026, 3, 4, 9, 0, tzinfo=UTC)))


def of_type(world: World, event_type: EventType) -> list[Event]:
    return [event for event in world.books.events if event.type is event_type]


def owner_is_overdue(world: World, user: str = MIRA) -> bool:
    return world.books.users.get(user).overdue is not None


def test_the_tenant_is_overdue_while_any_active_rental_is(world: World) -> None:
    first, second = world.move_in(MIRA, B014), world.move_in(MIRA, B021)
    world.mark_overdue(first.id)
    world.mark_overdue(second.id)
    world.pay(first.id)
    assert owner_is_overdue(world)
    world.pay(second.id)
    assert not owner_is_overdue(world)


def test_an_overdue_rental_that_ends_does_not_keep_the_tenant_overdue(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.mark_overdue(rental.id)
    world.confirm_move_out(rental.id)
    assert not owner_is_overdue(world)


def test_an_ended_rental_can_become_overdue_late_without_touching_the_tenant(world: World) -> None:
    rental = world.confirm_move_out(world.move_in(MIRA, B014).id)
    assert world.mark_overdue(rental.id).overdue is not None
    assert len(of_type(world, EventType.MARK_OVERDUE)) == 1
    assert not owner_is_overdue(world)


def test_marking_twice_tells_once(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.mark_overdue(rental.id)
    world.mark_overdue(rental.id)
    assert len(of_type(world, EventType.MARK_OVERDUE)) == 1


def test_paying_what_is_not_overdue_tells_nobody(world: World) -> None:
    world.pay(world.move_in(MIRA, B014).id)
    assert of_type(world, EventType.UNMARK_OVERDUE) == []


def test_the_overdue_run_waits_for_one_o_clock(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.owe(rental.id, date(2026, 3, 4))
    world.clock.advance(timedelta(hours=3, minutes=59))
    world.catch_up()
    assert world.books.rentals.get(rental.id).overdue is None
    world.clock.advance(timedelta(minutes=1))
    world.catch_up()
    assert world.books.rentals.get(rental.id).overdue is not None


def test_the_overdue_run_follows_the_wall_clock_into_summer() -> None:
    world = demo_world(base=Standing(datetime(2026, 3, 30, 11, 59, tzinfo=UTC)))
    rental = world.move_in(MIRA, B014)
    world.owe(rental.id, date(2026, 3, 30))
    world.clock.advance(timedelta(minutes=1))
    world.catch_up()
    assert world.books.rentals.get(rental.id).overdue is not None


def test_an_invoice_paid_before_the_run_marks_nobody(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.owe(rental.id, date(2026, 3, 4))
    world.pay(rental.id)
    world.clock.advance(timedelta(days=2))
    world.catch_up()
    assert world.books.rentals.get(rental.id).overdue is None


def test_midnight_completes_only_what_has_auto_complete_on(world: World) -> None:
    by_itself = world.move_in(MIRA, B014, date(2026, 3, 5))
    by_staff = world.move_in(JONAS, B021, date(2026, 3, 5), auto_complete=False)
    world.clock.advance(timedelta(hours=15))
    world.catch_up()
    assert world.books.rentals.get(by_itself.id).state is RentalState.OCCUPIED
    assert world.books.rentals.get(by_staff.id).state is RentalState.RESERVED


def test_midnight_starts_a_move_out_and_never_completes_it(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.schedule_move_out(rental.id, date(2026, 3, 6))
    world.clock.advance(timedelta(days=30))
    world.catch_up()
    assert len(of_type(world, EventType.MOVE_OUT_STARTED)) == 1
    assert world.books.rentals.get(rental.id).state is RentalState.OCCUPIED


def test_midnight_completes_a_transfer_of_that_day(world: World) -> None:
    new = world.transfer(world.move_in(MIRA, B014).id, B021, date(2026, 3, 6))
    world.clock.advance(timedelta(days=2))
    world.catch_up()
    assert world.books.rentals.get(new.id).state is RentalState.OCCUPIED
    assert [event.rental_ids[-1] for event in of_type(world, EventType.TRANSFER_COMPLETED)] == [new.id]


@given(
    steps=st.lists(st.integers(min_value=1, max_value=40 * 3600), min_size=1, max_size=20),
    zone=st.sampled_from(["Europe/London", "Pacific/Auckland", "America/Lima", "Pacific/Kiritimati"]),
)
def test_each_daily_run_happens_once_however_the_time_is_cut(steps: list[int], zone: str) -> None:
    start = datetime(2026, 3, 26, 9, 30, tzinfo=UTC)
    cut, whole = (World(zone=zone, base=Standing(start)) for _ in range(2))
    runs = 0
    for step in steps:
        cut.clock.advance(timedelta(seconds=step))
        runs += cut.catch_up()
    whole.clock.advance(timedelta(seconds=sum(steps)))
    assert runs == whole.catch_up()


def test_a_batch_tells_of_each_rental(world: World) -> None:
    rentals = [world.move_in(MIRA, B014).id, world.move_in(JONAS, B021).id]
    world.mark_overdue_batch(rentals)
    assert [event.rental_ids for event in of_type(world, EventType.MARK_OVERDUE)] == [(one,) for one in rentals]


def test_a_legacy_batch_is_one_event_whose_job_names_all(world: World) -> None:
    rentals = (world.move_in(MIRA, B014).id, world.move_in(JONAS, B021).id)
    world.mark_overdue_batch(rentals, BatchForm.ONE_EVENT)
    (event,) = of_type(world, EventType.MARK_OVERDUE)
    assert event.job_id is not None
    assert world.books.jobs.get(event.job_id).result.unit_rental_ids == rentals
    assert owner_is_overdue(world, MIRA)
    assert owner_is_overdue(world, JONAS)


def test_an_edit_names_only_what_it_changed(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.edit_rental(rental.id, {"gate_pinCode": "482913", "gate_status": "granted"})
    world.edit_rental(rental.id, {"gate_pinCode": "482913", "gate_status": "suspended: manual"})
    assert of_type(world, EventType.RENTAL_UPDATED)[-1].changed_keys == ("customFields.gate_status",)


def test_an_edit_that_changes_nothing_tells_nobody(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.edit_rental(rental.id, {"gate_status": "granted"})
    world.edit_rental(rental.id, {"gate_status": "granted", "gate_resync": None})
    assert len(of_type(world, EventType.RENTAL_UPDATED)) == 1


def test_a_ticked_box_is_another_thing_than_a_one(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.edit_rental(rental.id, {"gate_overlocked": 1})
    world.edit_rental(rental.id, {"gate_overlocked": True})
    assert len(of_type(world, EventType.RENTAL_UPDATED)) == 2


def test_an_edit_that_changes_nothing_can_be_made_to_tell() -> None:
    world = demo_world(emit_no_change_updates=True)
    rental = world.move_in(MIRA, B014)
    world.edit_rental(rental.id, {})
    assert [event.changed_keys for event in of_type(world, EventType.RENTAL_UPDATED)] == [()]


def test_a_start_date_is_named_by_its_plain_name(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.edit_rental(rental.id, {}, start_date=date(2026, 3, 9))
    assert of_type(world, EventType.RENTAL_UPDATED)[-1].changed_keys == ("startDate",)


FIELDS = st.dictionaries(
    st.sampled_from("abcd"), st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["", "x", "1"]))
)


@given(first=FIELDS, second=FIELDS)
def test_fields_merge_and_null_clears(first: Mapping[str, FieldValue], second: Mapping[str, FieldValue]) -> None:
    world = demo_world()
    rental = world.move_in(MIRA, B014)
    world.edit_rental(rental.id, first)
    merged = world.edit_rental(rental.id, second).custom_fields
    wanted = {code: value for code, value in {**first, **second}.items() if value is not None}
    assert {code: (type(value), value) for code, value in merged.items()} == {
        code: (type(value), value) for code, value in wanted.items()
    }


def test_a_blocked_unit_tells_so_and_gives_its_reason(world: World) -> None:
    assert world.block_unit(B014, "Leak").blocked_reason == "Leak"
    assert len(of_type(world, EventType.UNIT_BLOCKED)) == 2  # with the demo's own blocked unit
    assert world.unblock_unit(B014).blocked_reason is None
