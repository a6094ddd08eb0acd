"""Nobody has more of the worker's places than a share, and nobody's place is left empty for it."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import StoreUnavailable
from bridge.service.shares import Lane, Shares, share_of
from bridge.worker.portions import Portions

pytestmark = pytest.mark.anyio


def lane(*members: str, cap: int, rests: bool = False) -> Lane[str]:
    return Lane(members=members, cap=lambda: cap, rests=lambda: rests)


class Due:
    """Work that is due, each item named after its site, in its order."""

    def __init__(self, items: str) -> None:
        self.items = list(items)
        self.claims: list[int] = []
        self.fails_after = -1

    async def claim(self, limit: int, /, *, without: Collection[str]) -> Sequence[str]:
        if self.fails_after == len(self.claims):
            raise StoreUnavailable("the disk is full")
        self.claims.append(limit)
        taken = [item for item in self.items if item not in without][:limit]
        for item in taken:
            self.items.remove(item)
        return taken


def portions(due: Due, shares: Shares[str], running: str = "") -> Portions[str, str]:
    return Portions(shares, claim=due.claim, whose=lambda item: item, running=lambda: list(running))


@pytest.mark.parametrize(
    ("slots", "sharers", "share"), [(16, 1, 16), (16, 2, 12), (16, 9, 12), (1, 2, 1), (2, 2, 1), (3, 2, 2)]
)
def test_one_of_several_has_three_quarters_at_most(slots: int, sharers: int, share: int) -> None:
    assert share_of(slots, sharers) == share


@pytest.mark.parametrize(
    ("items", "running", "claimed"),
    [
        ("a" * 20, "", {"a": 12}),
        ("a" * 20 + "b" * 20, "", {"a": 12, "b": 4}),
        ("a" * 20 + "b", "a" * 12, {"b": 1}),
        ("a" * 20 + "b" * 20, "aaaaaaaaaaa", {"a": 1, "b": 4}),
        ("abc", "", {"a": 1, "b": 1, "c": 1}),
    ],
)
async def test_a_busy_site_leaves_places_for_the_others(items: str, running: str, claimed: dict[str, int]) -> None:
    due = Due(items)
    got = await portions(due, Shares(each=12), running).claim(16 - len(running))
    assert Counter(got) == claimed


async def test_sites_of_one_account_share_what_it_takes() -> None:
    due = Due("aabbaabbcc")
    got = await portions(due, Shares([lane("a", "b", cap=3)]), "b").claim(10)
    assert Counter(got) == {"a": 2, "c": 2}


async def test_nobody_of_an_account_that_rests_is_begun() -> None:
    due = Due("abab")
    of = portions(due, Shares([lane("a", cap=9, rests=True)]))
    assert await of.claim(10) == ["b", "b"]
    assert of.without() == {"a"}


async def test_without_shares_one_claim_takes_all() -> None:
    due = Due("a" * 20)
    assert len(await portions(due, Shares()).claim(16)) == 16
    assert due.claims == [16]


async def test_what_was_claimed_before_the_store_failed_is_worked_on() -> None:
    due = Due("a" * 20 + "b" * 20)
    due.fails_after = 1
    assert await portions(due, Shares(each=12)).claim(16) == ["a"] * 12
    due.claims.clear()
    due.fails_after = 0
    with pytest.raises(StoreUnavailable):
        await portions(due, Shares(each=12)).claim(16)


@given(
    items=st.text("abcd", max_size=60),
    caps=st.lists(st.tuples(st.sets(st.sampled_from("abcd"), min_size=1), st.integers(1, 9)), max_size=4),
    each=st.one_of(st.none(), st.integers(1, 12)),
    slots=st.integers(1, 20),
)
def test_no_share_is_overdrawn_and_no_place_stays_empty(
    items: str, caps: list[tuple[set[str], int]], each: int | None, slots: int
) -> None:
    due = Due(items)
    shares = Shares([lane(*members, cap=cap) for members, cap in caps], each=each)
    got = Counter(asyncio.run(portions(due, shares).claim(slots)))
    full = {member for members, cap in caps if sum(got[m] for m in members) == cap for member in members}
    full |= {one for one in "abcd" if got[one] == each}
    assert all(sum(got[member] for member in members) <= cap for members, cap in caps)
    assert each is None or max(got.values(), default=0) <= each
    assert got.total() == slots or not set(due.items) - full
