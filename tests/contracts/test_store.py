"""What every store promises, whatever it is made of."""

from datetime import timedelta

import anyio
import pytest

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, Handover
from bridge.domain.credential import GateCode
from bridge.domain.deliveries import DeliveryState, Receipt
from bridge.domain.errors import Conflict, LeaseLost, NotFoundHere, StoreUnavailable
from bridge.domain.ids import ConnectionName, DeliveryId, RentalId, TargetId, UnitId
from bridge.domain.ledger import LedgerKind
from bridge.domain.outcome import Dead, Done, Outcome, RetryAt
from bridge.ports.store import DeliverySettlement, OpenTask, Priority, Store, SubjectCommit, SubjectRecord
from bridge.store import CODE_REST, LEASE
from tests.contracts.store_builders import (
    LAKESIDE,
    START,
    SetClock,
    a_delivery,
    a_key,
    a_sighting,
    an_entry,
    claim_one,
    claimed,
    end,
    heirs,
    mark,
    tenants,
)

pytestmark = pytest.mark.anyio
IGNORED = DeliverySettlement(outcome=Done(), state=DeliveryState.IGNORED)
CODE, OTHER_CODE = GateCode("482913"), GateCode("730216")


class TestInbox:
    async def test_a_delivery_is_kept_once_for_its_connection_and_event_id(self, store: Store) -> None:
        receipts = [
            await store.put(a_delivery("e1")),
            await store.put(a_delivery("e1", body=b"another")),
            await store.put(a_delivery("e1", connection="hillside")),
        ]
        assert receipts == [Receipt.ACCEPTED, Receipt.DUPLICATE, Receipt.ACCEPTED]

    async def test_a_hundred_equal_ones_at_once_are_one(self, store: Store) -> None:
        receipts: list[Receipt] = []

        async def put(number: int) -> None:
            receipts.append(await store.put(a_delivery(f"e{number % 2}")))

        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(put, number)
        assert sorted(receipts) == [Receipt.ACCEPTED] * 2 + [Receipt.DUPLICATE] * 98

    async def test_a_finished_one_is_still_a_duplicate(self, store: Store, clock: SetClock) -> None:
        await store.put(a_delivery("e1"))
        (claim,) = await store.claim_deliveries(1)
        await store.settle_delivery(claim, IGNORED)
        clock.move(days=8)
        assert await store.put(a_delivery("e1", at=clock.now())) is Receipt.DUPLICATE

    async def test_what_was_put_is_shown(self, store: Store) -> None:
        await store.put(a_delivery("e1", body=b"\x00\xff raw"))
        row = await store.show_delivery(DeliveryId(1))
        assert (row.event_id, row.body, row.received_at) == ("e1", b"\x00\xff raw", START)
        assert (row.connection, row.headers) == (LAKESIDE, {"user-agent": "sender"})

    async def test_a_ready_store_answers_the_probe(self, store: Store) -> None:
        await store.probe()

    async def test_a_closed_store_is_unavailable(self, store: Store) -> None:
        await store.close()
        with pytest.raises(StoreUnavailable):
            await store.put(a_delivery())
        with pytest.raises(StoreUnavailable):
            await store.counts()


