"""The guard's book and what is held, whatever the store is made of."""

import asyncio
from pathlib import Path

import pytest

from bridge.domain.access import Loss
from bridge.domain.budgets import Budget, Budgets, SiteBudgets
from bridge.domain.dead_letters import Signature
from bridge.domain.errors import LeaseLost, NotFoundHere
from bridge.domain.ids import RentalId
from bridge.domain.outcome import Done
from bridge.ports.store import Priority, Store, SubjectCommit
from tests.contracts.losing import a_record, announce, budgets, claim_of, housed, lose
from tests.contracts.store_builders import START, SetClock, a_key, mark
from tests.contracts.store_engines import opened

pytestmark = pytest.mark.anyio
SAM = Signature(who="sam", at=START, reason="end of the season")
ONE = budgets(per_hour=1)


async def alerts(store: Store) -> list[str]:
    return [row.entry.what for row in reversed(await store.list_alerts(limit=50))]


async def test_what_is_cleared_is_kept_with_its_intent(store: Store) -> None:
    (key,) = await housed(store, 1)
    claim = await claim_of(store, key)
    judged = await announce(store, claim, ONE)
    assert (judged.held, judged.alerts) == ({}, ())
    assert (await store.load(key)).access[RentalId(key.tenant)] == a_record(key.tenant, "door", "sent")
    assert await store.list_holds() == []


async def test_what_is_held_leaves_everything_as_it_was_but_for_one_alert(store: Store) -> None:
    first, second, third = await housed(store, 3)
    assert await lose(store, first, ONE)
    before = (await store.load(second)).access
    claim = await claim_of(store, second)
    judged = await announce(store, claim, ONE)
    assert judged.held == {(Loss.REMOVAL, RentalId(second.tenant)): "more than 1 removals at this site within an hour"}
    assert [entry.what for entry in judged.alerts] == ["removals_held"]
    assert (await store.load(second)).access == before
    assert not await lose(store, third, ONE)
    (hold,) = await store.list_holds()
    assert [item.subject for item in hold.items] == [second, third]
    assert (hold.since, hold.loss, hold.site) == (START, Loss.REMOVAL, (second.connection, second.site))
    assert await alerts(store) == ["removals_held"]


async def test_two_runs_at_once_cannot_both_take_the_last_place(store: Store) -> None:
    keys = await housed(store, 6)
    await store.mark_known(priority=Priority.LIVE)
    claims = await store.claim_subjects(10)
    judged = await asyncio.gather(*(announce(store, claim, budgets(per_hour=2)) for claim in claims))
    assert sum(not one.held for one in judged) == 2
    assert sum(len(one.alerts) for one in judged) == 1
    (hold,) = await store.list_holds()
    assert len(hold.items) == len(keys) - 2


async def test_a_loss_that_was_cleared_is_never_held_however_often_it_is_tried(store: Store, clock: SetClock) -> None:
    first, second = await housed(store, 2)
    assert not (await announce(store, await claim_of(store, first), ONE)).held
    assert not await lose(store, second, ONE)
    for hours in (1, 30):
        clock.move(hours=hours)  # the lease is over: as after a crash, the run begins again
        assert not (await announce(store, await claim_of(store, first), ONE)).held
    assert [len(hold.items) for hold in await store.list_holds()] == [1]


async def test_only_rentals_with_a_door_at_the_site_are_the_hundred_percent(store: Store) -> None:
    here = await housed(store, 10)
    await housed(store, 90, site="site2")
    limits = budgets(percent=30)
    assert [await lose(store, key, limits) for key in here[:5]] == [True, True, True, False, False]
    (hold,) = await store.list_holds()
    assert hold.why == "4 removals at this site within a day are more than 30 % of the 10 that had access"


async def test_the_sites_of_a_connection_share_what_is_the_connections(store: Store) -> None:
    here, there = await housed(store, 4), await housed(store, 4, site="site2")
    limits = SiteBudgets(connection=Budgets(removals=Budget(percent_per_day=50)))
    assert [await lose(store, key, limits) for key in (*here[:3], *there[:3])] == [True] * 4 + [False] * 2
    (hold,) = await store.list_holds()
    assert hold.why == "5 removals at this connection within a day are more than 50 % of the 8 that had access"


async def test_only_the_list_that_was_looked_at_can_be_released(store: Store) -> None:
    keys = await housed(store, 4)
    for key in keys[:3]:
        await lose(store, key, ONE)
    (hold,) = await store.list_holds()
    await lose(store, keys[3], ONE)
    for decide in (store.release_hold, store.drop_hold):
        with pytest.raises(NotFoundHere, match=hold.digest):
            await decide(hold.digest, SAM)
    (grown,) = await store.list_holds()
    assert (len(hold.items), len(grown.items)) == (2, 3)
    assert await store.next_subject_due() is None, "a refused decision wakes nobody"


async def test_what_is_released_is_due_passes_and_is_not_counted(store: Store, clock: SetClock) -> None:
    first, second, third = await housed(store, 3)
    assert [await lose(store, key, ONE) for key in (first, second)] == [True, False]
    (hold,) = await store.list_holds()
    assert await store.release_hold(hold.digest, SAM) == hold
    assert await store.list_holds() == []
    assert (await store.load(second)).holds == {(Loss.REMOVAL, RentalId(second.tenant))}
    assert [claim.key for claim in await store.claim_subjects(5)] == [second]
    clock.move(hours=3)
    assert await lose(store, second, ONE)
    assert await lose(store, third, ONE), "the hour's one is still to be had"


