"""SIGKILL while a call to the gate is under way: the gate knows more than the bridge, and nobody is made twice."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.crash.calls import calls
from tests.crash.mortal import (
    MortalHouse,
    Tenancy,
    assert_granted_once,
    at_rest,
    is_answered,
    is_dead,
    kill,
    order_fault,
    people,
    rents,
    rows,
)
from tests.flow.house import House, until

STALL = 4.0
FOR_EVER = 60.0
GIVES_UP_AFTER = 40.0


def _made(house: MortalHouse, tenancy: Tenancy) -> bool:
    return len(people(house, tenancy)) == 1


def _let_in(house: MortalHouse, tenancy: Tenancy) -> bool:
    return any(person["access"] for person in people(house, tenancy))


def _finish(house: MortalHouse, tenancy: Tenancy, status: str) -> None:
    with house.serving() as bridge:
        house.until_status(tenancy.rental, status)
        at_rest(house, bridge)


@pytest.mark.parametrize(
    ("kind", "method", "seen"),
    [("after_write", "POST", _made), ("stall", "PUT", _made), ("after_write", "PUT", _let_in)],
    ids=["the person was made", "the door is being opened", "the door was opened"],
)
def test_a_kill_during_a_grant_makes_nobody_twice(
    house: MortalHouse, kind: str, method: str, seen: Callable[[House, Tenancy], bool]
) -> None:
    tenancy = rents(house)
    order_fault(house, kind=kind, method=method, seconds=STALL)
    with house.serving() as bridge:
        assert is_answered(house, bridge, tenancy.move_in())
        until(lambda: seen(house, tenancy))
        kill(bridge)
        is_dead(bridge)
    unwritten = house.fields(tenancy.rental)
    _finish(house, tenancy, "granted")

    assert unwritten == {}
    assert_granted_once(house, tenancy)
    assert rows(house, "SELECT state FROM code") == [("current",)]


def test_a_kill_after_the_gate_closed_a_door_leaves_nothing_behind(house: MortalHouse) -> None:
    tenancy = rents(house)
    with house.serving() as bridge:
        assert is_answered(house, bridge, tenancy.move_in())
        house.until_status(tenancy.rental, "granted")
        at_rest(house, bridge)
        order_fault(house, kind="after_write", method="DELETE", seconds=STALL)
        for act in ("schedule-move-out", "confirm-move-out"):
            house.act(f"rentals/{tenancy.rental}/{act}")
        assert is_answered(house, bridge, tenancy.event("job.unit_moveOut.completed", "move-out"))
        until(lambda: not _let_in(house, tenancy))
        kill(bridge)
        is_dead(bridge)
    _finish(house, tenancy, "revoked")

    assert people(house, tenancy) == []
    assert house.fields(tenancy.rental).get("gate_pinCode") is None
    assert rows(house, "SELECT state FROM code") == [("retired",)]


def test_a_door_that_was_opened_without_our_knowing_is_closed_for_who_left_meanwhile(house: MortalHouse) -> None:
    tenancy = rents(house)
    order_fault(house, kind="after_write", method="PUT", seconds=STALL)
    with house.serving() as bridge:
        assert is_answered(house, bridge, tenancy.move_in())
        until(lambda: _let_in(house, tenancy))
        kill(bridge)
        is_dead(bridge)
    for act in ("schedule-move-out", "confirm-move-out"):
        house.act(f"rentals/{tenancy.rental}/{act}")
    with house.serving() as bridge:
        until(lambda: not people(house, tenancy))
        at_rest(house, bridge)

    assert house.fields(tenancy.rental).get("gate_pinCode") is None
    assert rows(house, "SELECT state FROM subject") == [("idle",)]


def test_a_call_that_is_never_answered_is_given_up_and_holds_up_nobody_else(house: MortalHouse) -> None:  # C09
    stuck, other = rents(house), rents(house)
    order_fault(house, kind="stall", method="POST", seconds=FOR_EVER)
    with house.serving() as bridge:
        began = datetime.now(UTC)
        assert is_answered(house, bridge, stuck.move_in())
        until(lambda: any(call.method == "POST" and call.at > began for call in calls(house)))
        assert is_answered(house, bridge, other.move_in())
        house.until_status(other.rental, "granted")
        assert people(house, stuck) == []
        until(lambda: house.fields(stuck.rental).get("gate_status") == "granted", GIVES_UP_AFTER)
        at_rest(house, bridge)
    assert_granted_once(house, stuck)
    assert_granted_once(house, other)
