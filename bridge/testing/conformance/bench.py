"""One adapter on the bench: opened over a wire to its vendor's simulation, with the bridge's own plan to drive it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import httpx
from pydantic import BaseModel

from bridge.domain.access import AccessRecord, AccessStatus, RentalAccess
from bridge.domain.capabilities import Capabilities, CodeMaker
from bridge.domain.changes import Change, Kind, Observed, Plan
from bridge.domain.credential import GateCode
from bridge.domain.desired import Desired
from bridge.domain.errors import BridgeError, NotYetConsistent, TemporaryError
from bridge.domain.ids import RentalId, TargetId, UnitId
from bridge.domain.plan import Holding, make_plan
from bridge.outbound.client import make_client
from bridge.outbound.pinning import base_url
from bridge.ports.adapter import Adapter, AdapterContext, AdapterSpec, Person
from bridge.testing.hands import Hands, somebody
from bridge.testing.simulation import SimulatedClock, Simulation
from bridge.testing.wire import Wire

PATIENCE: Final = 25
"""How often something is tried again before it is given up."""
MAX_PAUSE: Final = 60.0
ROUNDS: Final = 8


class Bench:
    """What one check works with. `adapter` can be opened again, as after a restart: it keeps nothing in memory."""

    def __init__(self, spec: AdapterSpec[Any], simulation: Simulation, clock: SimulatedClock) -> None:
        self.simulation = simulation
        self.clock = clock
        self.spec = spec
        self.options: BaseModel = spec.options.model_validate(simulation.options)
        self.capabilities: Capabilities = spec.capabilities(self.options)
        self.wire = Wire(simulation.app)
        self._stack = AsyncExitStack()
        self.drivers: list[Driver] = []
        self.adapter: Adapter = self.open()

    def open(self) -> Adapter:
        """Open the adapter anew, as after a restart of the bridge."""
        shelf = {"shelf": self.simulation.shelf} if hasattr(self.simulation, "shelf") else {}
        context = AdapterContext(site=somebody().subject.site, client_for=self._client_for, **shelf)
        self.adapter = self.spec.open(self.options, context)
        return self.adapter

    def hands(self, person: Person | None = None) -> Hands:
        """Return what applies a person's changes one by one."""
        return Hands(self.adapter, person or somebody())

    def driver(self, person: Person | None = None) -> "Driver":
        driver = Driver(self, person or somebody())
        self.drivers.append(driver)
        return driver

    async def close(self) -> None:
        await self._stack.aclose()

    def _client_for(self, url: str) -> httpx.AsyncClient:
        client = make_client(base_url(url, key="options"), transport=self.wire)
        self._stack.push_async_callback(client.aclose)
        return client


@asynccontextmanager
async def benched(spec: AdapterSpec[Any], simulation: Simulation, clock: SimulatedClock) -> AsyncIterator[Bench]:
    bench = Bench(spec, simulation, clock)
    try:
        yield bench
    finally:
        await bench.close()


class Driver:
    """As much of the bridge as decides for one person: what is wanted, the real plan, and what is remembered.

    `wishes` and `code` are what is wanted; `run` is one run of the bridge, `settle` all the runs until it is done.
    """

    def __init__(self, bench: Bench, person: Person) -> None:
        self._bench = bench
        self.hands = Hands(bench.adapter, person)
        self.doors = tuple(bench.simulation.doors)
        self.wishes = dict.fromkeys(self.doors, AccessStatus.NONE)
        self.code: GateCode | None = None
        self.renews = False
        self.profile_is_new = False
        self._taken: GateCode | None = None

    @property
    def working_code(self) -> GateCode | None:
        """Return the code that the tenant was told: the bridge's, or the one that the vendor made last."""
        return self.hands.code if self._vendor_makes_codes else self.code

    def restart(self) -> None:
        """Go on with an adapter that was opened anew."""
        self.hands.adapter = self._bench.open()

    async def run(self) -> Plan:
        """Observe, plan and apply until nothing is left that was not tried; errors end a change, not the run.

        Returns what is left. Raises what a look-up raises.
        """
        tried = set()
        for _ in range(ROUNDS):
            observed, plan = await self._look()
            ready = [change for change in plan.changes if not change.after and change.step not in tried]
            if not ready:
                return plan
            for change in ready:
                tried.add(change.step)
                await self._try(change, observed)
        return (await self._look())[1]

    async def settle(self) -> Observed:
        """Run until a plan is empty and all of it is in force, and return what is seen then."""
        why = "?"
        for tries in range(PATIENCE):
            try:
                plan = await self.run()
                observed = await self.hands.observe()
            except TemporaryError as error:
                why = str(error)
            else:
                if not plan.changes and not observed.unsettled:
                    return observed
                why = ", ".join(f"{change.kind} {change.target or ''}" for change in plan.changes) or "unsettled"
            self._bench.clock.advance(pause(tries))
        raise AssertionError(f"still left to do after {PATIENCE} runs: {why}")

    async def _try(self, change: Change, observed: Observed) -> None:
        try:
            await self.hands.apply(change.kind, change.target, change.code)
        except BridgeError:
            return
        if change.kind is Kind.UPDATE_PERSON:
            self.profile_is_new = False
        if change.kind is Kind.CHANGE_CODE:
            self.renews = False
        if change.code is not None and (change.kind is Kind.CHANGE_CODE or not observed.exists):
            self._taken = change.code

    async def _look(self) -> tuple[Observed, Plan]:
        self.hands.touched |= {door for door, status in self.wishes.items() if status is not AccessStatus.NONE}
        observed = await self.hands.observe()
        if self._vendor_makes_codes and observed.code is not None:
            self.hands.code = observed.code
        holding = Holding(
            records=self._records(),
            code=self.working_code,
            taken_code=self._taken,
            renew_code=self.renews,
            profile_is_new=self.profile_is_new,
        )
        return observed, make_plan(self._desired(), observed, holding, self._bench.capabilities)

    def _desired(self) -> Desired:
        rentals = tuple(
            RentalAccess(rental=RentalId(f"r-{door}"), unit=UnitId(door), status=status, target=door)
            for door, status in self.wishes.items()
        )
        return Desired(subject=self.hands.person.subject, rentals=rentals)

    def _records(self) -> Mapping[RentalId, AccessRecord]:
        ids = {RentalId(f"r-{door}"): frozenset({door}) for door in self.doors}
        return {rental: AccessRecord(rental=rental, targets=targets) for rental, targets in ids.items()}

    @property
    def _vendor_makes_codes(self) -> bool:
        return self._bench.capabilities.code_maker is CodeMaker.VENDOR


def pause(tries: int) -> float:
    """Return the seconds that the bridge waits at least after so many tries: not a second at first, then doubling."""
    return min(MAX_PAUSE, 0.5 * 2.0**tries)


async def patiently(bench: Bench, hands: Hands, kind: Kind, door: TargetId | None, code: GateCode | None) -> None:
    """Apply one change, again while the vendor is late; whatever else it raises is raised."""
    for tries in range(PATIENCE):
        try:
            await hands.apply(kind, door, code)
        except NotYetConsistent:
            bench.clock.advance(pause(tries))
        else:
            return
    raise AssertionError(f"{kind}: the vendor is late for ever")
