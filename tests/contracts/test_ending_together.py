"""Runs that end in the same moment: each has its own end, whatever comes of the others, in every store."""

import asyncio
from dataclasses import replace

import pytest

from bridge.domain.access import AccessRecord
from bridge.domain.credential import GateCode
from bridge.domain.errors import Conflict, LeaseLost
from bridge.domain.ids import RentalId
from bridge.domain.outcome import Dead, Done, Outcome, RetryAt
from bridge.ports.store import DeliverySettlement, Priority, Store, SubjectCommit
from tests.contracts.store_builders import START, SetClock, a_delivery, a_key, a_sighting, an_entry, end, mark

pytestmark = pytest.mark.anyio
KEYS = [a_key(f"t{number}") for number in range(6)]


async def test_who_has_lost_its_claim_hears_of_it_and_the_others_are_kept(store: Store) -> None:
    await mark(store, *KEYS)
    claims = await store.claim_subjects(6)
    stale = [
        replace(claim, fence=claim.fence - 1) if number in {0, 3} else claim for number, claim in enumerate(claims)
    ]
    ends = [
        store.commit(
            claim,
            SubjectCommit(
                outcome=Done(), access=(AccessRecord(rental=RentalId(f"r-{claim.key.tenant}"), rotated=True),)
            ),
        )
        for claim in stale
    ]
    said = await asyncio.gather(*ends, return_exceptions=True)
    assert [type(one) for one in said] == [LeaseLost if number in {0, 3} else type(None) for number in range(6)]
    for number, claim in enumerate(claims):
        kept = RentalId(f"r-{claim.key.tenant}") in (await store.load(claim.key)).access
        assert kept is (number not in {0, 3})


async def test_each_of_them_ends_as_its_own_outcome_says(store: Store, clock: SetClock) -> None:
    await mark(store, *KEYS[:4])
    claims = {claim.key: claim for claim in await store.claim_subjects(4)}
    await mark(store, KEYS[0], event="meanwhile")
    outcomes: tuple[Outcome, ...] = (
        Done(),
        Done(next_due=clock.time.replace(hour=20)),
        RetryAt(when=START.replace(hour=18), why="x"),
        Dead(why="y"),
    )
    await asyncio.gather(
        *(store.commit(claims[key], SubjectCommit(outcome=ended)) for key, ended in zip(KEYS, outcomes, strict=False))
    )
    (again,) = await store.claim_subjects(4)
    assert again.key == KEYS[0], "what was marked meanwhile is due"
    await end(store, again)
    clock.move(hours=7)
    (retried,) = await store.claim_subjects(4)
    assert (retried.key, retried.attempts) == (KEYS[2], 1)
    await end(store, retried)
    clock.move(hours=2)
    assert [claim.key for claim in await store.claim_subjects(4)] == [KEYS[1]], "who is set aside stays there"


async def test_a_refused_code_is_its_own_runs_alone(store: Store) -> None:
    await mark(store, *KEYS)
    claims = await store.claim_subjects(6)
    codes = [GateCode("482913"), GateCode("482913"), *(GateCode(f"73021{number}") for number in range(4))]
    takes = (store.take_code(claim, code, an_entry()) for claim, code in zip(claims, codes, strict=True))
    said = await asyncio.gather(*takes, return_exceptions=True)
    assert sorted(type(one).__name__ for one in said[:2]) == ["Conflict", "NoneType"]
    assert isinstance(next(one for one in said if one is not None), Conflict)
    assert said[2:] == [None] * 4
    kept = [(await store.load(claim.key)).codes.current for claim in claims]
    assert kept == [None if error else code for error, code in zip(said, codes, strict=True)]


async def test_deliveries_that_are_settled_together_mark_each_what_it_saw(store: Store) -> None:
    for number in range(3):
        await store.put(a_delivery(f"e{number}"))
    claims = await store.claim_deliveries(3)
    seen = [(KEYS[2], KEYS[0]), (KEYS[0], KEYS[1]), (KEYS[1],)]
    priorities = [Priority.BULK, Priority.LIVE, Priority.BULK]
    stale = [claims[0], claims[1], replace(claims[2], fence=claims[2].fence + 1)]
    said = await asyncio.gather(
        *(
            store.settle_delivery(
                claim,
                DeliverySettlement(outcome=Done(), sightings=tuple(map(a_sighting, keys)), priority=priority),
            )
            for claim, keys, priority in zip(stale, seen, priorities, strict=True)
        ),
        return_exceptions=True,
    )
    assert [type(one) for one in said] == [type(None), type(None), LeaseLost]
    found = await store.claim_subjects(6)
    assert {claim.key: claim.generation for claim in found} == {KEYS[0]: 2, KEYS[1]: 1, KEYS[2]: 1}
    assert found[-1].key == KEYS[2], "bulk goes behind live"


async def test_what_a_run_begins_with_is_what_is_known_at_that_moment(store: Store) -> None:
    await mark(store, KEYS[0])
    (claim,) = await store.claim_subjects(1)
    before = await store.begin(claim)
    assert before == await store.load(claim.key)
    await store.note(claim, (), [AccessRecord(rental=RentalId("r1"), rotated=True)])
    assert (await store.begin(claim)).access[RentalId("r1")].rotated, "a run that is made again reads anew"
