"""What every store forgets with time, and what it never forgets."""

from datetime import datetime, timedelta

import pytest

from bridge.domain.credential import GateCode
from bridge.domain.deliveries import DeliveryState, Receipt
from bridge.domain.errors import NotFoundHere, StoreUnavailable
from bridge.domain.ids import DeliveryId, RentalId
from bridge.domain.ledger import LedgerKind
from bridge.domain.outcome import Dead, Done
from bridge.ports.pruning import Before, Pruned
from bridge.ports.store import DeliveryRow, DeliverySettlement, Store
from tests.contracts.store_builders import START, SetClock, a_delivery, a_key, a_sighting, an_entry, claimed, mark

pytestmark = pytest.mark.anyio
CODE = GateCode("482913")
FIRST = DeliveryId(1)
LATER = START + timedelta(hours=1)
NEVER = START - timedelta(days=1000)
IS_SETTLED = [DeliveryState.DONE, DeliveryState.IGNORED, DeliveryState.TEST]


def before(*, bodies: datetime = NEVER, settled: datetime = NEVER, quarantined: datetime = NEVER) -> Before:
    return Before(bodies=bodies, settled=settled, quarantined=quarantined)


BODIES = before(bodies=LATER)
ROWS = before(bodies=LATER, settled=LATER)
EVERYTHING = before(bodies=LATER, settled=LATER, quarantined=LATER)


async def prune(store: Store, old: Before, limit: int = 100) -> Pruned:
    return await store.prune(old, limit=limit)


async def put_settled(store: Store, *events: str, state: DeliveryState = DeliveryState.DONE) -> None:
    for event in events:
        await store.put(a_delivery(event, body=f"about {event}".encode()))
    for claim in await store.claim_deliveries(100):
        await store.settle_delivery(claim, DeliverySettlement(outcome=Done(), state=state, note="a note"))


async def newest(store: Store) -> None:
    """Put one that came after all others: the newest of all stays whatever its age."""
    await store.put(a_delivery("newest", state=DeliveryState.TEST, at=START + timedelta(days=1)))


async def kept(store: Store) -> list[DeliveryRow]:
    return list(reversed(await store.list_deliveries(state=None, connection=None, limit=500, before=None)))


async def kept_events(store: Store) -> list[str]:
    return [row.event_id for row in await kept(store)]


@pytest.mark.parametrize("state", IS_SETTLED)
async def test_an_old_body_is_emptied_and_its_envelope_stays(store: Store, state: DeliveryState) -> None:
    await put_settled(store, "e1", state=state)
    await newest(store)
    was = await store.show_delivery(FIRST)
    assert await prune(store, BODIES) == Pruned(emptied=1)
    now = await store.show_delivery(FIRST)
    assert (was.body, now.body) == (b"about e1", None)
    names = ("event_id", "event_type", "received_at", "state", "attempts", "note", "headers")
    assert [getattr(now, name) for name in names] == [getattr(was, name) for name in names]
    assert await prune(store, BODIES) == Pruned()


@pytest.mark.parametrize("state", IS_SETTLED)
async def test_an_old_row_is_removed_in_the_end(store: Store, state: DeliveryState) -> None:
    await put_settled(store, "e1", state=state)
    await newest(store)
    await prune(store, BODIES)
    assert await prune(store, ROWS) == Pruned(removed=1)
    assert await kept_events(store) == ["newest"]
    with pytest.raises(NotFoundHere):
        await store.show_delivery(FIRST)


async def test_a_row_that_is_old_enough_needs_no_emptying_first(store: Store) -> None:
    await put_settled(store, "e1")
    await newest(store)
    assert await prune(store, ROWS) == Pruned(removed=1)


async def test_what_is_exactly_as_old_as_that_stays(store: Store) -> None:
    await put_settled(store, "e1")
    await newest(store)
    assert await prune(store, before(bodies=START, settled=START, quarantined=START)) == Pruned()
    assert (await store.show_delivery(FIRST)).body == b"about e1"


async def test_what_waits_runs_or_is_dead_stays_whole(store: Store) -> None:
    for event in ("dead", "running", "new"):
        await store.put(a_delivery(event, body=event.encode()))
    dead, _running = await store.claim_deliveries(2)
    await store.settle_delivery(dead, DeliverySettlement(outcome=Dead(why="no rental")))
    await newest(store)
    assert await prune(store, EVERYTHING) == Pruned()
    rows = [await store.show_delivery(row.id) for row in await kept(store)]
    assert [(row.event_id, row.body) for row in rows[:3]] == [
        ("dead", b"dead"),
        ("running", b"running"),
        ("new", b"new"),
    ]


async def test_a_quarantined_one_goes_whole_and_in_its_own_time(store: Store) -> None:
    await store.put(a_delivery("q", state=DeliveryState.QUARANTINED, body=b"not json"))
    await newest(store)
    assert await prune(store, ROWS) == Pruned()
    assert (await store.show_delivery(FIRST)).body == b"not json"
    assert await prune(store, EVERYTHING) == Pruned(removed=1)
    assert await kept_events(store) == ["newest"]


