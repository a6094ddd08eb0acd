"""What was given up is found, replayed and discarded alike, whatever the store is made of."""

from dataclasses import replace

import pytest

from bridge.domain.access import AccessRecord, AccessStatus, Certainty
from bridge.domain.dead_letters import DeadLetter, Signature, Which
from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import DoorsOpen, NotFoundHere
from bridge.domain.ids import DeliveryId, RentalId, SiteId, SubjectKey, TargetId
from bridge.domain.outcome import Dead
from bridge.domain.work_id import WorkId, WorkKind
from bridge.ports.store import DeliverySettlement, Priority, Store, SubjectCommit
from tests.contracts.store_builders import (
    START,
    SetClock,
    a_delivery,
    a_key,
    a_sighting,
    claim_one,
    claimed,
    end,
    mark,
    tenants,
)

pytestmark = pytest.mark.anyio
BY = Signature(who="sam", at=START, reason="the gate was replaced")
ALL = Which()


def a_record(status: AccessStatus | None, certainty: Certainty, *doors: str) -> AccessRecord:
    targets = frozenset(TargetId(door) for door in doors)
    return AccessRecord(rental=RentalId("r1"), status=status, certainty=certainty, targets=targets)


HELD = a_record(AccessStatus.NONE, Certainty.UNKNOWN, "B-1")


async def give_up(store: Store, key: SubjectKey, *records: AccessRecord, why: str = "refused") -> WorkId:
    """Leave a dead subject, and return what it is called."""
    await store.commit(await claimed(store, key), SubjectCommit(outcome=Dead(why=why), access=records))
    (letter,) = [one for one in await everything(store) if one.subject == key]
    return letter.id


async def give_up_delivery(store: Store, event: str, *marked: SubjectKey, why: str = "no such job") -> WorkId:
    await store.put(a_delivery(event))
    (claim,) = await store.claim_deliveries(1)
    sightings = tuple(a_sighting(key) for key in marked)
    await store.settle_delivery(claim, DeliverySettlement(outcome=Dead(why=why), sightings=sightings))
    return WorkId(kind=WorkKind.DELIVERY, number=claim.id)


async def everything(store: Store, which: Which = ALL) -> list[DeadLetter]:
    return list(await store.list_dead(which, limit=100))


async def ids(store: Store, which: Which = ALL) -> list[WorkId]:
    return [letter.id for letter in await everything(store, which)]


async def test_only_what_was_given_up_is_listed_and_it_says_why(store: Store) -> None:
    await end(store, await claimed(store, a_key("well")))
    await mark(store, a_key("waiting"), at=START)
    assert await everything(store) == []
    await end(store, await claim_one(store))
    delivery = await give_up_delivery(store, "dead-event")
    subject = await give_up(store, a_key("t1"), why="the vendor refuses it")
    first, second = await everything(store)
    assert (first.id, first.subject, first.attempts, first.why) == (subject, a_key("t1"), 1, "the vendor refuses it")
    assert (second.id, second.subject, second.event_type) == (delivery, None, "job.unit_moveIn.completed")
    assert (second.received_at, second.attempts, second.why) == (START, 1, "no such job")
    assert await store.show_dead(subject) == first
    assert await store.show_dead(delivery) == second


async def test_pages_follow_each_other_over_both_kinds(store: Store) -> None:
    for number in range(3):
        await give_up(store, a_key(f"t{number}"))
        await give_up_delivery(store, f"dead-{number}")
    seen: list[WorkId] = []
    while page := await store.list_dead(ALL, limit=2, after=seen[-1] if seen else None):
        seen += [letter.id for letter in page]
    assert [str(one)[0] for one in seen] == ["s", "s", "s", "d", "d", "d"]
    assert seen == await ids(store)


async def test_filters_are_all_kept(store: Store) -> None:
    here = await give_up(store, a_key("t1"), why="No capacity left")
    there = await give_up(store, a_key("t2", site="site2"), why="100% refused")
    nowhere = await give_up_delivery(store, "e1", why="no capacity")
    of_site2 = await give_up_delivery(store, "e2", a_key("t3", site="site2"), why="unreadable")
    assert await ids(store, Which(site=SiteId("site1"))) == [here]
    assert await ids(store, Which(site=SiteId("site2"))) == [there, of_site2]
    assert await ids(store, Which(kind=WorkKind.DELIVERY)) == [nowhere, of_site2]
    assert await ids(store, Which(why="NO CAP")) == [here, nowhere]
    assert await ids(store, Which(why="%")) == [there]
    assert await ids(store, Which(why="_")) == []
    assert await ids(store, Which(why="no cap", kind=WorkKind.SUBJECT, site=SiteId("site2"))) == []


async def test_a_replayed_subject_is_due_at_once_with_its_attempts_forgotten(store: Store, clock: SetClock) -> None:
    letter = await give_up(store, a_key("t1"))
    by = replace(BY, at=clock.move(hours=1))
    was = await store.replay_dead(letter, by)
    (claim,) = await store.claim_subjects(5)
    assert (was.id, was.why) == (letter, "refused")
    assert (claim.key, claim.attempts, claim.since) == (a_key("t1"), 0, by.at)
    assert await everything(store) == []