class TestDeliveryQueue:
    async def test_the_oldest_is_claimed_first_and_once(self, store: Store, clock: SetClock) -> None:
        for event in ("e1", "e2", "e3"):
            await store.put(a_delivery(event, at=clock.now()))
            clock.move(seconds=1)
        first, second = await store.claim_deliveries(2), await store.claim_deliveries(2)
        assert [claim.event_id for claim in (*first, *second)] == ["e1", "e2", "e3"]

    @pytest.mark.parametrize("state", [DeliveryState.QUARANTINED, DeliveryState.TEST, DeliveryState.IGNORED])
    async def test_what_is_no_work_is_not_claimed(self, store: Store, state: DeliveryState) -> None:
        await store.put(a_delivery(state=state))
        assert not await store.claim_deliveries(10)
        assert await store.next_delivery_due() is None

    async def test_a_retry_waits_for_its_time_and_counts(self, store: Store, clock: SetClock) -> None:
        await store.put(a_delivery())
        (claim,) = await store.claim_deliveries(1)
        when = clock.now() + timedelta(seconds=5)
        await store.settle_delivery(claim, DeliverySettlement(outcome=RetryAt(when=when, why="no answer")))
        assert (await store.next_delivery_due(), await store.claim_deliveries(1)) == (when, [])
        clock.move(seconds=5)
        (again,) = await store.claim_deliveries(1)
        assert (again.attempts, again.fence) == (1, claim.fence + 1)

    async def test_a_parked_one_waits_for_its_time_and_is_not_counted(self, store: Store, clock: SetClock) -> None:
        await store.put(a_delivery())
        for attempts, is_parked in ((0, False), (1, True), (1, True)):
            (claim,) = await store.claim_deliveries(1)
            when = clock.now() + timedelta(minutes=5)
            outcome = RetryAt(when=when, why="the key is refused", is_parked=is_parked)
            await store.settle_delivery(claim, DeliverySettlement(outcome=outcome))
            assert (claim.attempts, await store.next_delivery_due()) == (attempts, when)
            clock.time = when
        assert (await store.show_delivery(DeliveryId(1))).attempts == 1

    async def test_a_parked_one_does_not_wait_out_a_clock_that_went_back(self, store: Store, clock: SetClock) -> None:
        await store.put(a_delivery())
        (claim,) = await store.claim_deliveries(1)
        outcome = RetryAt(when=START + timedelta(minutes=5), why="the key is refused", is_parked=True)
        await store.settle_delivery(claim, DeliverySettlement(outcome=outcome))
        clock.move(hours=-5)
        assert [again.id for again in await store.claim_deliveries(1)] == [claim.id]

    async def test_a_dead_one_rests_and_says_why(self, store: Store, clock: SetClock) -> None:
        await store.put(a_delivery())
        (claim,) = await store.claim_deliveries(1)
        await store.settle_delivery(claim, DeliverySettlement(outcome=Dead(why="gone for good")))
        clock.move(days=400)
        assert not await store.claim_deliveries(1)
        row = await store.show_delivery(claim.id)
        assert (row.state, row.note, row.attempts) == (DeliveryState.DEAD, "gone for good", 1)

    async def test_an_expired_lease_is_taken_over_with_attempts_kept(self, store: Store, clock: SetClock) -> None:
        await store.put(a_delivery())
        (stuck,) = await store.claim_deliveries(1)
        clock.time = START + LEASE - timedelta(seconds=1)
        assert not await store.claim_deliveries(1)
        clock.move(seconds=1)
        (taken,) = await store.claim_deliveries(1)
        assert (taken.id, taken.attempts) == (stuck.id, stuck.attempts)

    async def test_who_lost_the_lease_writes_nothing(self, store: Store, clock: SetClock) -> None:
        await store.put(a_delivery())
        (stuck,) = await store.claim_deliveries(1)
        clock.time = START + LEASE
        await store.claim_deliveries(1)
        late = DeliverySettlement(outcome=Done(), sightings=(a_sighting(a_key()),), entries=(an_entry(),))
        with pytest.raises(LeaseLost):
            await store.settle_delivery(stuck, late)
        assert (await store.load(a_key()), await store.next_subject_due()) == (SubjectRecord(), None)

    async def test_the_end_of_a_lease_is_a_time_to_look(self, store: Store) -> None:
        await store.put(a_delivery())
        await store.claim_deliveries(1)
        assert await store.next_delivery_due() == START + LEASE

    async def test_a_clock_that_goes_back_keeps_due_work_due(self, store: Store, clock: SetClock) -> None:
        await store.claim_deliveries(1)
        await store.put(a_delivery("e1"))
        await mark(store, a_key(), event="e2")
        await store.put(a_delivery("e3"))
        clock.move(hours=-1)
        assert [claim.event_id for claim in await store.claim_deliveries(9)] == ["e3"]
        assert tenants(await store.claim_subjects(9)) == ["tenant1"]

    async def test_work_that_was_held_when_the_clock_went_back_is_taken_over(
        self, store: Store, clock: SetClock
    ) -> None:
        await mark(store, a_key(), event="e1")
        await store.put(a_delivery("e2"))
        await store.claim_subjects(1)
        await store.claim_deliveries(1)
        clock.move(days=-1)
        await store.claim_deliveries(1)
        clock.time += LEASE
        assert [claim.event_id for claim in await store.claim_deliveries(1)] == ["e2"]
        assert tenants(await store.claim_subjects(1)) == ["tenant1"]