async def test_an_empty_body_is_a_body_until_it_is_emptied(store: Store) -> None:
    await store.put(a_delivery("e1", state=DeliveryState.IGNORED, body=b""))
    await newest(store)
    assert (await store.show_delivery(FIRST)).body == b""
    assert await prune(store, BODIES) == Pruned(emptied=1)
    assert (await store.show_delivery(FIRST)).body is None


async def test_a_repeated_event_is_a_duplicate_while_its_row_is_kept_and_new_after(store: Store) -> None:
    await put_settled(store, "e1")
    await newest(store)
    await prune(store, BODIES)
    assert await store.put(a_delivery("e1")) is Receipt.DUPLICATE
    await prune(store, ROWS)
    assert await store.put(a_delivery("e1")) is Receipt.ACCEPTED
    assert [row.event_id for row in await kept(store)] == ["newest", "e1"]


async def test_no_number_is_given_twice(store: Store) -> None:
    await put_settled(store, "e1", "e2")
    assert await prune(store, ROWS) == Pruned(removed=1)
    await put_settled(store, "e3")
    assert [(row.id, row.event_id) for row in await kept(store)] == [(2, "e2"), (3, "e3")]
    assert await prune(store, ROWS) == Pruned(removed=1)


async def test_without_any_delivery_there_is_nothing_to_prune(store: Store) -> None:
    assert await prune(store, EVERYTHING) == Pruned()


async def test_a_call_prunes_no_more_than_its_limit_and_the_next_goes_on(store: Store) -> None:
    await put_settled(store, *(f"e{number}" for number in range(5)))
    await newest(store)
    assert [await prune(store, BODIES, 2) for _ in range(4)] == [*[Pruned(emptied=n) for n in (2, 2, 1)], Pruned()]
    assert [await prune(store, ROWS, 2) for _ in range(4)] == [*[Pruned(removed=n) for n in (2, 2, 1)], Pruned()]


async def test_the_limit_is_for_rows_and_bodies_together(store: Store) -> None:
    await store.put(a_delivery("q", state=DeliveryState.QUARANTINED))
    await put_settled(store, "e1", "e2")
    await newest(store)
    assert await prune(store, before(bodies=LATER, quarantined=LATER), 2) == Pruned(emptied=1, removed=1)


async def test_subjects_codes_records_and_ledger_outlive_the_deliveries(store: Store) -> None:
    claim = await claimed(store)
    await store.take_code(claim, CODE, an_entry("code_taken"))
    await store.keep_ref(claim, {"id": "vendor1"})
    await store.record([an_entry("looked_at", LedgerKind.ALERT)])
    await newest(store)
    was = await store.load(a_key())
    assert await prune(store, EVERYTHING) == Pruned(removed=1)
    assert await store.load(a_key()) == was
    assert (was.codes.current, set(was.access)) == (CODE, {RentalId("rental-of-tenant1")})
    assert [row.entry.what for row in await store.list_alerts(limit=9)] == ["looked_at"]
    await store.keep_ref(claim, None)  # the lease still holds


async def test_only_the_removed_ones_lose_their_subjects(store: Store, clock: SetClock) -> None:
    await mark(store, a_key("t1"))
    clock.move(days=1)
    await mark(store, a_key("t1"), at=START + timedelta(days=1))
    await newest(store)
    await prune(store, ROWS)
    assert [subject.key for subject in (await store.show_delivery(DeliveryId(2))).subjects] == [a_key("t1")]


async def test_what_has_no_body_any_more_cannot_be_replayed_and_says_so_in_a_line(store: Store) -> None:
    await put_settled(store, "e1")
    await newest(store)
    await prune(store, BODIES)
    with pytest.raises(NotFoundHere, match=r"^the body of delivery 1 is no longer kept") as caught:
        await store.replay_delivery(FIRST, an_entry("delivery_replayed", LedgerKind.ALERT))
    assert "\n" not in str(caught.value)
    assert (await store.show_delivery(FIRST)).state is DeliveryState.DONE
    assert await store.list_alerts(limit=9) == []
    assert await store.claim_deliveries(9) == []


async def test_an_old_one_that_is_replayed_is_not_pruned_under_its_worker(store: Store, clock: SetClock) -> None:
    await put_settled(store, "e1")
    await newest(store)
    clock.move(days=100)
    await store.replay_delivery(FIRST, an_entry("delivery_replayed"))
    (claim,) = await store.claim_deliveries(9)
    assert await prune(store, EVERYTHING) == Pruned()
    sightings = (a_sighting(a_key()),)
    await store.settle_delivery(claim, DeliverySettlement(outcome=Done(), sightings=sightings))
    assert await prune(store, EVERYTHING) == Pruned(removed=1)
    assert len(await store.claim_subjects(9)) == 1


async def test_a_closed_store_prunes_nothing(store: Store) -> None:
    await store.close()
    with pytest.raises(StoreUnavailable):
        await prune(store, EVERYTHING)
