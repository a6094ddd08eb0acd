"""A doubt about the database, whatever the store is made of."""

import pytest

from bridge.domain.access import Loss
from bridge.domain.budgets import SiteBudgets
from bridge.domain.dead_letters import Signature
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.trust import DOUBTED
from bridge.ports.proof import WHOLE
from bridge.ports.store import Store
from tests.contracts.losing import announce, budgets, claim_of, housed, lose
from tests.contracts.store_builders import START, SetClock

pytestmark = pytest.mark.anyio
NO_LIMITS = SiteBudgets()


def said(what: str) -> LedgerEntry:
    return LedgerEntry(kind=LedgerKind.OPERATOR, at=START, what=what)


async def test_no_removal_passes_a_doubt_even_where_nothing_limits_them(store: Store) -> None:
    (key,) = await housed(store, 1)
    assert await store.doubted() is None
    await store.doubt("it is older", said("doubted"))
    assert await store.doubted() == "it is older"
    assert not await lose(store, key, NO_LIMITS)
    (hold,) = await store.list_holds()
    assert hold.why == DOUBTED


async def test_a_removal_that_was_begun_before_is_held_too(store: Store, clock: SetClock) -> None:
    (key,) = await housed(store, 1)
    assert not (await announce(store, await claim_of(store, key), budgets(per_hour=1))).held
    await store.doubt("it is older", said("doubted"))
    clock.move(hours=1)
    assert not await lose(store, key, budgets(per_hour=1)), "what was counted is of a book that may be older"


async def test_who_only_loses_it_for_a_while_does(store: Store) -> None:
    (key,) = await housed(store, 1)
    await store.doubt("it is older", said("doubted"))
    assert not (await announce(store, await claim_of(store, key), NO_LIMITS, loss=Loss.SUSPENSION)).held


async def test_a_person_may_release_what_a_doubt_holds(store: Store) -> None:
    first, second = await housed(store, 2)
    await store.doubt("it is older", said("doubted"))
    assert not await lose(store, first, NO_LIMITS)
    (hold,) = await store.list_holds()
    await store.release_hold(hold.digest, Signature(who="sam", at=START, reason="looked"))
    assert await lose(store, first, NO_LIMITS)
    assert not await lose(store, second, NO_LIMITS)


async def test_trust_frees_what_the_doubt_held_and_nothing_else(store: Store, clock: SetClock) -> None:
    first, second, third, fourth = await housed(store, 4)
    assert [await lose(store, key, budgets(per_hour=1)) for key in (first, second)] == [True, False]
    await store.doubt("it is older", said("doubted"))
    assert [await lose(store, key, NO_LIMITS) for key in (third, fourth)] == [False, False]
    assert await store.trust(said("trusted")) == 2
    assert await store.doubted() is None
    (hold,) = await store.list_holds()
    assert [item.subject for item in hold.items] == [second], "what the budgets hold stays held"
    assert sorted(claim.key for claim in await store.claim_subjects(9)) == sorted([third, fourth])
    clock.move(hours=3)
    assert await lose(store, third, NO_LIMITS)


async def test_both_acts_are_in_the_ledger_and_may_be_said_twice(store: Store) -> None:
    for word in ("one", "two"):
        await store.doubt(word, said(f"doubted {word}"))
    assert await store.doubted() == "two"
    assert [await store.trust(said(f"trusted {word}")) for word in ("one", "two")] == [0, 0]
    end = await store.ledger_end()
    rows = await store.read_ledger(WHOLE, after=0, through=end, limit=50)
    assert [row.entry.what for row in rows if row.entry] == ["doubted one", "doubted two", "trusted one", "trusted two"]