class TestMarking:
    async def test_a_delivery_makes_its_subjects_due_and_its_rentals_known(self, store: Store) -> None:
        await mark(store, a_key("t2"), a_key("t1"))
        assert tenants(await store.claim_subjects(10)) == ["t1", "t2"]
        record = await store.load(a_key("t1"))
        assert record.access == {RentalId("rental-of-t1"): AccessRecord(rental=RentalId("rental-of-t1"))}

    @pytest.mark.parametrize("outcome", [Done(), RetryAt(when=START, why="one is missing"), Dead(why="one is gone")])
    async def test_whatever_became_of_a_delivery_what_it_could_read_is_marked(
        self, store: Store, outcome: Outcome
    ) -> None:
        link = {RentalId("left"): RentalId("heir")}
        seen = (a_sighting(a_key("t1"), "left"), a_sighting(a_key("t2"), "heir"))
        await store.put(a_delivery())
        (claim,) = await store.claim_deliveries(1)
        await store.settle_delivery(claim, DeliverySettlement(outcome=outcome, sightings=seen, transfers=link))
        records = [await store.load(a_key(tenant)) for tenant in ("t1", "t2")]
        assert [(list(record.access), heirs(record)) for record in records] == [(["left"], link), (["heir"], link)]
        row = await store.show_delivery(claim.id)
        assert [found.key.tenant for found in row.subjects] == ["t1", "t2"]
        assert tenants(await store.claim_subjects(9)) == ["t1", "t2"]

    async def test_a_delivery_that_is_read_piece_by_piece_shows_each_subject_once(self, store: Store) -> None:
        await store.put(a_delivery())
        for outcome, seen in ((RetryAt(when=START, why="one is missing"), ["t1"]), (Done(), ["t1", "t2"])):
            (claim,) = await store.claim_deliveries(1)
            sightings = tuple(a_sighting(a_key(tenant)) for tenant in seen)
            await store.settle_delivery(claim, DeliverySettlement(outcome=outcome, sightings=sightings))
        row = await store.show_delivery(DeliveryId(1))
        assert [found.key.tenant for found in row.subjects] == ["t1", "t2"]
        assert [claim.generation for claim in await store.claim_subjects(9)] == [2, 1]

    async def test_marks_before_a_run_are_one_run(self, store: Store, clock: SetClock) -> None:
        for event in ("e1", "e2", "e3"):
            await mark(store, a_key(), event=event, at=clock.move(seconds=1))
        claim = await claim_one(store)
        assert (claim.generation, claim.since) == (3, START + timedelta(seconds=1))
        await end(store, claim)
        assert (await store.claim_subjects(1), await store.next_subject_due()) == ([], None)

    async def test_a_mark_during_a_run_is_a_run_after_it_and_never_beside_it(
        self, store: Store, clock: SetClock
    ) -> None:
        claim = await claimed(store)
        await mark(store, a_key(), event="later", at=clock.move(seconds=1))
        assert not await store.claim_subjects(1)
        await end(store, claim)
        again = await claim_one(store)
        assert (again.generation, again.since) == (2, clock.now())

    @pytest.mark.parametrize("outcome", [RetryAt(when=START + timedelta(days=1), why="no"), Dead(why="never")])
    async def test_a_mark_during_a_run_that_fails_is_a_fresh_start(
        self, store: Store, clock: SetClock, outcome: RetryAt | Dead
    ) -> None:
        claim = await claimed(store)
        await mark(store, a_key(), event="later", at=clock.move(seconds=1))
        await end(store, claim, outcome)
        again = await claim_one(store)
        assert (again.attempts, again.since) == (0, START)

    async def test_a_live_mark_ends_the_wait_for_a_retry(self, store: Store) -> None:
        await end(store, await claimed(store), RetryAt(when=START + timedelta(minutes=15), why="no answer"))
        await mark(store, a_key(), event="later")
        assert (await claim_one(store)).attempts == 1

    async def test_a_mark_revives_the_dead_with_a_clean_slate(self, store: Store) -> None:
        await end(store, await claimed(store), Dead(why="never"))
        assert not await store.claim_subjects(1)
        await mark(store, a_key(), event="later")
        assert (await claim_one(store)).attempts == 0

    async def test_a_known_rental_keeps_its_record_when_it_is_seen_again(self, store: Store) -> None:
        claim = await claimed(store)
        known = AccessRecord(rental=RentalId("rental-of-tenant1"), targets=frozenset({TargetId("door")}))
        await store.commit(claim, SubjectCommit(outcome=Done(), access=(known,)))
        await mark(store, a_key(), event="later")
        assert (await store.load(a_key())).access[known.rental] == known

    async def test_a_sweep_marks_all_and_the_dead_too(self, store: Store) -> None:
        await mark(store, a_key("t1"), a_key("t2"))
        first, second = await store.claim_subjects(2)
        await end(store, first)
        await end(store, second, Dead(why="never"))
        assert await store.mark_known(priority=Priority.SWEEP) == 2
        assert tenants(await store.claim_subjects(2)) == ["t1", "t2"]

    async def test_a_sweep_does_not_send_live_work_to_the_back(self, store: Store, clock: SetClock) -> None:
        await mark(store, a_key("idle"), event="e1")
        await end(store, await claim_one(store))
        clock.move(seconds=1)
        await mark(store, a_key("live"), event="e2", at=clock.now())
        clock.move(seconds=1)
        await store.mark_known(priority=Priority.SWEEP)
        claims = await store.claim_subjects(2)
        assert tenants(claims) == ["live", "idle"]

    async def test_a_transfer_is_known_on_both_sides(self, store: Store) -> None:
        old, new = a_key(site="site1"), a_key(site="site2")
        await store.put(a_delivery())
        (claim,) = await store.claim_deliveries(1)
        link = {RentalId("left"): RentalId("heir")}
        sightings = (a_sighting(old, "left"), a_sighting(new, "heir"))
        await store.settle_delivery(claim, DeliverySettlement(outcome=Done(), sightings=sightings, transfers=link))
        assert [heirs(await store.load(key)) for key in (old, new, a_key("x"))] == [link, link, {}]
        assert [(await store.load(key)).elsewhere for key in (old, new)] == [{"heir": new}, {"left": old}]


