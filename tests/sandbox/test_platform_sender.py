"""The webhook sender's rules: 2 seconds, exactly 200, three tries, the same id and bytes each time."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest

from bridge.domain.credential import Secret
from bridge.sandbox.platform import (
    MIRA,
    BatchForm,
    EventType,
    FaultPlan,
    Hook,
    PlatformSettings,
    Sender,
    SendingState,
    Variant,
    World,
    demo_world,
)
from bridge.sandbox.platform.records import JobState

pytestmark = pytest.mark.anyio

B014 = "66f1a0c2b7d4e90015c0d014"
URL = "http://bridge.test/webhooks/lakeside"
COMPLETED = frozenset({EventType.MOVE_IN_COMPLETED})


class Receiver:
    """The other end of the wire: answers by rule, keeps what came."""

    def __init__(self, answer: Callable[[int], int] = lambda _: 200) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self._answer(len(self.requests)), json={"message": "accepted"})

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]


def hook(events: frozenset[EventType] = COMPLETED, variant: Variant = Variant.PLAIN, url: str = URL) -> Hook:
    return Hook(url=url, secret=Secret("whs"), events=events, variant=variant)


def sender_of(world: World, answer: Callable[[httpx.Request], Any], *hooks: Hook, answer_within: float = 2.0) -> Sender:
    settings = PlatformSettings(hooks=hooks or (hook(),), retry_spacing=0.0, answer_within=answer_within)
    return Sender(world, settings, client=httpx.AsyncClient(transport=httpx.MockTransport(answer)))


def job_of(world: World, rental: str) -> JobState:
    job = world.books.rentals.get(rental).move_in_job_id
    assert job is not None
    return world.books.jobs.get(job).state


async def test_an_accepted_delivery_is_sent_once_and_recorded() -> None:
    world, receiver = demo_world(), Receiver()
    sender = sender_of(world, receiver)
    async with sender.running():
        world.move_in(MIRA, B014)
        await sender.idle()
    (sending,) = sender.journal
    assert len(receiver.requests) == 1
    assert (sending.state, [attempt.status for attempt in sending.attempts]) == (SendingState.DELIVERED, [200])
    assert sending.attempts[0].milliseconds >= 0


async def test_the_signature_covers_exactly_the_bytes_sent() -> None:
    world, receiver = demo_world(), Receiver()
    sender = sender_of(world, receiver)
    async with sender.running():
        world.move_in(MIRA, B014)
        await sender.idle()
    (request,) = receiver.requests
    wanted = base64.b64encode(hmac.new(b"whs", request.content, hashlib.sha256).digest()).decode()
    assert request.headers["sg-signature"] == wanted
    assert request.headers["content-type"] == "application/json;charset=UTF-8"


@pytest.mark.parametrize("status", [201, 202, 204, 302, 401, 500, 503])
async def test_anything_but_200_is_tried_three_times_and_then_fails_the_job(status: int) -> None:
    world, receiver = demo_world(), Receiver(lambda _: status)
    sender = sender_of(world, receiver)
    async with sender.running():
        rental = world.move_in(MIRA, B014)
        await sender.idle()
    (sending,) = sender.journal
    assert [attempt.status for attempt in sending.attempts] == [status] * 3
    assert sending.state is SendingState.FAILED
    assert job_of(world, rental.id) is JobState.FAILED


async def test_every_try_has_the_same_id_and_bytes() -> None:
    world, receiver = demo_world(), Receiver(lambda nth: 200 if nth == 3 else 503)
    sender = sender_of(world, receiver)
    async with sender.running():
        rental = world.move_in(MIRA, B014)
        await sender.idle()
    assert len({request.content for request in receiver.requests}) == 1
    assert len(receiver.requests) == 3
    assert job_of(world, rental.id) is JobState.COMPLETED


async def test_an_answer_that_comes_too_late_counts_as_none() -> None:
    async def stall(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        return httpx.Response(200, request=request)

    world = demo_world()
    sender = sender_of(world, stall, answer_within=0.01)
    async with sender.running():
        world.move_in(MIRA, B014)
        await sender.idle()
    (sending,) = sender.journal
    assert [(attempt.status, attempt.error) for attempt in sending.attempts] == [(None, "no answer in time")] * 3


async def test_a_refused_connection_is_an_attempt_like_any_other() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    world = demo_world()
    sender = sender_of(world, refuse)
    async with sender.running():
        world.move_in(MIRA, B014)
        await sender.idle()
    (sending,) = sender.journal
    assert [attempt.error for attempt in sending.attempts] == ["ConnectError"] * 3


async def test_a_hook_gets_only_the_events_it_asked_for() -> None:
    world, receiver = demo_world(), Receiver()
    sender = sender_of(world, receiver, hook(frozenset({EventType.UNIT_UPDATED})))
    async with sender.running():
        world.edit_unit(B014, {"gate_id": "B-14"})
        world.edit_rental(world.move_in(MIRA, B014).id, {"gate_status": "granted"})
        await sender.idle()
    assert {body["type"] for body in receiver.bodies} == {"unit.updated"}


async def test_two_hooks_get_deliveries_of_their_own_ids() -> None:
    world, receiver = demo_world(), Receiver()
    sender = sender_of(world, receiver, hook(), hook(variant=Variant.ADDON))
    async with sender.running():
        world.move_in(MIRA, B014)
        await sender.idle()
    assert len({body["id"] for body in receiver.bodies}) == 2


async def test_a_slow_delivery_does_not_hold_up_the_next() -> None:
    gate = asyncio.Event()

    async def first_waits_for_second(request: httpx.Request) -> httpx.Response:
        if json.loads(request.content)["type"] == EventType.MOVE_IN_CREATED:
            await gate.wait()
        else:
            gate.set()
        return httpx.Response(200)

    world = demo_world()
    sender = sender_of(
        world, first_waits_for_second, hook(frozenset({EventType.MOVE_IN_CREATED, EventType.MOVE_IN_COMPLETED}))
    )
    async with sender.running():
        world.move_in(MIRA, B014)
        await sender.idle()
    assert [sending.state for sending in sender.journal] == [SendingState.DELIVERED] * 2


async def test_what_happens_before_the_start_is_sent_after_it() -> None:
    world, receiver = demo_world(), Receiver()
    sender = sender_of(world, receiver)
    world.move_in(MIRA, B014)
    async with sender.running():
        await sender.idle()
    assert len(receiver.requests) == 1


async def test_the_end_gives_up_what_is_under_way() -> None:
    async def stall(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        return httpx.Response(200, request=request)

    world = demo_world()
    sender = sender_of(world, stall)
    before = asyncio.all_tasks()
    async with sender.running():
        world.move_in(MIRA, B014)
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_doubled_delivery_comes_twice_under_one_id() -> None:
    world, receiver = demo_world(), Receiver()
    sender = sender_of(world, receiver)
    sender.faults.plan = FaultPlan(duplicate=True)
    async with sender.running():
        world.move_in(MIRA, B014)
        await sender.idle()
    assert len(receiver.requests) == 2
    assert len({body["id"] for body in receiver.bodies}) == 1


async def test_a_doubled_delivery_that_came_once_does_not_fail_the_job() -> None:
    world, receiver = demo_world(), Receiver(lambda nth: 200 if nth == 1 else 503)
    sender = sender_of(world, receiver)
    sender.faults.plan = FaultPlan(duplicate=True)
    async with sender.running():
        rental = world.move_in(MIRA, B014)
        await sender.idle()
    assert [sending.state for sending in sender.journal] == [SendingState.DELIVERED]
    assert job_of(world, rental.id) is JobState.COMPLETED


async def test_a_dropped_delivery_never_leaves() -> None:
    world, receiver = demo_world(), Receiver()
    sender = sender_of(world, receiver)
    sender.faults.plan = FaultPlan(drop=1.0)
    async with sender.running():
        world.move_in(MIRA, B014)
        await sender.idle()
    assert receiver.requests == []
    assert [sending.state for sending in sender.journal] == [SendingState.DROPPED]


async def test_reordered_deliveries_all_come_and_in_another_order() -> None:
    world, receiver = demo_world(), Receiver()
    sender = sender_of(world, receiver, hook(frozenset({EventType.RENTAL_UPDATED})))
    sender.faults.plan = FaultPlan(reorder=12)
    async with sender.running():
        rental = world.move_in(MIRA, B014)
        for number in range(12):
            world.edit_rental(rental.id, {"gate_status": str(number)})
        await sender.idle()
    made = [sending.event_id for sending in sender.journal]
    came = [body["id"] for body in receiver.bodies]
    assert sorted(made) == sorted(came)
    assert made != came


async def test_too_few_to_shuffle_go_out_after_a_while() -> None:
    arrived = asyncio.Event()

    def receive(request: httpx.Request) -> httpx.Response:
        del request
        arrived.set()
        return httpx.Response(200)

    world = demo_world()
    sender = sender_of(world, receive)
    sender.faults.plan = FaultPlan(reorder=12, reorder_wait=0.01)
    async with sender.running():
        world.move_in(MIRA, B014)
        async with asyncio.timeout(5):
            await arrived.wait()
        await sender.idle()
    assert [sending.state for sending in sender.journal] == [SendingState.DELIVERED]


async def test_three_hundred_overdue_at_once_all_arrive() -> None:
    world, receiver = demo_world(), Receiver()
    sender = sender_of(world, receiver, hook(frozenset({EventType.MARK_OVERDUE})))
    (site,) = world.books.sites
    rentals = [
        world.move_in(MIRA, world.create_unit(site.id, f"C-{number}").id, date(2026, 1, 1)).id for number in range(300)
    ]
    async with sender.running():
        world.mark_overdue_batch(rentals)
        await sender.idle()
    assert sorted(body["data"]["unitRentalId"] for body in receiver.bodies) == sorted(rentals)


async def test_a_legacy_batch_names_a_job_that_names_the_rentals() -> None:
    world, receiver = demo_world(), Receiver()
    sender = sender_of(world, receiver, hook(frozenset({EventType.MARK_OVERDUE}), Variant.LEGACY))
    rental = world.move_in(MIRA, B014)
    async with sender.running():
        world.mark_overdue_batch([rental.id], BatchForm.ONE_EVENT)
        await sender.idle()
    (body,) = receiver.bodies
    assert world.books.jobs.get(body["data"]["jobId"]).result.unit_rental_ids == (rental.id,)


async def test_a_legacy_edit_names_a_job_that_fails_with_its_delivery() -> None:
    world, receiver = demo_world(), Receiver(lambda _: 503)
    sender = sender_of(world, receiver, hook(frozenset({EventType.RENTAL_UPDATED}), Variant.LEGACY))
    rental = world.move_in(MIRA, B014)
    async with sender.running():
        world.edit_rental(rental.id, {"gate_status": "granted"})
        await sender.idle()
    job = world.books.jobs.get(receiver.bodies[0]["data"]["jobId"])
    assert (job.result.unit_rental_id, job.state) == (rental.id, JobState.FAILED)
