"""No history of plans that is cleared exceeds the budgets, whatever the store is made of and through its restarts."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.domain.access import AccessStatus, Loss
from bridge.domain.dead_letters import Signature
from bridge.domain.ids import RentalId, SubjectKey
from bridge.domain.outcome import Done
from bridge.ports.store import Store, SubjectCommit
from tests.contracts.losing import a_record, announce, budgets, claim_of, housed
from tests.contracts.store_builders import SetClock
from tests.contracts.store_engines import opened

TENANTS, RENTALS = 3, 5
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Step = tuple[int, str, int, int]
"""After so many minutes: what happens, to which tenant, with how many of their rentals."""
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 20, 59, 61, 700, 1439]),
        st.sampled_from(["lose", "lose", "lose", "gain", "release", "drop", "restart"]),
        st.integers(0, TENANTS - 1),
        st.integers(1, RENTALS),
    ),
    max_size=14,
)

RELAPSES: Sequence[Step] = (
    *((0, "gain", place, RENTALS) for place in range(TENANTS)),
    (0, "lose", 0, 2),
    *(
        step
        for minutes in (20, 20, 1439)
        for place in range(TENANTS)
        for step in ((minutes, "restart", 0, 1), (0, "drop", 0, 1), (0, "lose", place, 4))
    ),
)
"""After each restart the hold is dropped and more is lost: only what is remembered keeps it within the budget."""


class Story:
    """A site of few tenants, as its doors see it: what was lost and had is told apart from what the store counts."""

    def __init__(self, store: Store, clock: SetClock, *, per_hour: int | None, percent: float | None) -> None:
        self.store = store
        self._clock = clock
        self._per_hour = per_hour
        self._percent = percent
        self._open: dict[str, datetime | None] = {}
        self._lost: dict[str, datetime] = {}
        self._had: list[tuple[datetime, int]] = []
        self._released: set[str] = set()

    async def begin(self) -> Sequence[SubjectKey]:
        keys = await housed(self.store, TENANTS)
        self._open = dict.fromkeys((str(key.tenant) for key in keys), None)
        return keys

    async def happen(self, what: str, key: SubjectKey, count: int) -> None:
        now = self._clock.now()
        self._had.append((now, len(self._open)))
        names = [f"{key.tenant}{'-' * number}" for number in range(count)]
        if what == "gain":
            await self._gain(key, [name for name in names if name not in self._open])
        elif what == "lose":
            await self._lose(key, [name for name in names if name in self._open])
        else:
            await self._decide(what, now)

    async def _gain(self, key: SubjectKey, names: Sequence[str]) -> None:
        claim = await claim_of(self.store, key)
        records = tuple(a_record(name, "door") for name in names)
        await self.store.commit(claim, SubjectCommit(outcome=Done(), access=records))
        self._open |= dict.fromkeys(names, self._clock.now())

    async def _lose(self, key: SubjectKey, asked: list[str]) -> None:
        claim, spared = await claim_of(self.store, key), set[RentalId]()
        since = {name: at for name in asked if (at := self._open[name]) is not None}
        while asked:
            limits = budgets(per_hour=self._per_hour, percent=self._percent)
            judged = await announce(self.store, claim, limits, *asked, spared=spared, since=since)
            if not judged.held:
                break
            spared |= {rental for _, rental in judged.held}
            asked = [name for name in asked if name not in spared]
        await self.store.commit(claim, self._end(asked))
        counted = [name for name in asked if name not in self._released]
        self._lost |= dict.fromkeys(counted, self._clock.now())
        for name in asked:
            del self._open[name]
        if counted:
            self._check(self._clock.now())
        self._released -= set(asked)

    def _end(self, lost: Sequence[str]) -> SubjectCommit:
        records = tuple(a_record(name, status=AccessStatus.NONE) for name in lost)
        let_go = {(loss, rental) for loss in Loss for rental in map(RentalId, lost)}
        return SubjectCommit(outcome=Done(), access=records, let_go=let_go)

    async def _decide(self, what: str, now: datetime) -> None:
        by = Signature(who="sam", at=now, reason="any")
        for hold in await self.store.list_holds():
            if what == "drop":
                await self.store.drop_hold(hold.digest, by)
            else:
                await self.store.release_hold(hold.digest, by)
                self._released |= {str(item.rental) for item in hold.items}

    def _check(self, now: datetime) -> None:
        hour = sum(now - at < HOUR for at in self._lost.values())
        day = sum(now - at < DAY for at in self._lost.values())
        most = max(count for at, count in self._had if now - at < DAY)
        assert self._per_hour is None or hour <= self._per_hour
        assert self._percent in {None, 100} or day < 3 or day * 100 <= (self._percent or 0) * most


async def play(
    steps: Sequence[Step], engine: str, folder: Path, *, per_hour: int | None, percent: float | None
) -> None:
    clock = SetClock()
    async with AsyncExitStack() as stack:
        story = Story(
            await stack.enter_async_context(opened(engine, folder, clock)), clock, per_hour=per_hour, percent=percent
        )
        keys = await story.begin()
        for minutes, what, place, count in steps:
            clock.move(minutes=minutes)
            if what != "restart":
                await story.happen(what, keys[place], count)
            elif engine != "memory":
                await stack.aclose()
                story.store = await stack.enter_async_context(opened(engine, folder, clock))


@pytest.mark.parametrize("engine", ["memory", "sqlite"])
def test_no_history_exceeds_the_budgets(engine: str) -> None:
    @settings(max_examples=150 if engine == "memory" else 12, deadline=None, derandomize=True, database=None)
    @example(RELAPSES, 3, None)
    @example(RELAPSES, None, 34)
    @given(STEPS, st.none() | st.integers(0, 6), st.none() | st.sampled_from([0, 10, 34, 50, 100]))
    def histories(steps: Sequence[Step], per_hour: int | None, percent: float | None) -> None:
        with TemporaryDirectory() as folder:
            asyncio.run(play(steps, engine, Path(folder), per_hour=per_hour, percent=percent))

    histories()
