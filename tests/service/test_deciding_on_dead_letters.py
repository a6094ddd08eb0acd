"""What a person decides about work that was given up is done, and kept in the ledger with name and reason."""

import pytest

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.dead_letters import Which
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.ledger import LedgerKind
from bridge.domain.outcome import Dead
from bridge.domain.work_id import WorkId, WorkKind
from bridge.ports.store import SubjectCommit
from bridge.service.dead_letters import DeadLetters
from bridge.testing.memory_store import MemoryStore
from tests.contracts.store_builders import SetClock, a_key, claimed
from tests.service.house import House

pytestmark = pytest.mark.anyio
S1 = WorkId(kind=WorkKind.SUBJECT, number=1)
ALL = Which()
OPEN = AccessRecord(rental=RentalId("r1"), status=AccessStatus.NONE, targets=frozenset({TargetId("B-1")}))


async def test_who_and_why_are_in_the_ledger_with_what_was_left_open() -> None:
    clock = SetClock()
    store = MemoryStore(clock)
    letters = DeadLetters(box=store, clock=clock)
    await store.commit(await claimed(store, a_key("t1")), SubjectCommit(outcome=Dead(why="refused"), access=(OPEN,)))
    await letters.discard([S1], who="sam\n", reason="sold\x1b[2J", despite_open_doors=True)
    entry = store.ledger[-1]
    assert (entry.kind, entry.what, entry.subject) == (LedgerKind.OPERATOR, "dead_letter_discarded", a_key("t1"))
    assert dict(entry.details) == {
        "id": "s1",
        "who": "sam",
        "reason": "sold [2J",
        "failed_with": "refused",
        "open_doors": "B-1",
    }


async def test_what_is_refused_is_not_in_the_ledger() -> None:
    clock = SetClock()
    store = MemoryStore(clock)
    await store.commit(await claimed(store, a_key("t1")), SubjectCommit(outcome=Dead(why="refused"), access=(OPEN,)))
    before = len(store.ledger)
    decided = await DeadLetters(box=store, clock=clock).discard([S1], who="sam", reason="sold")
    assert (decided.done, [letter for letter, _ in decided.refused]) == ((), [S1])
    assert len(store.ledger) == before


async def test_a_removal_that_failed_is_an_open_door_until_a_replay_closes_it(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    await house.fault_gate(kind="error_in_200", method="DELETE", code="locked", text="not now", count=None)
    house.move_out(rental)
    await house.settle()
    letters = house.bridge.desk.dead_letters
    (letter,) = await letters.listed(ALL)
    refused = await letters.discard([letter.id], who="sam", reason="tired of it")
    await house.mend_gate()
    done = await letters.replay([letter.id], who="sam")
    await house.settle()

    assert [door.target for door in letter.open_doors] == ["B-014"]
    assert (refused.done, len(refused.refused), len(done.done)) == ((), 1, 1)
    assert await house.keypad("B-014", code) == "unknown_code"
    assert (house.status(rental), await house.subjects()) == ("revoked", {})


async def test_a_discarded_removal_is_tried_again_by_the_next_sweep(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    await house.fault_gate(kind="error_in_200", method="DELETE", code="locked", text="not now", count=None)
    house.move_out(rental)
    await house.settle()
    letters = house.bridge.desk.dead_letters
    (letter,) = await letters.listed(ALL)
    await letters.discard([letter.id], who="sam", reason="the gate is being replaced", despite_open_doors=True)
    still_open = await house.keypad("B-014", code)
    await house.mend_gate()
    await house.sweep()

    assert still_open == "ok", "a discard changes nothing at the gate"
    assert await house.keypad("B-014", code) == "unknown_code"
