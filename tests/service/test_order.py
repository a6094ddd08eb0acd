"""Late, lost, doubled and reordered deliveries: an event says where to look, never what the state is."""

import pytest

from bridge.domain.deliveries import DeliveryState
from bridge.sandbox.platform import ApiFault, ApiFaultKind, Event
from tests.service.house import JONAS, House

pytestmark = pytest.mark.anyio


def _of_type(events: list[Event], word: str) -> Event:
    return next(event for event in events if word in event.type)


async def test_a_move_out_that_overtakes_its_move_in_leaves_the_door_closed(house: House) -> None:
    rental = house.move_in("B-014")
    house.move_out(rental)
    events = house.take_told()

    for late in (_of_type(events, "moveOut.completed"), _of_type(events, "moveIn.completed")):
        await house.deliver([late])
        await house.settle()

    assert await house.people() == []
    assert house.gate.writes() == []


async def test_a_late_overdue_event_of_a_tenant_who_has_paid_locks_nobody_out(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    (late,) = house.take_told()
    house.world.pay(rental)
    house.take_told()
    written = len(house.gate.writes())

    await house.deliver([late])
    await house.settle()

    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert len(house.gate.writes()) == written


async def test_a_moved_in_rental_that_the_platform_does_not_know_yet_is_granted_later(house: House) -> None:
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=404, remaining=1, path="unit-rentals/"))
    rental = house.move_in("B-014")
    await house.settle()
    at_first = await house.people()

    await house.later(seconds=1)

    assert at_first == []
    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_a_rental_that_never_appears_becomes_a_dead_letter_and_one_alert(house: House) -> None:
    house.move_in("B-014")
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=404, remaining=10_000))
    for _ in range(60):
        await house.later(minutes=16)

    assert await house.deliveries() == ["dead"]
    assert await house.alerts() == ["delivery_dead"]
    assert await house.people() == []


async def test_a_replay_of_an_old_move_in_changes_nothing_for_the_next_tenant(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    move_in = (await house.bridge.desk.deliveries(limit=500))[-1]
    house.move_out(old)
    await house.settle()
    new = house.move_in("B-014", JONAS)
    await house.settle()
    house.clock.advance(days=365)
    await house.settle()
    before = len(house.gate.writes()), len(house.platform.writes())

    await house.bridge.desk.replay(move_in.id, who="tester")
    await house.settle()

    assert (len(house.gate.writes()), len(house.platform.writes())) == before
    assert await house.keypad("B-014", house.code(new)) == "ok"
    assert house.status(old) == "revoked"


async def test_a_duplicate_is_answered_as_one_and_has_no_second_effect(house: House) -> None:
    house.move_in("B-014")
    (body,) = [house.body(event) for event in house.take_told()]

    answers = await house.post(*[body] * 100)
    await house.settle()
    house.clock.advance(days=8)
    after_a_week = await house.post(body)

    assert sorted(answers) == ["accepted", *["duplicate"] * 99]
    assert after_a_week == ["duplicate"]
    assert len(await house.people()) == 1


async def test_a_replay_while_the_same_delivery_runs_loses_nothing(house: House) -> None:
    rental = house.move_in("B-014")
    await house.deliver()
    (claim,) = await house.bridge.store.claim_deliveries(1)

    await house.bridge.desk.replay(claim.id, who="tester")
    await house.bridge.resolver.run(claim)
    await house.settle()

    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert await house.deliveries() == ["done", "ignored"]


async def test_a_replay_while_the_platform_is_away_waits_for_it(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    (_, delivery) = await house.bridge.desk.deliveries()

    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, remaining=2))
    await house.bridge.desk.replay(delivery.id, who="tester")
    await house.settle()
    waiting = await house.deliveries()
    await house.later(minutes=2)

    assert waiting == ["new", "ignored"]
    assert await house.deliveries() == ["done", "ignored"]
    assert house.status(rental) == "granted"


async def test_replays_of_many_deliveries_of_one_tenant_are_one_run(house: House) -> None:
    rental = house.move_in("B-014")
    for number in range(20):
        house.edit(rental, overlocked=number % 2 == 0)
    await house.settle()

    for delivery in await house.bridge.desk.deliveries(limit=500):
        await house.bridge.desk.replay(delivery.id, who="tester")
    await house.resolve_due()

    assert await house.converge_due() == 1
    assert house.status(rental) == "granted"


async def test_events_of_other_sites_and_types_are_kept_and_ignored(house: House) -> None:
    elsewhere = house.world.create_site(code="hilltop", title="Hilltop")
    unit = house.world.create_unit(elsewhere.id, "H-1", fields={"gate_id": "H-1"})
    house.world.move_in(JONAS, unit.id)
    (event,) = house.take_told()
    await house.deliver([event])
    await house.post(b'{"id":"a-wildcard-event","type":"item.low_stock","data":{}}')
    await house.settle()

    rows = await house.bridge.desk.deliveries(state=DeliveryState.IGNORED)
    assert sorted(row.note or "" for row in rows) == ["site not configured", "unhandled type"]
    assert house.gate.requests == []


async def test_a_clock_that_goes_back_an_hour_holds_nothing_up(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.clock.advance(hours=-1)
    house.world.mark_overdue(rental)
    await house.settle()

    assert await house.keypad("B-014", house.code(rental)) == "suspended"