class TestSubjectQueue:
    async def test_priority_goes_before_time(self, store: Store, clock: SetClock) -> None:
        for tenant, priority in (("t1", Priority.SWEEP), ("t2", Priority.LIVE), ("t3", Priority.EMERGENCY)):
            await mark(store, a_key(tenant), priority=priority, at=clock.now())
            clock.move(seconds=1)
        assert tenants(await store.claim_subjects(2)) == ["t3", "t2"]
        assert tenants(await store.claim_subjects(2)) == ["t1"]

    async def test_within_a_priority_the_longest_due_goes_first(self, store: Store, clock: SetClock) -> None:
        for tenant in ("t2", "t1"):
            await mark(store, a_key(tenant), at=clock.move(seconds=1))
        assert tenants(await store.claim_subjects(2)) == ["t2", "t1"]

    async def test_a_date_ahead_wakes_the_subject_then_and_not_before(self, store: Store, clock: SetClock) -> None:
        tomorrow = START + timedelta(days=1)
        await end(store, await claimed(store), Done(next_due=tomorrow))
        assert (await store.claim_subjects(1), await store.next_subject_due()) == ([], tomorrow)
        clock.time = tomorrow
        assert (await claim_one(store)).since == tomorrow

    async def test_a_sweep_over_a_date_ahead_stays_a_sweep(self, store: Store, clock: SetClock) -> None:
        await end(store, await claimed(store, a_key("dated")), Done(next_due=START + timedelta(days=1)))
        await store.mark_known(priority=Priority.SWEEP)
        await mark(store, a_key("live"), at=clock.move(seconds=1))
        assert tenants(await store.claim_subjects(2)) == ["live", "dated"]

    async def test_a_retry_keeps_the_event_it_serves_and_its_place_before_sweeps(
        self, store: Store, clock: SetClock
    ) -> None:
        await mark(store, a_key("sweep"), priority=Priority.SWEEP)
        await end(store, await claim_one(store))
        claim = await claimed(store, a_key("live"))
        await end(store, claim, RetryAt(when=START + timedelta(seconds=1), why="no answer"))
        await store.mark_known(priority=Priority.SWEEP)
        clock.move(seconds=2)
        first, second = await store.claim_subjects(2)
        assert (tenants([first, second]), first.attempts, first.since) == (["live", "sweep"], 1, START)

    @pytest.mark.parametrize("failed", [Priority.LIVE, Priority.BULK])
    @pytest.mark.parametrize("is_parked", [False, True])
    async def test_a_retry_goes_behind_live_events(
        self, store: Store, clock: SetClock, failed: Priority, *, is_parked: bool
    ) -> None:
        await mark(store, a_key("failed"), priority=failed)
        retry = RetryAt(when=START + timedelta(seconds=1), why="no answer", is_parked=is_parked)
        await end(store, await claim_one(store), retry)
        await mark(store, a_key("live"), at=clock.move(seconds=2))
        assert tenants(await store.claim_subjects(2)) == ["live", "failed"]

    async def test_a_sweeps_retry_stays_a_sweep(self, store: Store, clock: SetClock) -> None:
        later = START + timedelta(seconds=1)
        await mark(store, a_key("swept"), priority=Priority.SWEEP)
        await end(store, await claim_one(store), RetryAt(when=START, why="no answer"))
        await mark(store, a_key("live"))
        for claim in await store.claim_subjects(2):
            await end(store, claim, RetryAt(when=later, why="no answer"))
        clock.time = later
        assert tenants(await store.claim_subjects(2)) == ["live", "swept"]

    async def test_a_live_mark_brings_a_retry_to_the_front_again(self, store: Store, clock: SetClock) -> None:
        await end(store, await claimed(store, a_key("failed")), RetryAt(when=START, why="no answer"))
        await mark(store, a_key("failed"), event="later")
        await mark(store, a_key("live"), at=clock.move(seconds=1))
        assert tenants(await store.claim_subjects(2)) == ["failed", "live"]

    async def test_a_parked_retry_waits_for_its_time_and_is_not_counted(self, store: Store, clock: SetClock) -> None:
        await mark(store, a_key())
        for attempts, is_parked in ((0, False), (1, True), (1, True)):
            claim, when = await claim_one(store), clock.now() + timedelta(minutes=5)
            await end(store, claim, RetryAt(when=when, why="the key is refused", is_parked=is_parked))
            assert (claim.attempts, claim.since, await store.next_subject_due()) == (attempts, START, when)
            clock.time = when
        assert (await claim_one(store)).attempts == 1

    async def test_parked_work_keeps_its_place_before_sweeps(self, store: Store, clock: SetClock) -> None:
        await mark(store, a_key("swept"), priority=Priority.SWEEP)
        await end(store, await claim_one(store))
        parked = RetryAt(when=START + timedelta(minutes=5), why="the key is refused", is_parked=True)
        await end(store, await claimed(store, a_key("parked")), parked)
        clock.move(seconds=1)
        await store.mark_known(priority=Priority.SWEEP)
        assert tenants(await store.claim_subjects(2)) == ["parked", "swept"]

    async def test_an_expired_lease_is_taken_over_and_its_late_holder_fenced(
        self, store: Store, clock: SetClock
    ) -> None:
        stuck = await claimed(store)
        clock.time = START + LEASE
        taken = await claim_one(store)
        assert (taken.key, taken.since, taken.attempts) == (stuck.key, START, 0)
        late = AccessRecord(rental=RentalId("late"))
        for write in (
            store.commit(stuck, SubjectCommit(outcome=Done(), access=(late,))),
            store.note(stuck, [an_entry()], [late]),
            store.keep_ref(stuck, {"id": "late"}),
            store.take_code(stuck, CODE, an_entry()),
        ):
            with pytest.raises(LeaseLost):
                await write
        record = await store.load(stuck.key)
        assert (RentalId("late") in record.access, record.ref, record.codes.current) == (False, None, None)

    async def test_taken_over_work_keeps_its_place(self, store: Store, clock: SetClock) -> None:
        await claimed(store, a_key("stuck"))
        clock.move(seconds=1)
        await mark(store, a_key("behind"), at=clock.now())
        clock.time = START + LEASE
        assert tenants(await store.claim_subjects(2)) == ["stuck", "behind"]

    async def test_a_finished_run_cannot_be_ended_again(self, store: Store) -> None:
        claim = await claimed(store)
        await end(store, claim)
        with pytest.raises(LeaseLost):
            await end(store, claim)

    @pytest.mark.parametrize("is_parked", [False, True])
    async def test_a_retry_does_not_wait_out_a_clock_that_went_back(
        self, store: Store, clock: SetClock, *, is_parked: bool
    ) -> None:
        retry = RetryAt(when=START + timedelta(seconds=1), why="no answer", is_parked=is_parked)
        await end(store, await claimed(store), retry)
        clock.move(hours=-5)
        assert (await claim_one(store)).key == a_key()


