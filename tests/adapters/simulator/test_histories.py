"""For any history of wishes, faults, crashes and lost references, the gate ends with one person and what was wanted."""

import asyncio
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.access import AccessRecord, AccessStatus, RentalAccess
from bridge.domain.credential import GateCode
from bridge.domain.desired import Desired
from bridge.domain.errors import BridgeError
from bridge.domain.ids import RentalId, TargetId, UnitId
from bridge.domain.plan import Plan, make_plan
from bridge.sandbox.gate import GateSettings
from bridge.testing.conformance import Crash
from tests.adapters.simulator.rig import SITE, Rig, rig

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


async def _left_to_do(bench: Rig, turn: Turn) -> Plan:
    observed = await bench.hands.observe()
    return make_plan(_desired(bench, turn), observed, RECORDS, GateCode(turn.code))


async def _run(bench: Rig, turn: Turn) -> None:
    """Apply until nothing is left, with the real plan; errors end a change, not the run."""
    for _ in range(ROUNDS):
        plan = await _left_to_do(bench, turn)
        if not plan.changes:
            return
        for change in plan.changes:
            try:
                await bench.hands.apply(change.kind, change.target, change.code)
            except BridgeError:
                continue


async def _troubled_run(bench: Rig, turn: Turn) -> None:
    if turn.forgets_ref:
        bench.hands.ref = None
    if turn.double_appears:
        await bench.add_by_hand(code=_free(await bench.people()), key=bench.person.key, access={DOORS[0]: "active"})
    if turn.fault is not None:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            await bench.fault(kind=turn.fault, method=method)
    bench.wire.crash_after = turn.crash_after
    try:
        await _run(bench, turn)
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
        stranger = await bench.add_by_hand(code=STRANGERS_CODE, access={DOORS[0]: "active", FOREIGN_DOOR: "active"})
        for turn in history:
            await _troubled_run(bench, turn)
        last = history[-1]
        await _run(bench, last)

        assert not (await _left_to_do(bench, last)).changes
        people = {person["id"]: person for person in await bench.people()}
        assert people.pop(stranger)["code"] == STRANGERS_CODE
        assert await bench.type_code(STRANGERS_CODE, DOORS[0]) == "ok"
        assert await bench.type_code(STRANGERS_CODE, FOREIGN_DOOR) == "ok"
        assert len(people) <= 1
        for door, status in zip(DOORS, last.wishes, strict=True):
            opened = await bench.type_code(last.code, door) == "ok"
            assert opened is (status is AccessStatus.GRANTED)
        if not any(status is not AccessStatus.NONE for status in last.wishes):
            assert not people
        for person in people.values():
            assert (person["external_key"], person["code"]) == (bench.person.key, last.code) or not person["access"]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(turns, min_size=1, max_size=5), st.sampled_from([1, 50]))
def test_any_history_ends_with_one_person_and_what_was_wanted(history: list[Turn], page_size: int) -> None:
    asyncio.run(_play(history, GateSettings(page_size=page_size)))


def test_a_foreign_entry_of_our_person_outlives_every_removal() -> None:
    async def story() -> None:
        async with rig() as bench:
            await bench.grant()
            await bench.let_by_hand((await bench.ours())[0]["id"], FOREIGN_DOOR)
            nothing = (AccessStatus.NONE,) * len(DOORS)
            turn = Turn(
                wishes=nothing, code=CODES[0], crash_after=None, fault=None, forgets_ref=True, double_appears=True
            )
            await _troubled_run(bench, turn)
            plan = await _left_to_do(bench, turn)
            assert (plan.changes, plan.foreign) == ((), (FOREIGN_DOOR,))
            assert bench.wire.requests[0].url.path.startswith(f"/v1/sites/{SITE}/")

    asyncio.run(story())
