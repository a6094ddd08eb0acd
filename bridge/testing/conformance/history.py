# ruff: noqa: S101 - pytest asserts
"""For any history of wishes, faults, crashes and lost references, the vendor ends with what was wanted, and once."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, ClassVar, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bridge.domain.access import AccessStatus
from bridge.domain.errors import BridgeError
from bridge.testing import wire as faults
from bridge.testing.conformance.bench import Bench, Driver
from bridge.testing.conformance.crashes import CUTS
from bridge.testing.conformance.suite import NONE, Suite
from bridge.testing.hands import Crash, somebody
from bridge.testing.wire import Fault

TROUBLE: Final[Mapping[str, Fault]] = {
    **CUTS,
    "no_connection": faults.refuses_the_connection,
    "error_after_it_was_done": faults.does_and_answers(502, "<html>Bad Gateway</html>"),
    "error": faults.answers(500, '{"message": "internal"}'),
    "limit": faults.answers(429, "", {"Retry-After": "5"}),
    "garbage": faults.answers(200, "<html>"),
}
STATUSES: Final = st.sampled_from(AccessStatus)
EXAMPLES: Final = 20
STEPS: Final = 12


class HistoryChecks(Suite):
    examples = EXAMPLES

    def test_any_history_ends_with_what_was_wanted(self) -> None:
        given = settings(
            max_examples=self.examples,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )

        class History(_History):
            suite = self

        run_state_machine_as_test(History, settings=given)


class _History(RuleBasedStateMachine):
    """Two tenants of one account, in turns of wishes, troubled runs and good ones."""

    suite: ClassVar[Suite]

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._opened: AbstractAsyncContextManager[Bench] = self.suite.bench()
        self._bench = self._do(self._opened.__aenter__())
        self._mira = self._bench.driver()
        self._ivo = self._bench.driver(somebody("Ivo Lind", "t-2"))
        self._codes = {id(self._mira): self.suite.code, id(self._ivo): self.suite.other_code}
        self._by_hand: Any = None

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    @initialize(stranger=st.booleans())
    def begin(self, stranger: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
        if stranger:
            code = self.suite.strangers_code.reveal()
            self._bench.simulation.add_by_hand(code, self._mira.doors[2], "Mira Okafor")
        self._by_hand = self._bench.simulation.by_hand()

    @rule(first=STATUSES, second=STATUSES)
    def mira_should_have(self, first: AccessStatus, second: AccessStatus) -> None:
        self._wish(self._mira, (first, second))

    @rule(status=STATUSES)
    def ivo_should_have(self, status: AccessStatus) -> None:
        self._wish(self._ivo, (NONE, NONE, status))

    @rule(cut=st.sampled_from(sorted(TROUBLE)), call=st.integers(0, 9), forgets=st.booleans())
    def the_bridge_runs_in_trouble(self, cut: str, call: int, forgets: bool) -> None:  # noqa: FBT001 - hypothesis
        self._bench.wire.arm(TROUBLE[cut], at=call, times=2)
        with suppress(Crash, BridgeError):
            self._do(self._mira.run())
        self._bench.wire.mend()
        if forgets:
            self._mira.hands.ref = None
        if cut == "crash":
            self._mira.restart()
            self._ivo.restart()

    @rule(seconds=st.sampled_from([1, 20, 120]))
    def time_passes(self, seconds: int) -> None:
        self._bench.clock.advance(seconds)

    @rule()
    def the_bridge_runs(self) -> None:
        for driver in (self._mira, self._ivo):
            self._do(driver.settle())
            self._do(self.suite.stands(self._bench, driver))

    @invariant()
    def what_was_made_by_hand_is_there(self) -> None:
        assert self._by_hand is None or self._bench.simulation.by_hand() == self._by_hand

    def teardown(self) -> None:
        try:
            self.the_bridge_runs()
        finally:
            self._do(self._opened.__aexit__(None, None, None))
            self._runner.close()

    def _wish(self, driver: Driver, statuses: tuple[AccessStatus, ...]) -> None:
        self.suite.want(driver, *statuses, code=self._codes[id(driver)])
