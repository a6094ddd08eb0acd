"""Several processes on one account: never too many calls over all, nothing lost, everybody has a share."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bridge.domain.slots import CALL_SECONDS, START_SECONDS, fair_shares
from bridge.domain.turns import Limits
from bridge.outbound.renting import RentedSlots
from bridge.ports.permits import Permit
from tests.outbound.shared_ledger import Line, SharedLedger
from tests.outbound.timers import SetTimer, settled

ACCOUNT = "seam:site1"
LEASE = START_SECONDS + CALL_SECONDS


class Process:
    """A process of the bridge, as the ledger sees it; `running` are its calls under way."""

    def __init__(self, ledger: SharedLedger, timer: SetTimer, name: str, limits: Limits) -> None:
        self.line = Line(ledger)
        self.slots = RentedSlots(ACCOUNT, limits, ledger=self.line, holder=name, timer=timer)
        self.waiting: list[asyncio.Task[Permit]] = []
        self.running: list[tuple[Permit, float]] = []
        self.done = 0
        self._timer = timer

    def ask(self, calls: int = 1) -> None:
        self.waiting += [asyncio.create_task(self.slots.take()) for _ in range(calls)]

    def look(self) -> None:
        """Note which calls have begun."""
        for task in [task for task in self.waiting if task.done()]:
            self.waiting.remove(task)
            if not task.cancelled() and task.exception() is None:
                self.running.append((task.result(), self._timer.time()))

    def end(self, calls: int = 1) -> None:
        for permit, _ in self.running[:calls]:
            permit.give_back()
            self.done += 1
        del self.running[:calls]

    def kill(self) -> None:
        """Die: nothing more is said to the ledger, and calls under way end some time."""
        self.line.is_dead = True
        for task in self.waiting:
            task.cancel()

    async def stop(self) -> None:
        for task in self.waiting:
            task.cancel()
        await asyncio.gather(*self.waiting, return_exceptions=True)
        self.waiting.clear()
        self.end(len(self.running))
        await self.slots.aclose()


class World:
    def __init__(self, *, processes: int = 2, cap: int = 4, rate: float | None = None) -> None:
        self.timer = SetTimer()
        self.ledger = SharedLedger(self.timer)
        self.limits = Limits(concurrent=cap, rate=rate)
        self._born = 0
        self.processes = [self.birth() for _ in range(processes)]

    def birth(self) -> Process:
        self._born += 1
        return Process(self.ledger, self.timer, f"process{self._born}", self.limits)

    @property
    def running(self) -> int:
        return sum(len(process.running) for process in self.processes)

    def look(self) -> None:
        for process in self.processes:
            process.look()

    async def work(self, seconds: float, *, call_seconds: float = 0.3, busy: int = 8) -> int:
        """Keep every process busy and return the most calls that ran at once."""
        most = 0
        for _ in range(round(seconds / 0.05)):
            for process in self.processes:
                process.ask(max(0, busy - len(process.waiting)))
            await self.timer.advance(0.05)
            self.look()
            most = max(most, self.running)
            for process in self.processes:
                over = [at for _, at in process.running if self.timer.time() - at >= call_seconds - 0.001]
                process.end(len(over))
        return most

    async def stop(self) -> None:
        for process in self.processes:
            await process.stop()


@pytest.mark.anyio
async def test_two_busy_processes_share_alike_and_never_run_too_many_at_once() -> None:
    world = World(cap=4)
    first, second = world.processes
    first.ask(20)
    await settled()
    world.look()
    assert len(first.running) == 4, "who is alone has all"
    most = await world.work(20)
    assert most == 4
    assert 0.8 < first.done / second.done < 1.25
    assert first.done + second.done > 0.85 * 4 * 20 / 0.3, "slots lay idle"
    await world.stop()
    assert world.ledger.books[ACCOUNT].booked(world.timer.time()) == 0


@pytest.mark.anyio
async def test_one_slot_goes_round() -> None:
    world = World(processes=3, cap=1)
    most = await world.work(30, call_seconds=0.2)
    assert most == 1
    done = [process.done for process in world.processes]
    assert min(done) > 0.2 * sum(done)
    await world.stop()


@pytest.mark.anyio
@pytest.mark.parametrize("rate", [1.0, 5.0, 40.0])
async def test_the_rate_of_all_together_is_kept_and_used(rate: float) -> None:
    world = World(processes=3, cap=64, rate=rate)
    await world.work(20, call_seconds=0.05, busy=25)
    done = [process.done for process in world.processes]
    assert 0.8 * rate * 20 <= sum(done) <= 1.2 * rate * 20 + 1
    assert min(done) > 0.5 * sum(done) / 3
    await world.stop()


@pytest.mark.anyio
async def test_calls_one_after_another_take_hardly_a_trip_and_silence_none() -> None:
    world = World(cap=4)
    (process, _) = world.processes
    for _ in range(100):
        process.ask()
        await world.timer.advance(0.05)
        world.look()
        process.end()
    assert process.done == 100
    assert world.ledger.trips <= 8, "100 calls in 5 s"
    await world.timer.advance(3)
    trips = world.ledger.trips
    assert world.ledger.books[ACCOUNT].booked(world.timer.time()) == 0, "what is idle goes back"
    await world.timer.advance(60)
    assert world.ledger.trips == trips
    await world.stop()


@pytest.mark.anyio
async def test_what_a_dead_process_had_comes_back() -> None:
    world = World(cap=4)
    dead, living = world.processes
    dead.ask(8)
    await settled()
    world.look()
    dead.kill()
    living.ask(4)
    await world.timer.advance(5)
    world.look()
    assert len(living.running) == 0
    world.processes.remove(dead)
    await living.stop()
    await world.timer.advance(LEASE - 5)
    living.ask(4)
    await world.timer.advance(1)
    world.look()
    assert len(living.running) == 4
    await world.stop()


@pytest.mark.anyio
async def test_whoever_cannot_reach_the_ledger_starts_nothing_that_others_may_have_by_then() -> None:
    world = World(cap=4)
    cut_off, _ = world.processes
    cut_off.ask(4)
    await settled()
    world.look()
    world.ledger.is_away = True
    cut_off.end(4)
    cut_off.ask(1)
    await world.timer.advance(1)
    world.look()
    assert len(cut_off.running) == 1, "what is rented is used on"
    cut_off.end()
    await world.timer.advance(START_SECONDS)
    cut_off.ask(1)
    await world.timer.advance(1)
    world.look()
    assert len(cut_off.running) == 0
    world.ledger.is_away = False
    await world.timer.advance(2)
    world.look()
    assert len(cut_off.running) == 1
    await world.stop()


@pytest.mark.anyio
@pytest.mark.parametrize("moment", [number / 10 for number in range(5, 40)])
async def test_what_is_being_given_back_is_not_used_any_more(moment: float) -> None:
    world = World(cap=4)
    world.ledger.seconds = 0.2
    first, second = world.processes
    first.ask(4)
    await world.timer.advance(0.5)
    world.look()
    assert len(first.running) == 4
    first.end(4)
    await world.timer.advance(moment)
    first.ask(4)
    second.ask(4)
    for _ in range(20):
        await world.timer.advance(0.1)
        world.look()
        assert world.running <= 4
    assert world.running == 4
    world.ledger.seconds = 0.0
    await world.stop()


@pytest.mark.anyio
async def test_a_429_that_one_process_hears_makes_the_others_wait_too() -> None:
    world = World(cap=4)
    first, second = world.processes
    for process in world.processes:
        process.ask()
    await world.timer.advance(0.5)
    world.look()
    first.running[0][0].too_many(20)
    await world.timer.advance(2.5)
    first.end()
    second.end()
    second.ask()
    await world.timer.advance(10)
    world.look()
    assert second.running == []
    await world.timer.advance(10)
    world.look()
    assert len(second.running) == 1
    await world.stop()


@pytest.mark.parametrize(
    ("cap", "wants", "shares"),
    [
        (16, {"a": 20, "b": 20}, {"a": 8, "b": 8}),
        (16, {"a": 3, "b": 20}, {"a": 3, "b": 13}),
        (16, {"a": 0, "b": 5}, {"a": 0, "b": 5}),
        (5, {"a": 9, "b": 9, "c": 1}, {"a": 2, "b": 2, "c": 1}),
        (1, {"a": 9, "b": 9}, {"a": 1, "b": 0}),
    ],
)
def test_shares_are_equal_and_what_one_leaves_is_the_others(cap: int, wants: dict[str, int], shares: object) -> None:
    assert fair_shares(cap, wants, turn=0) == shares


class ManyProcesses(RuleBasedStateMachine):
    """Processes ask, call, die, are born and lose the ledger, in any order and at any moment."""

    @initialize(cap=st.integers(1, 5), processes=st.integers(2, 3), travel=st.sampled_from([0.0, 0.03, 0.3]))
    def begin(self, cap: int, processes: int, travel: float) -> None:
        self.loop = asyncio.new_event_loop()
        self.dying: list[tuple[Process, float]] = []
        self.do(self._begin(cap, processes))
        self.world.ledger.seconds = travel

    async def _begin(self, cap: int, processes: int) -> None:
        self.world = World(cap=cap, processes=processes)

    def do(self, work: object) -> None:
        async def whole() -> None:
            await work  # type: ignore[misc]  # any awaitable
            await settled()
            self.world.look()

        self.loop.run_until_complete(whole())

    @rule(who=st.integers(0, 2), calls=st.integers(1, 6))
    def ask(self, who: int, calls: int) -> None:
        async def work() -> None:
            self.pick(who).ask(calls)

        self.do(work())

    @rule(who=st.integers(0, 2), calls=st.integers(1, 6))
    def end(self, who: int, calls: int) -> None:
        async def work() -> None:
            self.pick(who).end(calls)

        self.do(work())

    @rule(who=st.integers(0, 2), calls=st.integers(1, 3))
    def cancel(self, who: int, calls: int) -> None:
        async def work() -> None:
            for task in self.pick(who).waiting[:calls]:
                task.cancel()

        self.do(work())

    @rule(seconds=st.sampled_from([0.01, 0.01, 0.1, 0.3, 1.0, 3.0, 12.0, 50.0]))
    def wait(self, seconds: float) -> None:
        async def work() -> None:
            left = seconds
            while left > 0:
                step = min(left, 1.0)
                left -= step
                await self.world.timer.advance(step)
                self.world.look()
                for process in self.world.processes:  # no call takes longer
                    over = [at for _, at in process.running if self.world.timer.time() - at > CALL_SECONDS - 2]
                    process.end(len(over))

        self.do(work())

    @rule(who=st.integers(0, 2))
    def kill(self, who: int) -> None:
        async def work() -> None:
            process = self.pick(who)
            process.kill()
            await settled()
            process.look()
            process.waiting.clear()
            self.dying.append((process, self.world.timer.time()))
            self.world.processes[self.world.processes.index(process)] = self.world.birth()

        self.do(work())

    @rule(is_away=st.booleans(), loses_answers=st.booleans())
    def trouble(self, is_away: bool, loses_answers: bool) -> None:  # noqa: FBT001 - hypothesis hands them in by name
        self.world.ledger.is_away, self.world.ledger.loses_answers = is_away, loses_answers

    def pick(self, who: int) -> Process:
        return self.world.processes[who % len(self.world.processes)]

    @invariant()
    def never_too_many(self) -> None:
        if not hasattr(self, "world"):
            return
        now = self.world.timer.time()
        # The calls of a dead process may be under way at the vendor for as long as a call can take.
        ghosts = sum(sum(now - at < CALL_SECONDS - 2 for _, at in dead.running) for dead, _ in self.dying)
        assert self.world.running + ghosts <= self.world.limits.concurrent

    def everybody_is_served_in_the_end(self) -> None:
        self.world.ledger.is_away = self.world.ledger.loses_answers = False
        self.world.ledger.seconds = 0.0

        async def work() -> None:
            await self.world.timer.advance(LEASE)
            for process in self.world.processes:
                process.look()
                process.end(len(process.running))
                process.done = 0
            assert await self.world.work(9, call_seconds=0.2, busy=6) <= self.world.limits.concurrent

        self.do(work())
        done = [process.done for process in self.world.processes]
        assert min(done) >= 0.5 * sum(done) / len(done)
        assert sum(done) >= 0.7 * self.world.limits.concurrent * 9 / 0.25

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.everybody_is_served_in_the_end()
            self.do(self.world.stop())
            self.loop.close()


TestManyProcesses = ManyProcesses.TestCase
TestManyProcesses.settings = settings(
    max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@pytest.fixture(autouse=True)
def _no_stray_loop() -> Iterator[None]:
    """The state machine runs on a loop of its own, one for each example."""
    yield
    asyncio.set_event_loop(None)
