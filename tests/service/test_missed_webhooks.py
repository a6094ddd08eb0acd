"""Moves of which nothing was heard: told once, with who may be at the gate first, and never called missed too soon."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from bridge.sandbox.platform import Variant
from bridge.sandbox.platform.records import JobState, JobType
from bridge.service.catch_up import CaughtUp
from tests.service.catching_up import QUARTER, caught_up, job_of, missed
from tests.service.house import JONAS, House
from tests.service.test_units_people_and_days import lose

pytestmark = pytest.mark.anyio


async def test_a_move_in_whose_tries_were_all_lost_is_found_and_told_once(started: House) -> None:
    rental = started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(minutes=QUARTER)

    first = await caught_up(started)
    later = []
    for _ in range(3):
        started.clock.advance(minutes=QUARTER)
        later.append((await caught_up(started)).missed)
    await started.restart()
    await caught_up(started)

    assert (first, later) == (CaughtUp(changed=1, found=1, missed=1), [0, 0, 0])
    assert started.status(rental) == "granted"
    (told,) = await missed(started)
    assert told.entry.details["why"] == "1 webhook never came; the moves were found by what has changed"
    assert told.entry.details["jobs"] == started.world.books.rentals.get(rental).move_in_job_id


async def test_a_job_that_the_platform_marked_failed_is_missed_too(started: House) -> None:
    rental = started.move_in("B-021", JONAS)
    job = started.world.books.rentals.get(rental).move_in_job_id
    assert job is not None
    started.world.fail_job(job)
    lose(started)
    started.clock.advance(minutes=QUARTER)
    assert (await caught_up(started)).missed == 1


async def test_what_was_delivered_is_not_missed_and_its_job_not_read_again(started: House) -> None:
    rental = started.move_in("B-021", JONAS)
    await started.settle()
    started.clock.advance(minutes=QUARTER)
    assert await caught_up(started) == CaughtUp(changed=1)
    assert started.platform.calls().count(f"GET jobs/{job_of(started, rental)}") == 1, "the delivery's own look-up"
    assert await missed(started) == []


async def test_a_delivery_that_may_still_come_is_not_called_missed_and_its_tenant_is_let_in(started: House) -> None:
    rental = started.move_in("B-021", JONAS)
    late = started.take_told()
    started.clock.advance(minutes=2)

    early = await caught_up(started)
    status = started.status(rental)
    await started.deliver(late)
    await started.settle()
    started.clock.advance(minutes=QUARTER)
    after = await caught_up(started)

    assert (early.found, early.missed, status) == (1, 0, "granted")
    assert after.missed == 0
    assert await missed(started) == []


async def test_a_delivery_that_might_have_come_and_did_not_is_told_at_the_next_look(started: House) -> None:
    started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(minutes=2)
    early = await caught_up(started)
    started.clock.advance(minutes=QUARTER)
    assert (early.missed, (await caught_up(started)).missed) == (0, 1)


async def test_the_job_of_a_move_in_long_ago_is_no_news_and_is_read_once(started: House) -> None:
    (old,) = [row.id for row in started.world.books.rentals]
    for number in range(3):
        started.clock.advance(hours=5)
        started.edit(old, overlocked=number % 2 == 0)
        lose(started)
        assert await caught_up(started) == CaughtUp(changed=1)
    job = started.world.books.rentals.get(old).move_in_job_id
    assert started.platform.calls().count(f"GET jobs/{job}") == 1


async def test_a_move_out_that_is_only_scheduled_was_not_missed(started: House) -> None:
    (old,) = [row.id for row in started.world.books.rentals]
    started.world.schedule_move_out(old, started.clock.now().date() + timedelta(days=9))
    started.clock.advance(minutes=QUARTER)
    assert (await caught_up(started)).missed == 0


async def test_a_missed_move_goes_before_what_merely_changed(started: House) -> None:
    (old,) = [row.id for row in started.world.books.rentals]
    started.edit(old, overlocked=True)
    started.clock.advance(minutes=1)
    started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(minutes=QUARTER)
    await started.bridge.catch_up.catch_up()
    assert [claim.key.tenant for claim in await started.bridge.store.claim_subjects(1)] == [JONAS]


async def test_a_transfer_whose_job_the_rental_names_is_linked(started: House) -> None:
    (old,) = [row.id for row in started.world.books.rentals]
    started.edit(old, overlocked=True)
    await started.settle()
    heir = started.transfer(old, "B-021")
    (job,) = [job.id for job in started.world.books.jobs if job.type is JobType.TRANSFER]
    started.world.books.rentals.change(heir, move_in_job_id=job)
    lose(started)
    started.clock.advance(minutes=QUARTER)

    assert (await caught_up(started)).missed == 1

    assert started.status(heir) == "suspended: manual", "the lock went along, as after its event"
    assert started.status(old) == "revoked"


async def test_jobs_that_cannot_be_read_keep_nobody_waiting_and_are_read_later(started: House) -> None:
    rental = started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(minutes=QUARTER)
    inner = started.platform.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if "/jobs/" in request.url.path else await inner(request)

    started.platform.handle_async_request = handle  # type: ignore[method-assign] # the wire, not our own code
    came_to = await caught_up(started)
    status = started.status(rental)
    started.platform.handle_async_request = inner  # type: ignore[method-assign] # as before
    assert (len(came_to.not_listed), status) == (1, "granted")
    assert (await caught_up(started)).missed == 1


async def test_whose_jobs_cannot_be_read_is_marked_once_and_not_at_each_try(started: House) -> None:
    started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(minutes=QUARTER)
    inner = started.platform.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if "/jobs/" in request.url.path else await inner(request)

    started.platform.handle_async_request = handle  # type: ignore[method-assign] # the wire, not our own code
    asked = []
    for _ in range(4):
        before = len(started.gate.requests)
        await caught_up(started)
        asked.append(len(started.gate.requests) - before)
    assert asked[0] > 0
    assert asked[2:] == [0, 0], "what we wrote ourselves is looked at once, too"


async def test_jobs_that_take_too_long_keep_nobody_waiting(started: House, monkeypatch: pytest.MonkeyPatch) -> None:
    rental = started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(minutes=QUARTER)
    monkeypatch.setattr("bridge.service.missed_moves.JOBS_SECONDS", 0.05)
    inner = started.platform.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        if "/jobs/" in request.url.path:
            await asyncio.sleep(5)
        return await inner(request)

    started.platform.handle_async_request = handle  # type: ignore[method-assign] # the wire, not our own code
    (failed,) = (await caught_up(started)).not_listed
    assert failed.why == "jobs were not read within 0 s"
    assert started.status(rental) == "granted"


async def test_a_job_that_makes_no_sense_is_passed_over(started: House) -> None:
    rental = started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(minutes=QUARTER)
    started.platform.spoil = lambda request, answer: {**answer, "id": []} if "/jobs/" in request.url.path else answer
    assert await caught_up(started) == CaughtUp(changed=1, found=1)
    assert started.status(rental) == "granted"


async def test_a_cancelled_job_was_never_to_be_told_of(started: House) -> None:
    rental = started.move_in("B-021", JONAS, auto_complete=False)
    started.world.cancel_move_in(rental)
    assert [job.state for job in started.world.books.jobs if job.id == job_of(started, rental)] == [JobState.CANCELLED]
    lose(started)
    started.clock.advance(minutes=QUARTER)
    assert (await caught_up(started)).missed == 0


async def test_what_was_read_before_a_job_that_cannot_be_is_not_looked_at_again(started: House) -> None:
    (old,) = [row.id for row in started.world.books.rentals]
    started.edit(old, overlocked=True)
    rental = started.move_in("B-021", JONAS)
    lose(started)
    started.clock.advance(minutes=QUARTER)
    inner = started.platform.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        is_it = request.url.path.endswith(f"/jobs/{job_of(started, rental)}")
        return httpx.Response(503) if is_it else await inner(request)

    started.platform.handle_async_request = handle  # type: ignore[method-assign] # the wire, not our own code
    await started.bridge.catch_up.catch_up()
    started.platform.handle_async_request = inner  # type: ignore[method-assign] # as before
    assert await started.bridge.catch_up.catch_up() == CaughtUp(changed=1, missed=1)


async def test_a_delivery_that_names_the_rental_in_place_of_the_job_is_heard(started: House) -> None:
    started.variant = Variant.ADDON
    started.move_in("B-021", JONAS)
    await started.settle()
    started.clock.advance(minutes=QUARTER)
    await caught_up(started)
    assert await missed(started) == []


async def test_a_move_out_that_was_heard_of_when_it_was_scheduled_and_not_when_it_was_over_is_missed(
    started: House,
) -> None:
    (old,) = [row.id for row in started.world.books.rentals]
    scheduled = started.world.schedule_move_out(old)
    body = {"id": "told-when-scheduled", "type": "job.unit_moveOut.created", "data": {"jobId": scheduled.id}}
    await started.post(json.dumps(body).encode())
    await started.settle()
    started.clock.advance(minutes=1)
    started.world.confirm_move_out(old)
    lose(started)
    started.clock.advance(minutes=QUARTER)
    assert (await caught_up(started)).missed == 1
    assert started.status(old) == "revoked"
