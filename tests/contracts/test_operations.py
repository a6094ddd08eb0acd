"""Operations, whatever the store is made of: fed in portions, exact after a crash, cancelled without a trace."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bridge.domain.dead_letters import Signature
from bridge.domain.errors import AlreadyRunning, NotFoundHere
from bridge.domain.ids import SubjectKey
from bridge.domain.operations import (
    KEPT,
    PORTION,
    SOON,
    ItemState,
    NewOperation,
    Operation,
    OperationId,
    OperationState,
)
from bridge.domain.outcome import Dead, Done, Outcome, RetryAt
from bridge.domain.whom import By, Whom
from bridge.ports.proof import Extract
from bridge.ports.store import Priority, Store, SubjectRow
from tests.contracts.store_builders import START, SetClock, a_key, a_sighting, claimed, end, mark

pytestmark = pytest.mark.anyio
SAM = Signature(who="sam", at=START)
RUNNING, CANCELLING = OperationState.RUNNING, OperationState.CANCELLING


def many(count: int, site: str = "site1") -> list[SubjectKey]:
    return [a_key(f"t{number:03}", site) for number in range(count)]


def new(keys: Sequence[SubjectKey], priority: Priority = Priority.SWEEP) -> NewOperation:
    return NewOperation(
        kind="resync",
        who="sam",
        at=START,
        asked="--all",
        digest="d" * 16,
        priority=priority,
        sightings=tuple(a_sighting(key) for key in keys),
        seconds=60.0,
    )


async def begun(store: Store, keys: Sequence[SubjectKey], priority: Priority = Priority.SWEEP) -> OperationId:
    number = await store.begin_operation(new(keys, priority))
    await store.advance_operation(number)
    return number


async def work(store: Store, limit: int = 500, outcome: Outcome | None = None) -> list[str]:
    """Run up to so many tenants that are due, and return them."""
    claims = await store.claim_subjects(limit)
    for claim in claims:
        await end(store, claim, outcome)
    return [claim.key.tenant for claim in claims]


async def states(store: Store, number: OperationId) -> list[str]:
    return [item.state.value for item in await store.list_items(number, limit=500)]


async def row_of(store: Store, key: SubjectKey) -> SubjectRow:
    (row,) = await store.find_subjects(Whom(by=By.TENANT, id=key.tenant), {(key.connection, key.site)})
    return row


def counted(operation: Operation) -> dict[str, int]:
    return {str(state): count for state, count in operation.counts.items() if count}


async def test_it_is_kept_with_all_its_tenants_and_in_the_ledger(store: Store) -> None:
    number = await store.begin_operation(new(many(3)))
    found = await store.show_operation(number)
    assert (found.kind, found.who, found.asked, found.state) == ("resync", "sam", "--all", RUNNING)
    assert (found.digest, found.priority, found.at, found.seconds) == ("d" * 16, Priority.SWEEP, START, 60.0)
    assert (counted(found), found.ended_at) == ({"waiting": 3}, None)
    assert [item.subject for item in await store.list_items(number, limit=500)] == many(3)
    assert await store.open_operations() == [number]
    assert await store.claim_subjects(10) == [], "nobody is due before it is advanced"


async def test_a_portion_is_due_at_once_and_the_next_when_there_is_room(store: Store) -> None:
    keys = many(PORTION + 10)
    number = await begun(store, keys)
    assert counted(await store.show_operation(number)) == {"running": PORTION, "waiting": 10}
    assert await work(store, 6) == [key.tenant for key in keys[:6]]
    assert counted(await store.advance_operation(number)) == {"done": 6, "running": PORTION, "waiting": 4}
    assert counted(await store.advance_operation(number)) == {"done": 6, "running": PORTION, "waiting": 4}
    while await work(store):
        await store.advance_operation(number)
    over = await store.show_operation(number)
    assert (over.state, counted(over), over.ended_at) == (OperationState.DONE, {"done": PORTION + 10}, START)
    assert await store.open_operations() == []


async def test_live_work_goes_first(store: Store) -> None:
    await begun(store, many(5))
    await mark(store, a_key("at the gate"))
    assert (await store.claim_subjects(1))[0].key.tenant == "at the gate"


async def test_each_tenant_has_an_outcome_of_its_own(store: Store, clock: SetClock) -> None:
    keys = many(5)
    number = await begun(store, keys, Priority.LIVE)
    outcomes: tuple[Outcome, ...] = (
        Done(),
        Done(next_due=START + timedelta(days=3)),
        Dead(why="no such door"),
        RetryAt(when=START + SOON * 2, why="503"),
        RetryAt(when=START + SOON / 2, why="502"),
    )
    for claim, outcome in zip(await store.claim_subjects(5), outcomes, strict=True):
        await end(store, claim, outcome)
    found = await store.advance_operation(number)
    items = await store.list_items(number, limit=10)
    assert [(str(item.state), item.why) for item in items] == [
        ("done", None),
        ("done", None),
        ("dead", "no such door"),
        ("retrying", "503"),
        ("running", None),
    ]
    assert (found.state, items[3].due_at) == (RUNNING, START + SOON * 2)
    clock.move(seconds=SOON.total_seconds())
    assert await work(store) == [keys[4].tenant]
    assert (await store.advance_operation(number)).state is OperationState.DONE


async def test_a_run_that_was_interrupted_has_come_to_nothing_whatever_was_marked_since(
    store: Store, clock: SetClock
) -> None:
    (key,) = many(1)
    number = await begun(store, [key])
    await store.claim_subjects(1)
    await mark(store, key, event="meanwhile")
    clock.move(hours=1)
    assert await store.claim_subjects(0) == []
    assert counted(await store.advance_operation(number)) == {"running": 1}
    assert await work(store) == [key.tenant]
    assert counted(await store.advance_operation(number)) == {"done": 1}
    assert await work(store) == []


async def test_work_that_was_begun_before_it_was_asked_for_does_not_count(store: Store) -> None:
    (key,) = many(1)
    claim = await claimed(store, key)
    number = await begun(store, [key])
    await end(store, claim)
    assert counted(await store.advance_operation(number)) == {"running": 1}
    assert await work(store) == [key.tenant]
    assert counted(await store.advance_operation(number)) == {"done": 1}


async def test_cancelled_it_leaves_those_who_were_not_begun_as_they_were(store: Store) -> None:
    keys = many(PORTION + 3)
    rested, dead, scheduled, owed = keys[:4]
    await end(store, await claimed(store, rested))
    await end(store, await claimed(store, dead), Dead(why="no such door"))
    later = START + timedelta(days=3)
    await end(store, await claimed(store, scheduled), Done(next_due=later))
    await mark(store, owed)
    number = await begun(store, keys)
    (claim,) = await store.claim_subjects(1)
    assert claim.key == owed, "the live one first"
    cancelled = await store.cancel_operation(number, SAM)
    assert (cancelled.never_begun, cancelled.taken_back, cancelled.at_work) == (3, PORTION - 1, 1)
    assert cancelled.operation.state is CANCELLING
    assert [(await row_of(store, key)).state for key in (rested, dead, scheduled)] == ["idle", "dead", "ready"]
    assert (await row_of(store, scheduled)).due_at == later
    assert (await row_of(store, dead)).attempts == 1
    assert await work(store) == []

    await end(store, claim)
    over = await store.advance_operation(number)
    assert (over.state, counted(over)) == (OperationState.CANCELLED, {"done": 1, "cancelled": PORTION + 2})


async def test_what_others_have_asked_for_is_not_taken_back(store: Store) -> None:
    before, after = many(2)
    await mark(store, before)
    number = await begun(store, [before, after])
    await mark(store, after, event="later")
    cancelled = await store.cancel_operation(number, SAM)
    assert (cancelled.taken_back, cancelled.at_work) == (0, 2)
    assert sorted(await work(store)) == [before.tenant, after.tenant]
    assert (await store.advance_operation(number)).state is OperationState.CANCELLED


async def test_an_event_that_waits_for_its_next_try_is_still_owed_after_a_cancellation(store: Store) -> None:
    (key,) = many(1)
    await end(store, await claimed(store, key), RetryAt(when=START + timedelta(hours=1), why="503"))
    number = await begun(store, [key])
    assert (await store.cancel_operation(number, SAM)).taken_back == 0
    assert await work(store) == [key.tenant]


async def test_resumed_it_takes_up_those_who_were_not_put_right_and_nobody_else(store: Store) -> None:
    keys = many(3)
    number = await begun(store, keys)
    first, second = await store.claim_subjects(2)
    await end(store, first)
    await end(store, second, Dead(why="no such door"))
    await store.cancel_operation(number, SAM)
    await store.advance_operation(number)
    assert await states(store, number) == ["done", "dead", "cancelled"]
    assert (await store.resume_operation(number, SAM)).state is RUNNING
    await store.advance_operation(number)
    assert await work(store) == [keys[1].tenant, keys[2].tenant]
    assert (await store.advance_operation(number)).state is OperationState.DONE
    assert (await store.resume_operation(number, SAM)).state is OperationState.DONE


async def test_two_of_many_at_one_site_are_not_at_work_together(store: Store) -> None:
    first = await begun(store, many(2))
    with pytest.raises(AlreadyRunning, match=rf"operation {first}, which sam asked for"):
        await store.begin_operation(new(many(1)))
    assert len(await store.list_operations(limit=10)) == 1
    await begun(store, many(2, "site2"))
    await begun(store, many(1), Priority.LIVE)
    await store.cancel_operation(first, SAM)
    second = await begun(store, many(2))
    with pytest.raises(AlreadyRunning):
        await store.resume_operation(first, SAM)
    await work(store)
    await store.advance_operation(second)
    assert (await store.resume_operation(first, SAM)).state is RUNNING


async def test_decisions_are_in_the_ledger(store: Store) -> None:
    number = await begun(store, many(2))
    await store.cancel_operation(number, SAM)
    await store.resume_operation(number, SAM)
    through = await store.ledger_end()
    rows = await store.read_ledger(Extract(), after=0, through=through, limit=50)
    entries = [row.entry for row in rows if row.entry is not None]
    told = [(one.what, one.details["operation"], one.details["who"]) for one in entries]
    assert told == [(what, str(number), "sam") for what in ("resync", "operation_cancelled", "operation_resumed")]


async def test_an_unknown_one_is_said_to_be(store: Store) -> None:
    unknown = OperationId(7)
    for asked in (
        store.show_operation(unknown),
        store.advance_operation(unknown),
        store.list_items(unknown, limit=5),
        store.cancel_operation(unknown, SAM),
        store.resume_operation(unknown, SAM),
    ):
        with pytest.raises(NotFoundHere, match="there is no operation 7"):
            await asked


async def test_pages_of_tenants_follow_each_other(store: Store) -> None:
    number = await store.begin_operation(new(many(5)))
    first = await store.list_items(number, limit=3)
    rest = await store.list_items(number, limit=3, after=first[-1].place)
    assert [item.subject for item in (*first, *rest)] == many(5)


async def test_what_is_over_for_long_is_forgotten_and_what_is_open_is_not(clock: SetClock, store: Store) -> None:
    over, still = await begun(store, many(1)), await begun(store, many(1, "site2"))
    await end(store, (await store.claim_subjects(1))[0])
    await store.advance_operation(over)
    clock.move(seconds=KEPT.total_seconds() + 1)
    latest = await store.begin_operation(new(many(1)))
    assert [one.id for one in await store.list_operations(limit=10)] == [latest, still]
    assert ItemState.RUNNING in (await store.show_operation(still)).counts