class TestRecords:
    async def test_an_unknown_subject_has_an_empty_record(self, store: Store) -> None:
        assert await store.load(a_key()) == SubjectRecord()

    async def test_a_commit_is_read_back_whole(self, store: Store) -> None:
        claim = await claimed(store)
        access = AccessRecord(
            rental=RentalId("r1"),
            unit=UnitId("u1"),
            targets=frozenset({TargetId("b"), TargetId("a")}),
            status=AccessStatus.SUSPENDED,
            reasons=frozenset({"overdue", "manual"}),
            certainty=Certainty.CONFIRMED,
            written_status="suspended: overdue, manual",
            since=START + timedelta(microseconds=1),
            rotated=True,
            handover=Handover.SENT,
        )
        tasks = {UnitId("u1"): OpenTask(problem="no_mapping", id="task9")}
        await store.commit(claim, SubjectCommit(outcome=Done(), access=(access,), tasks=tasks))
        record = await store.load(claim.key)
        assert record.access[RentalId("r1")] == access
        assert record.open_tasks == tasks

    async def test_a_note_is_there_before_the_run_ends(self, store: Store) -> None:
        claim = await claimed(store)
        sent = AccessRecord(rental=RentalId("r1"), certainty=Certainty.SENT)
        await store.note(claim, [an_entry("grant", LedgerKind.ALERT)], [sent])
        assert (await store.load(claim.key)).access[RentalId("r1")] == sent
        assert [row.entry.what for row in await store.list_alerts(limit=9)] == ["grant"]

    async def test_a_mended_task_is_over(self, store: Store) -> None:
        claim = await claimed(store)
        told = {
            UnitId("u1"): OpenTask(problem="no_mapping", id="t1"),
            UnitId("u2"): OpenTask(problem="code_refused", id=""),
        }
        retry = RetryAt(when=START, why="again")
        await store.commit(claim, SubjectCommit(outcome=retry, tasks=told))
        await store.commit(await claim_one(store), SubjectCommit(outcome=Done(), mended=[UnitId("u1")]))
        assert (await store.load(claim.key)).open_tasks == {UnitId("u2"): OpenTask(problem="code_refused", id="")}

    async def test_a_task_that_takes_anothers_place_is_the_one_that_is_known(self, store: Store) -> None:
        claim, unit = await claimed(store), UnitId("u1")
        retry = RetryAt(when=START, why="again")
        old, new = OpenTask(problem="no_mapping", id="t1"), OpenTask(problem="no_capacity", id="t2")
        await store.commit(claim, SubjectCommit(outcome=retry, tasks={unit: old}))
        await store.commit(await claim_one(store), SubjectCommit(outcome=Done(), tasks={unit: new}, mended=[unit]))
        assert (await store.load(claim.key)).open_tasks == {unit: new}

    async def test_a_reference_is_kept_replaced_and_dropped(self, store: Store) -> None:
        claim = await claimed(store)
        seen = []
        for ref in ({"person": "p1", "list": [1]}, {"person": "p2"}, None):
            await store.keep_ref(claim, ref)
            seen.append((await store.load(claim.key)).ref)
        assert seen == [{"person": "p1", "list": [1]}, {"person": "p2"}, None]


