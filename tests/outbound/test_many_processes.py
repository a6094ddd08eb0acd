"""Whatever processes do, and whatever becomes of them: the sum of their calls is within the cap, and work goes on."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bridge.domain.slots import CALL_SECONDS
from tests.outbound.processes import LEASE, Process, World
from tests.outbound.timers import settled


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
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@pytest.fixture(autouse=True)
def _no_stray_loop() -> Iterator[None]:
    """The state machine runs on a loop of its own, one for each example."""
    yield
    asyncio.set_event_loop(None)