async def test_what_is_dropped_is_due_and_judged_anew(store: Store, clock: SetClock) -> None:
    first, second = await housed(store, 2)
    assert [await lose(store, key, ONE) for key in (first, second)] == [True, False]
    clock.move(hours=2)
    assert not await lose(store, second, ONE), "an hour that has gone by is no evidence"
    (hold,) = await store.list_holds()
    await store.drop_hold(hold.digest, SAM)
    assert (await store.load(second)).holds == frozenset()
    assert [claim.key for claim in await store.claim_subjects(5)] == [second]
    clock.move(hours=3)
    assert await lose(store, second, ONE)


async def test_a_decision_cannot_be_had_twice(store: Store) -> None:
    first, second = await housed(store, 2)
    assert [await lose(store, key, ONE) for key in (first, second)] == [True, False]
    (hold,) = await store.list_holds()
    said = await asyncio.gather(
        *(store.release_hold(hold.digest, SAM) for _ in range(4)),
        *(store.drop_hold(hold.digest, SAM) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, NotFoundHere) for one in said) == 1


async def test_what_a_run_lets_go_is_held_no_more(store: Store) -> None:
    first, second = await housed(store, 2)
    assert [await lose(store, key, ONE) for key in (first, second)] == [True, False]
    claim = await claim_of(store, second)
    held = (await store.load(second)).holds
    assert held == {(Loss.REMOVAL, RentalId(second.tenant))}
    await store.commit(claim, SubjectCommit(outcome=Done(), let_go=held))
    assert await store.list_holds() == []
    assert (await store.load(second)).holds == frozenset()


async def test_each_kind_and_each_site_has_a_hold_of_its_own(store: Store) -> None:
    none = Budget(per_hour=0)
    limits = SiteBudgets(site=Budgets(removals=none, suspensions=none))
    here, there = await housed(store, 2), await housed(store, 1, site="site2")
    for key, loss in ((here[0], Loss.REMOVAL), (here[1], Loss.SUSPENSION), (there[0], Loss.REMOVAL)):
        claim = await claim_of(store, key)
        assert (await announce(store, claim, limits, loss=loss)).held
    holds = await store.list_holds()
    assert [(hold.site[1], str(hold.loss)) for hold in holds] == [
        ("site1", "removal"),
        ("site1", "suspension"),
        ("site2", "removal"),
    ]
    assert len({hold.digest for hold in holds}) == 3
    assert await alerts(store) == ["removals_held", "suspensions_held", "removals_held"]


async def test_who_has_lost_the_claim_counts_and_holds_nothing(store: Store, clock: SetClock) -> None:
    first, second, third = await housed(store, 3)
    late = await claim_of(store, first)
    clock.move(hours=1)
    await claim_of(store, first)
    with pytest.raises(LeaseLost):
        await announce(store, late, ONE)
    with pytest.raises(LeaseLost):
        await announce(store, late, budgets(per_hour=0))
    assert await store.list_holds() == []
    assert await lose(store, second, ONE)
    assert not await lose(store, third, ONE)


async def test_what_goes_with_what_the_same_run_has_just_held_is_judged_by_itself(store: Store) -> None:
    key = a_key("t1")
    await housed(store, 4)
    await mark(store, key)
    claim = await claim_of(store, key)
    first = await announce(store, claim, budgets(per_hour=2), "r1", "r2", "r3")
    assert [rental for _, rental in first.held] == ["r3"]
    again = await announce(store, claim, budgets(per_hour=2), "r1", "r2", spared=frozenset({RentalId("r3")}))
    assert again.held == {}


async def test_all_of_it_outlives_a_restart(tmp_path: Path, clock: SetClock) -> None:
    async with opened("sqlite", tmp_path, clock) as store:
        keys = await housed(store, 4)
        assert [await lose(store, key, ONE) for key in keys[:3]] == [True, False, False]
        holds = await store.list_holds()
    async with opened("sqlite", tmp_path, clock) as store:
        assert await store.list_holds() == holds
        assert not await lose(store, keys[3], ONE)
        assert await alerts(store) == ["removals_held"]
        (grown,) = await store.list_holds()
        await store.release_hold(grown.digest, SAM)
    async with opened("sqlite", tmp_path, clock) as store:
        assert [await lose(store, key, ONE) for key in keys[1:]] == [True] * 3


async def test_the_whole_book_of_a_site_is_read_without_changing_it(store: Store) -> None:
    here, there = await housed(store, 4), await housed(store, 2, site="site2")
    assert await lose(store, here[0], budgets(per_hour=1))
    late = (Loss.REMOVAL, RentalId(here[1].tenant))
    assert not await lose(store, here[1], budgets(per_hour=1))
    assert await lose(store, there[0], budgets(per_hour=5))
    for _ in range(2):
        book = await store.read_book((here[0].connection, here[0].site))
        assert {str(one.rental) for one in book.taken} == {here[0].tenant, there[0].tenant}
        assert [*book.held, "-", *book.released] == [late, "-"]
        assert (book.site, book.site_had, book.connection_had) == ("site1", 3, 4)
    (hold,) = await store.list_holds()
    await store.release_hold(hold.digest, Signature(who="olga", at=START, reason="they left"))
    book = await store.read_book((here[0].connection, here[0].site))
    assert [*book.held, "-", *book.released] == ["-", late]