class TestCodes:
    async def test_a_code_and_the_mark_of_who_asked_for_it_are_kept_together(self, store: Store) -> None:
        claim = await claimed(store)
        mark = AccessRecord(rental=RentalId("r1"), rotated=True)
        await store.take_code(claim, CODE, an_entry(), [mark])
        record = await store.load(claim.key)
        assert (record.codes.current, record.access[RentalId("r1")]) == (CODE, mark)

    async def test_a_code_that_is_refused_leaves_no_mark(self, store: Store) -> None:
        await store.take_code(await claimed(store, a_key("t1")), CODE, an_entry())
        other = await claimed(store, a_key("t2"))
        with pytest.raises(Conflict):
            await store.take_code(other, CODE, an_entry(), [AccessRecord(rental=RentalId("r1"), rotated=True)])
        assert RentalId("r1") not in (await store.load(other.key)).access

    async def test_a_code_in_force_is_read_back(self, store: Store) -> None:
        claim = await claimed(store)
        await store.take_code(claim, CODE, an_entry())
        codes = (await store.load(claim.key)).codes
        assert codes.current == CODE
        assert codes.earlier == ()

    async def test_a_new_code_retires_the_one_before(self, store: Store) -> None:
        claim = await claimed(store)
        await store.take_code(claim, CODE, an_entry())
        await store.take_code(claim, OTHER_CODE, an_entry())
        codes = (await store.load(claim.key)).codes
        assert codes.current == OTHER_CODE
        assert list(codes.earlier) == [CODE]

    async def test_taking_the_code_in_force_again_changes_nothing(self, store: Store) -> None:
        claim = await claimed(store)
        for _ in range(2):
            await store.take_code(claim, CODE, an_entry())
        codes = (await store.load(claim.key)).codes
        assert codes.current == CODE
        assert codes.earlier == ()

    async def test_a_subject_may_have_its_own_old_code_back_at_once(self, store: Store) -> None:
        claim = await claimed(store)
        for code in (CODE, OTHER_CODE, CODE):
            await store.take_code(claim, code, an_entry())
        assert (await store.load(claim.key)).codes.current == CODE

    async def test_no_two_tenants_of_a_site_have_one_code(self, store: Store) -> None:
        await store.take_code(await claimed(store, a_key("t1")), CODE, an_entry())
        other = await claimed(store, a_key("t2"))
        with pytest.raises(Conflict):
            await store.take_code(other, CODE, an_entry())
        assert (await store.load(other.key)).codes.current is None

    async def test_a_refused_code_leaves_the_one_in_force(self, store: Store) -> None:
        await store.take_code(await claimed(store, a_key("t1")), CODE, an_entry())
        other = await claimed(store, a_key("t2"))
        await store.take_code(other, OTHER_CODE, an_entry())
        with pytest.raises(Conflict):
            await store.take_code(other, CODE, an_entry())
        assert (await store.load(other.key)).codes.current == OTHER_CODE

    async def test_another_site_may_have_the_same_code(self, store: Store) -> None:
        await store.take_code(await claimed(store, a_key(site="site1")), CODE, an_entry())
        await store.take_code(await claimed(store, a_key(site="site2")), CODE, an_entry())
        assert (await store.load(a_key(site="site2"))).codes.current == CODE

    async def test_a_retired_code_rests_before_somebody_else_has_it(self, store: Store, clock: SetClock) -> None:
        first = await claimed(store, a_key("t1"))
        await store.take_code(first, CODE, an_entry())
        await store.commit(first, SubjectCommit(outcome=Done(), retire_code=True))
        assert (await store.load(first.key)).codes.current is None

        clock.time = START + CODE_REST - timedelta(seconds=1)
        other = await claimed(store, a_key("t2"))
        with pytest.raises(Conflict):
            await store.take_code(other, CODE, an_entry())
        clock.move(seconds=1)
        await store.take_code(other, CODE, an_entry())
        assert (await store.load(other.key)).codes.current == CODE


