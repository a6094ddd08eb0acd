"""What happens in the simulated world: moves, and what each of them tells."""

from datetime import UTC, date, datetime

import pytest

from bridge.sandbox.platform import LAKESIDE, MIRA, EventType, World, demo_world
from bridge.sandbox.platform.errors import NotFound, NotPossible
from bridge.sandbox.platform.records import JobData, JobState, RentalState, UnitState

B014 = "66f1a0c2b7d4e90015c0d014"
B021 = "66f1a0c2b7d4e90015c0d021"
B033 = "66f1a0c2b7d4e90015c0d033"
JONAS = "66f1a0c2b7d4e90015c01778"
TODAY = date(2026, 3, 4)


class NoonOf:
    def now(self) -> datetime:
        return datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return demo_world(base=NoonOf())


def told(world: World) -> list[EventType]:
    return [event.type for event in world.books.events]


def tell_of(world: World, kind: str) -> list[EventType]:
    return [event for event in told(world) if event.startswith(kind)]


def test_a_move_in_of_today_goes_through_all_its_events_in_order(world: World) -> None:
    world.move_in(MIRA, B014)
    assert tell_of(world, "job.") == [
        "job.unit_moveIn.create.started",
        "job.unit_moveIn.created",
        "job.unit_moveIn.started",
        "job.unit_moveIn.completed",
    ]