async def test_many_that_are_replayed_go_behind_live_events(store: Store, clock: SetClock) -> None:
    letters = [await give_up(store, a_key(f"t{number}")) for number in range(20)]
    for letter in letters:
        await store.replay_dead(letter, BY)
    clock.move(minutes=1)
    await mark(store, a_key("moves-in"), at=clock.now())
    assert tenants(await store.claim_subjects(1)) == ["moves-in"]


async def test_a_replayed_delivery_is_claimed_again_as_new(store: Store) -> None:
    letter = await give_up_delivery(store, "e1")
    await store.replay_dead(letter, BY)
    (claim,) = await store.claim_deliveries(5)
    assert (claim.id, claim.attempts) == (letter.number, 0)


async def test_a_discarded_subject_rests_until_it_is_marked_again(store: Store) -> None:
    letter = await give_up(store, a_key("t1"))
    await store.discard_dead(letter, BY, despite_open_doors=False)
    assert await everything(store) == []
    assert await store.claim_subjects(5) == []
    assert await store.next_subject_due() is None
    assert await store.mark_known(priority=Priority.SWEEP) == 1
    assert tenants(await store.claim_subjects(5)) == ["t1"]


async def test_a_discarded_delivery_is_ignored_and_says_who_discarded_it(store: Store) -> None:
    letter = await give_up_delivery(store, "e1")
    await store.discard_dead(letter, BY, despite_open_doors=False)
    row = await store.show_delivery(DeliveryId(letter.number))
    assert (row.state, row.note) == (DeliveryState.IGNORED, "discarded by sam: the gate was replaced")
    assert await everything(store) == []
    assert await store.claim_deliveries(5) == []


@pytest.mark.parametrize(
    ("record", "is_open"),
    [
        (a_record(AccessStatus.NONE, Certainty.CONFIRMED), False),
        (a_record(AccessStatus.SUSPENDED, Certainty.CONFIRMED, "B-1"), False),
        (a_record(AccessStatus.SUSPENDED, Certainty.ACCEPTED, "B-1"), True),
        (a_record(AccessStatus.NONE, Certainty.UNKNOWN, "B-1"), True),
        (a_record(AccessStatus.GRANTED, Certainty.CONFIRMED, "B-1"), True),
        (a_record(None, Certainty.UNKNOWN, "B-1"), True),
        (replace(a_record(None, Certainty.UNKNOWN), unsure=frozenset({TargetId("B-1")})), True),
    ],
)
async def test_a_door_that_was_not_seen_closed_keeps_its_letter_on_the_list(
    store: Store,
    record: AccessRecord,
    is_open: bool,  # noqa: FBT001 - a case of the table
) -> None:
    letter = await give_up(store, a_key("t1"), record)
    doors = [door.target for door in (await store.show_dead(letter)).open_doors]
    assert doors == (["B-1"] if is_open else [])
    if is_open:
        with pytest.raises(DoorsOpen, match="B-1"):
            await store.discard_dead(letter, BY, despite_open_doors=False)
        assert await ids(store) == [letter]
    await store.discard_dead(letter, BY, despite_open_doors=is_open)
    assert await everything(store) == []


async def test_a_refused_discard_leaves_no_trace_and_the_access_record_is_never_touched(store: Store) -> None:
    letter = await give_up(store, a_key("t1"), HELD)
    before = await store.load(a_key("t1"))
    with pytest.raises(DoorsOpen):
        await store.discard_dead(letter, BY, despite_open_doors=False)
    await store.discard_dead(letter, BY, despite_open_doors=True)
    assert await store.load(a_key("t1")) == before


@pytest.mark.parametrize("verb", ["show", "replay", "discard"])
@pytest.mark.parametrize("name", ["s1", "d1", "s999999", "d999999"])
async def test_what_is_no_dead_letter_is_left_as_it_is(store: Store, verb: str, name: str) -> None:
    await end(store, await claimed(store, a_key("t1")))
    letter = WorkId.read(name)
    assert letter is not None
    calls = {
        "show": lambda: store.show_dead(letter),
        "replay": lambda: store.replay_dead(letter, BY),
        "discard": lambda: store.discard_dead(letter, BY, despite_open_doors=True),
    }
    with pytest.raises(NotFoundHere, match=name):
        await calls[verb]()
    assert await store.claim_subjects(5) == []
    assert await store.claim_deliveries(5) == []


async def test_a_letter_that_an_event_woke_is_no_longer_one(store: Store) -> None:
    letter = await give_up(store, a_key("t1"), HELD)
    await mark(store, a_key("t1"), event="another event")
    with pytest.raises(NotFoundHere):
        await store.discard_dead(letter, BY, despite_open_doors=True)
    assert tenants(await store.claim_subjects(5)) == ["t1"]
