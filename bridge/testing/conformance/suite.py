# ruff: noqa: S101 - pytest asserts
"""What all the checks stand on: how an adapter is opened for one, what it must come to, and what may be left out."""

import socket
import tomllib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.resources import files
from random import Random
from typing import Any, ClassVar, NoReturn

import pytest

from bridge.domain.access import AccessStatus
from bridge.domain.capabilities import Capabilities, CodeMaker, SuspendScope
from bridge.domain.changes import EntryState, Kind
from bridge.domain.credential import CodeRules, GateCode
from bridge.domain.ids import TargetId
from bridge.ports.adapter import AdapterSpec
from bridge.testing.conformance.bench import PATIENCE, Bench, Driver, benched, patiently, pause
from bridge.testing.hands import Hands
from bridge.testing.simulation import SimulatedClock, Simulation

ACTIVE, SUSPENDED = EntryState.ACTIVE, EntryState.SUSPENDED
GRANTED, SHUT, NONE = AccessStatus.GRANTED, AccessStatus.SUSPENDED, AccessStatus.NONE


class Suite(ABC):
    """Says which adapter is checked, over which simulation, and with which codes."""

    pytestmark: ClassVar = [pytest.mark.anyio]
    spec: ClassVar[AdapterSpec[Any]]
    code: GateCode = GateCode("048213")
    other_code: GateCode = GateCode("590274")
    strangers_code: GateCode = GateCode("713964")
    """Three codes. Where the declared rules refuse one of them, three others are made by the rules."""

    @abstractmethod
    def simulate(self, clock: SimulatedClock) -> Simulation:
        """Return the vendor with nobody in it, for the options that are checked here."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.fixture(autouse=True)
    def _fair_play(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        """Leave out what has a written exemption; let no adapter around the wire, and nobody wait between two reads."""
        name = request.node.originalname
        if why := self.exemptions().get(name):
            pytest.skip(f"exempt: {why}")
        rules = self.declared.code_rules
        if any(rules.refusal(code) for code in (self.code, self.other_code, self.strangers_code)):
            self.code, self.other_code, self.strangers_code = codes_by(rules)
        monkeypatch.setattr(socket.socket, "connect", _no_way_around)
        monkeypatch.setattr("bridge.outbound.calls.READ_RETRY_SECONDS", 0.0)

    @classmethod
    def quality(cls) -> Mapping[str, Any]:
        """Return `quality.toml`, which lies beside the module that `spec.suite` names."""
        package = cls.spec.suite.rpartition(".")[0]
        return tomllib.loads((files(package) / "quality.toml").read_text(encoding="utf-8"))

    @classmethod
    def exemptions(cls) -> Mapping[str, str]:
        """Return the checks that are left out, with the reason: `[exempt]`, and `[exempt.TestClass]` for one class."""
        written: Mapping[str, Any] = cls.quality().get("exempt", {})
        everywhere = {name: why for name, why in written.items() if isinstance(why, str)}
        here: Mapping[str, str] = written.get(cls.__name__, {})
        return {**everywhere, **here}

    def bench(self) -> AbstractAsyncContextManager[Bench]:
        """Open the adapter over a simulation of its own."""
        return self._benched()

    @asynccontextmanager
    async def _benched(self) -> AsyncIterator[Bench]:
        clock = SimulatedClock()
        async with benched(self.spec, self.simulate(clock), clock) as bench:
            yield bench

    @staticmethod
    def only_if(declared: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence where it stands
        if not declared:
            pytest.skip(f"not declared: {why}")

    @property
    def declared(self) -> Capabilities:
        clock = SimulatedClock()
        options = self.spec.options.model_validate(self.simulate(clock).options)
        return self.spec.capabilities(options)

    @property
    def makes_codes(self) -> bool:
        return self.declared.code_maker is CodeMaker.VENDOR

    @property
    def by_target(self) -> bool:
        return self.declared.suspends is SuspendScope.TARGET

    def given(self, code: GateCode) -> GateCode | None:
        """Return the code as a change carries it: none where the vendor makes them."""
        return None if self.makes_codes else code

    async def grant(self, bench: Bench, hands: Hands, *doors: TargetId) -> None:
        for door in doors:
            await patiently(bench, hands, Kind.GRANT, door, self.given(self.code))

    async def change_code(self, bench: Bench, hands: Hands) -> None:
        await patiently(bench, hands, Kind.CHANGE_CODE, None, self.given(self.other_code))

    async def shut(self, bench: Bench, hands: Hands, door: TargetId) -> None:
        """Suspend as the vendor can: this door, or the person."""
        await patiently(bench, hands, Kind.SUSPEND, door if self.by_target else None, None)

    async def reopen(self, bench: Bench, hands: Hands, door: TargetId) -> None:
        target = door if self.by_target else None
        await patiently(bench, hands, Kind.RESUME, target, self.given(hands.code or self.code))

    async def wish(self, bench: Bench, driver: Driver, *statuses: AccessStatus, code: GateCode | None = None) -> None:
        """Have the bridge bring the first doors to `statuses`, to the end, and assert that it came to that."""
        self.want(driver, *statuses, code=code)
        await driver.settle()
        await self.stands(bench, driver)

    def want(self, driver: Driver, *statuses: AccessStatus, code: GateCode | None = None) -> None:
        driver.wishes.update(zip(driver.doors, statuses, strict=False))
        if not self.makes_codes:
            driver.code = code or driver.code or self.code

    async def stands(self, bench: Bench, driver: Driver) -> None:
        """Assert that vendor, keypads and bridge all say what is wanted, with nothing twice and nothing left over."""
        observed = await driver.hands.observe()
        wished = driver.wishes.items()
        may_be: dict[AccessStatus, set[EntryState | None]]
        may_be = {GRANTED: {ACTIVE}, SHUT: {SUSPENDED, None}, NONE: {None}}
        if not self.by_target and GRANTED in driver.wishes.values():
            may_be[SHUT] = {None}
        seen = {door: observed.entries.get(door) for door, _ in wished}
        assert all(seen[door] in may_be[status] for door, status in wished), (driver.wishes, observed.entries)
        assert observed.entries.keys() <= driver.wishes.keys()
        assert (observed.code_in_doubt, observed.unsettled) == (False, frozenset())
        code = driver.working_code
        if observed.entries:
            assert code is not None
            assert observed.code == (code if bench.capabilities.reads_codes else None)
        for door, status in wished:
            opened = code is not None and bench.simulation.opens(code.reveal(), door)
            assert opened is (status is GRANTED), f"{door} is {'open' if opened else 'closed'} to the code"
        if set(driver.wishes.values()) == {NONE}:
            assert not observed.exists
        if all(set(one.wishes.values()) == {NONE} for one in bench.drivers):
            assert bench.simulation.made() == 0

    async def sees(self, bench: Bench, hands: Hands, entries: Mapping[TargetId, EntryState]) -> None:
        """Assert that the person is observed with these entries and the code that was kept last, and that it works."""
        seen = await hands.observe()
        for tries in range(PATIENCE):
            if not seen.unsettled:
                break
            bench.clock.advance(pause(tries))
            seen = await hands.observe()
        assert (dict(seen.entries), seen.unsettled, seen.code_in_doubt) == (dict(entries), frozenset(), False)
        assert seen.exists
        if entries:
            assert hands.code is not None
            assert seen.code == (hands.code if bench.capabilities.reads_codes else None)
            for door, state in entries.items():
                assert bench.simulation.opens(hands.code.reveal(), door) is (state is ACTIVE)


def codes_by(rules: CodeRules) -> tuple[GateCode, GateCode, GateCode]:
    """Return three different codes that the rules allow, the same each time."""
    choice = Random(7).choice  # noqa: S311 - codes of a simulation
    made: list[GateCode] = []
    while len(made) < 3:  # noqa: PLR2004 - three, as it says
        code = rules.make(choice)
        made += [code] if code not in made else []
    return made[0], made[1], made[2]


def _no_way_around(*_: object) -> NoReturn:
    raise AssertionError("the adapter opened a connection of its own: it has only the clients that it is handed")