class TestDesk:
    async def test_lists_show_the_newest_first_page_by_page(self, store: Store) -> None:
        for number in range(5):
            await store.put(a_delivery(f"e{number}"))
        first = await store.list_deliveries(state=None, connection=None, limit=2, before=None)
        second = await store.list_deliveries(state=None, connection=None, limit=9, before=first[-1].id)
        assert [row.event_id for row in (*first, *second)] == ["e4", "e3", "e2", "e1", "e0"]
        assert {row.body for row in first} == {None}

    async def test_lists_are_narrowed_by_state_and_connection(self, store: Store) -> None:
        await store.put(a_delivery("e1", state=DeliveryState.QUARANTINED))
        await store.put(a_delivery("e2", state=DeliveryState.QUARANTINED, connection="hillside"))
        await store.put(a_delivery("e3", connection="hillside"))
        rows = await store.list_deliveries(
            state=DeliveryState.QUARANTINED, connection=ConnectionName("hillside"), limit=9, before=None
        )
        assert [row.event_id for row in rows] == ["e2"]

    async def test_a_delivery_shows_its_subjects(self, store: Store) -> None:
        await mark(store, a_key("t2"), a_key("t1"))
        await end(store, await claim_one(store), Dead(why="never"))
        row = await store.show_delivery(DeliveryId(1))
        assert [(found.key.tenant, found.state, found.note) for found in row.subjects] == [
            ("t1", "dead", "never"),
            ("t2", "ready", None),
        ]

    async def test_what_is_not_there_is_said_so(self, store: Store) -> None:
        with pytest.raises(NotFoundHere):
            await store.show_delivery(DeliveryId(404))
        with pytest.raises(NotFoundHere):
            await store.replay_delivery(DeliveryId(404), an_entry())

    @pytest.mark.parametrize("state", [DeliveryState.QUARANTINED, DeliveryState.TEST, DeliveryState.IGNORED])
    async def test_any_delivery_can_be_replayed(self, store: Store, state: DeliveryState) -> None:
        await store.put(a_delivery(state=state))
        row = await store.replay_delivery(DeliveryId(1), an_entry())
        assert (row.state, row.attempts, row.due_at) == (DeliveryState.NEW, 0, START)
        assert [claim.id for claim in await store.claim_deliveries(1)] == [1]

    async def test_a_replay_takes_the_delivery_from_who_has_it(self, store: Store) -> None:
        await store.put(a_delivery())
        (claim,) = await store.claim_deliveries(1)
        await store.replay_delivery(claim.id, an_entry())
        with pytest.raises(LeaseLost):
            await store.settle_delivery(claim, IGNORED)

    async def test_alerts_are_listed_the_newest_first(self, store: Store) -> None:
        await store.record([an_entry("first", LedgerKind.ALERT), an_entry("no alert")])
        await store.record([an_entry("second", LedgerKind.ALERT), an_entry("third", LedgerKind.ALERT)])
        alerts = await store.list_alerts(limit=2)
        assert [row.entry for row in alerts] == [
            an_entry("third", LedgerKind.ALERT),
            an_entry("second", LedgerKind.ALERT),
        ]
        assert alerts[0].id > alerts[1].id

    async def test_counts_say_what_waits_and_what_needs_a_person(self, store: Store) -> None:
        await end(store, await claimed(store, a_key("t1")), Dead(why="never"))
        await mark(store, a_key("t2"))
        await store.put(a_delivery("bad", state=DeliveryState.QUARANTINED))
        await store.put(a_delivery("new"))
        assert await store.counts() == {
            "delivery.new": 1,
            "delivery.running": 0,
            "delivery.quarantined": 1,
            "delivery.dead": 0,
            "subject.ready": 1,
            "subject.running": 0,
            "subject.dead": 1,
        }