def test_a_move_in_holds_its_unit_for_the_tenant(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    unit = world.books.units.get(B014)
    assert (rental.state, unit.state, unit.owner_id, unit.rental_id) == ("occupied", "occupied", MIRA, rental.id)


def test_a_move_in_of_tomorrow_is_reserved_and_names_rental_and_owner_on_the_unit(world: World) -> None:
    rental = world.move_in(MIRA, B014, date(2026, 3, 5))
    unit = world.books.units.get(B014)
    assert (rental.state, unit.state, unit.owner_id, unit.rental_id) == ("reserved", "reserved", MIRA, rental.id)
    assert EventType.MOVE_IN_COMPLETED not in told(world)


def test_staff_may_complete_a_move_in_before_its_start_date(world: World) -> None:
    rental = world.move_in(MIRA, B014, date(2026, 3, 9), auto_complete=False)
    assert world.complete_move_in(rental.id).state is RentalState.OCCUPIED
    assert world.books.rentals.get(rental.id).start_date == date(2026, 3, 9)


def test_without_auto_complete_a_move_in_of_today_waits_for_staff(world: World) -> None:
    assert world.move_in(MIRA, B014, TODAY, auto_complete=False).state is RentalState.RESERVED


def test_a_cancelled_move_in_frees_the_unit(world: World) -> None:
    rental = world.move_in(MIRA, B014, date(2026, 3, 9))
    world.cancel_move_in(rental.id)
    unit = world.books.units.get(B014)
    assert (unit.state, unit.owner_id, unit.rental_id) == (UnitState.AVAILABLE, None, None)
    assert told(world)[-1] == EventType.MOVE_IN_CANCELLED


@pytest.mark.parametrize("unit", [B014, B033], ids=["taken", "blocked"])
def test_nobody_moves_into_a_unit_that_is_not_free(world: World, unit: str) -> None:
    world.move_in(JONAS, B014)
    before = told(world)
    with pytest.raises(NotPossible):
        world.move_in(MIRA, unit)
    assert told(world) == before


def test_a_completed_move_in_cannot_be_cancelled(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    with pytest.raises(NotPossible):
        world.cancel_move_in(rental.id)


@pytest.mark.parametrize("next_state", [UnitState.AVAILABLE, UnitState.BLOCKED])
def test_a_confirmed_move_out_ends_the_rental_and_leaves_the_unit_as_staff_chose(
    world: World, next_state: UnitState
) -> None:
    rental = world.confirm_move_out(world.move_in(MIRA, B014).id, next_state)
    unit = world.books.units.get(B014)
    assert (rental.state, rental.end_date) == ("ended", TODAY)
    assert (unit.state, unit.owner_id, unit.rental_id) == (next_state, None, None)
    assert told(world)[-1] == EventType.MOVE_OUT_COMPLETED


def test_a_scheduled_move_out_changes_nothing_but_its_job(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    job = world.schedule_move_out(rental.id, date(2026, 3, 31))
    assert (job.state, job.data.date) == (JobState.READY, date(2026, 3, 31))
    assert world.books.rentals.get(rental.id).move_out_job_id == job.id
    assert world.books.rentals.get(rental.id).state is RentalState.OCCUPIED


def test_a_cancelled_move_out_was_started_first_and_its_id_stays_on_the_rental(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    job = world.schedule_move_out(rental.id, date(2026, 3, 31))
    world.cancel_move_out(rental.id)
    assert tell_of(world, "job.unit_moveOut") == [
        "job.unit_moveOut.created",
        "job.unit_moveOut.started",
        "job.unit_moveOut.cancelled",
    ]
    assert world.books.rentals.get(rental.id).move_out_job_id == job.id


def test_a_second_move_out_of_the_same_rental_is_refused(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.schedule_move_out(rental.id, date(2026, 3, 31))
    with pytest.raises(NotPossible):
        world.schedule_move_out(rental.id, date(2026, 4, 1))


def test_a_cancelled_move_out_can_be_scheduled_again(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.schedule_move_out(rental.id, date(2026, 3, 31))
    world.cancel_move_out(rental.id)
    assert world.schedule_move_out(rental.id, date(2026, 4, 1)).state is JobState.READY


def test_a_transfer_makes_a_new_rental_without_the_custom_fields(world: World) -> None:
    old = world.move_in(MIRA, B014)
    world.edit_rental(old.id, {"gate_pinCode": "482913", "gate_overlocked": True})
    new = world.transfer(old.id, B021)
    assert new.id != old.id
    assert (new.state, dict(new.custom_fields), new.owner_id) == ("occupied", {}, MIRA)
    assert world.books.rentals.get(old.id).state is RentalState.ENDED


def test_a_transfer_hands_the_units_over(world: World) -> None:
    new = world.transfer(world.move_in(MIRA, B014).id, B021)
    left, taken = world.books.units.get(B014), world.books.units.get(B021)
    assert (left.state, left.rental_id) == (UnitState.AVAILABLE, None)
    assert (taken.state, taken.rental_id, taken.owner_id) == (UnitState.OCCUPIED, new.id, MIRA)


def test_a_transfer_takes_the_debt_along(world: World) -> None:
    old = world.move_in(MIRA, B014)
    world.mark_overdue(old.id)
    new = world.transfer(old.id, B021)
    assert new.overdue is not None
    assert world.books.rentals.get(old.id).overdue is None
    assert world.books.users.get(MIRA).overdue is not None


def test_a_transfer_to_another_site_just_works(world: World) -> None:
    site = world.create_site(code="hill", title="Hill")
    unit = world.create_unit(site.id, "H-1")
    new = world.transfer(world.move_in(MIRA, B014).id, unit.id)
    assert (new.site_id, new.state) == (site.id, RentalState.OCCUPIED)
    assert new.site_id != LAKESIDE


def test_until_its_day_a_transfer_leaves_the_old_rental_occupied_and_the_new_one_reserved(world: World) -> None:
    old = world.move_in(MIRA, B014)
    new = world.transfer(old.id, B021, date(2026, 3, 6))
    assert new.state is RentalState.RESERVED
    assert world.books.rentals.get(old.id).state is RentalState.OCCUPIED
    assert EventType.TRANSFER_COMPLETED not in told(world)


def test_a_rental_that_is_being_transferred_cannot_be_left_twice(world: World) -> None:
    old = world.move_in(MIRA, B014)
    new = world.transfer(old.id, B021, date(2026, 3, 6))
    with pytest.raises(NotPossible):
        world.schedule_move_out(old.id)
    with pytest.raises(NotPossible):
        world.complete_move_in(new.id)


def test_a_failed_job_does_not_keep_staff_from_finishing_the_move_out(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.fail_job(world.schedule_move_out(rental.id, date(2026, 3, 31)).id)
    assert world.confirm_move_out(rental.id).state is RentalState.ENDED


def test_equal_seeds_make_equal_ids() -> None:
    one, other = demo_world(base=NoonOf()), demo_world(base=NoonOf())
    assert one.move_in(MIRA, B014).id == other.move_in(MIRA, B014).id
    assert World(seed="another").books.ids.make() != World(seed="one").books.ids.make()


def test_ids_are_24_lower_case_hex_characters_and_none_comes_twice() -> None:
    ids = World().books.ids
    made = [ids.make() for _ in range(500)]
    assert all(len(i) == 24 and set(i) <= set("0123456789abcdef") for i in made)
    assert len(set(made)) == 500


def test_what_does_not_exist_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.move_in("66f1a0c2b7d4e90015c00000", B014)


def test_a_task_is_done_with_its_step(world: World) -> None:
    job = world.raise_task(JobData(target_type="unit", target_id=B014, title="Look", desc=""))
    assert world.complete_step(job.id, "s1").state is JobState.COMPLETED
    with pytest.raises(NotFound):
        world.complete_step(job.id, "s9")
