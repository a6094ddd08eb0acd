"""For any history of wishes, faults, crashes and lost references, the gate ends with one person and what was wanted."""

import asyncio
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.simulator import ADAPTER
from bridge.domain.access import AccessRecord, AccessStatus, RentalAccess
from bridge.domain.capabilities import CodeMaker
from bridge.domain.changes import Kind, Observed, Plan
from bridge.domain.credential import GateCode
from bridge.domain.desired import Desired
from bridge.domain.errors import BridgeError
from bridge.domain.ids import RentalId, TargetId, UnitId
from bridge.domain.plan import Holding, make_plan
from bridge.sandbox.gate import GateKind, GateSettings
from bridge.testing.hands import Crash
from tests.adapters.simulator.rig import KINDS, SITE, Rig, name_of, options_for, rig

DOORS = ("B-014", "B-021", "B-030")
CODES = ("048213", "590274")
STRANGERS_CODE = "777123"
FOREIGN_DOOR = "Office"
RECORDS = {
    RentalId(f"r-{door}"): AccessRecord(rental=RentalId(f"r-{door}"), targets=frozenset({TargetId(door)}))
    for door in DOORS
}
ROUNDS = 8


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One run of the bridge: what is wanted, what goes wrong, and what is forgotten of the run before."""

    wishes: tuple[AccessStatus, ...]
    code: str
    crash_after: int | None
    fault: str | None
    forgets_ref: bool
    double_appears: bool


turns = st.builds(
    Turn,
    wishes=st.tuples(*[st.sampled_from(AccessStatus)] * len(DOORS)),
    code=st.sampled_from(CODES),
    crash_after=st.none() | st.integers(0, 6),
    fault=st.none() | st.sampled_from(["after_write", "lose_write", "error_in_200", "garbage"]),
    forgets_ref=st.booleans(),
    double_appears=st.booleans(),
)


def _desired(bench: Rig, turn: Turn) -> Desired:
    rentals = tuple(
        RentalAccess(rental=RentalId(f"r-{door}"), unit=UnitId(door), status=status, target=TargetId(door))
        for door, status in zip(DOORS, turn.wishes, strict=True)
    )
    return Desired(subject=bench.person.subject, rentals=rentals)


class Bridge:
    """As much of the bridge as decides: the real plan, and what it remembers of the codes."""

    def __init__(self, bench: Rig, kind: GateKind) -> None:
        self.bench = bench
        self._capabilities = ADAPTER.capabilities(options_for(kind))
        self._taken: GateCode | None = None

    @property
    def vendor_makes_codes(self) -> bool:
        return self._capabilities.code_maker is CodeMaker.VENDOR

    def code(self, turn: Turn) -> GateCode | None:
        return self.bench.hands.code if self.vendor_makes_codes else GateCode(turn.code)

    async def left_to_do(self, turn: Turn) -> Plan:
        return (await self._look(turn))[1]

    async def run(self, turn: Turn) -> None:
        """Apply until nothing is left; errors end a change, not the run."""
        for _ in range(ROUNDS):
            observed, plan = await self._look(turn)
            ready = [change for change in plan.changes if not change.after]
            if not ready:
                return
            for change in ready:
                try:
                    await self.bench.hands.apply(change.kind, change.target, change.code)
                except BridgeError:
                    continue
                if change.kind is Kind.CHANGE_CODE or not observed.exists:
                    self._taken = change.code or self._taken

    async def _look(self, turn: Turn) -> tuple[Observed, Plan]:
        observed = await self.bench.hands.observe()
        if self.vendor_makes_codes and observed.code is not None:
            self.bench.hands.code = observed.code
        holding = Holding(records=RECORDS, code=self.code(turn), taken_code=self._taken)
        return observed, make_plan(_desired(self.bench, turn), observed, holding, self._capabilities)


async def _troubled_run(bridge: Bridge, turn: Turn) -> None:
    bench = bridge.bench
    if turn.forgets_ref:
        bench.hands.ref = None
    if turn.double_appears:
        await bench.add_by_hand(code=_free(await bench.people()), key=bench.person.key, access={DOORS[0]: "active"})
    if turn.fault is not None:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            await bench.fault(kind=turn.fault, method=method)
    bench.wire.crash_after = turn.crash_after
    try:
        await bridge.run(turn)
    except Crash:
        pass
    finally:
        bench.wire.crash_after = None
        await bench.mended()


def _free(people: list[dict[str, str]]) -> str:
    taken = {person["code"] for person in people}
    return next(code for code in (f"81{n:04}" for n in range(1, 100)) if code not in taken)


async def _play(history: list[Turn], gate: GateSettings) -> None:
    async with rig(gate) as bench:
        bridge = Bridge(bench, gate.kind)
        stranger = await bench.add_by_hand(code=STRANGERS_CODE, access={DOORS[0]: "active", FOREIGN_DOOR: "active"})
        for turn in history:
            await _troubled_run(bridge, turn)
        last = history[-1]
        await bridge.run(last)

        assert not (await bridge.left_to_do(last)).changes
        people = {person["id"]: person for person in await bench.people()}
        assert people.pop(stranger)["code"] == STRANGERS_CODE
        assert await bench.type_code(STRANGERS_CODE, DOORS[0]) == "ok"
        assert await bench.type_code(STRANGERS_CODE, FOREIGN_DOOR) == "ok"
        assert len(people) <= 1
        code = bridge.code(last)
        for door, status in zip(DOORS, last.wishes, strict=True):
            opened = code is not None and await bench.type_code(code.reveal(), door) == "ok"
            assert opened is (status is AccessStatus.GRANTED)
        if not any(status is not AccessStatus.NONE for status in last.wishes):
            assert not people
        for person in people.values():
            assert person["external_key"] == bench.person.key
            assert not person["access"] or (code is not None and person["code"] == code.reveal())


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(history=st.lists(turns, min_size=1, max_size=5), page_size=st.sampled_from([1, 50]))
def test_any_history_ends_with_one_person_and_what_was_wanted(
    kind: GateKind, history: list[Turn], page_size: int
) -> None:
    if not kind.shows_codes:
        # A code that the gate takes without taking it is seen nowhere but at the keypad.
        history = [replace(turn, fault="after_write" if turn.fault == "lose_write" else turn.fault) for turn in history]
    asyncio.run(_play(history, GateSettings(kind=kind, page_size=page_size)))


def test_a_foreign_entry_of_our_person_outlives_every_removal() -> None:
    async def story() -> None:
        async with rig() as bench:
            await bench.grant()
            await bench.let_by_hand((await bench.ours())[0]["id"], FOREIGN_DOOR)
            nothing = (AccessStatus.NONE,) * len(DOORS)
            turn = Turn(
                wishes=nothing, code=CODES[0], crash_after=None, fault=None, forgets_ref=True, double_appears=True
            )
            bridge = Bridge(bench, GateKind())
            await _troubled_run(bridge, turn)
            plan = await bridge.left_to_do(turn)
            assert (plan.changes, plan.foreign) == ((), (FOREIGN_DOOR,))
            assert bench.wire.requests[0].url.path.startswith(f"/v1/sites/{SITE}/")

    asyncio.run(story())
